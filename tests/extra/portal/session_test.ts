import type { Locator, Page } from "playwright-core";
import { assertEquals, assertTrue } from "../../../src/lib/assert.ts";
import { SESSION_KEY_ITEM } from "../../../src/portal/session/stored_key.ts";
import { test, withBrowser } from "../../helpers/chromium.ts";
import { ServiceUnderTest } from "../../helpers/service.ts";
import { TestEnv } from "../../helpers/test_env.ts";
import { PortalWindow, signInLink } from "./portal.ts";

test("somebody signs in and out, and a token that is revoked ends the session at once", async (t) => {
  await using env = new TestEnv();
  const service = await ServiceUnderTest.start(env);
  await withBrowser(async (browser) => {
    await t.step("by a link of the command line, which works once", async () => {
      await using portal = await PortalWindow.open(browser, service.url, { expected: [/401/] });
      const { page } = portal;
      const link = await signInLink(env);
      await page.goto(link);
      await page.getByRole("heading", { level: 1, name: "Home" }).waitFor();
      assertTrue(!page.url().includes("fxc_"), `the code is still in the address: ${page.url()}`);
      await page.getByRole("button", { name: "Sign out" }).click();
      await page.getByRole("heading", { name: "Sign in" }).waitFor();
      await page.goto(link);
      await page.getByText("CODE_NOT_VALID").or(page.getByText("one-time code")).first().waitFor();
      assertEquals(await page.getByRole("button", { name: "Sign out" }).count(), 0);
    });

    await t.step("by a token, until it is revoked", async () => {
      await using portal = await PortalWindow.open(browser, service.url, { expected: [/401/] });
      const { page } = portal;
      await page.goto("/tokens");
      await page.getByLabel("Token or one-time code").fill("fxt_not_a_token");
      await page.getByRole("button", { name: "Sign in" }).click();
      await page.getByRole("alert").getByText("INVALID_AUTH_TOKEN").waitFor();
      const made = await service.post("/v3/tokens", { label: "for the browser" });
      await page.getByLabel("Token or one-time code").fill(String(made.body.token));
      await page.getByRole("button", { name: "Sign in" }).click();
      await page.getByRole("heading", { level: 1, name: "Tokens" }).waitFor();
      await page.getByText("for the browser").first().waitFor();
      await service.request("DELETE", `/v3/tokens/${made.body.token_id}`);
      // Without a click: the live stream of the page ends, and it may not open another one.
      await page.getByRole("heading", { name: "You are signed out" }).waitFor();
    });

    await t.step("by a link that was used already, which ends no session", async () => {
      await using portal = await PortalWindow.open(browser, service.url, { expected: [/401/] });
      const { page } = portal;
      const link = await signInLink(env);
      await page.goto(link);
      await signOutButton(page).waitFor();
      const other = await page.context().newPage();
      const refused = other.waitForResponse((answer) => answer.status() === 401);
      await other.goto(link);
      await (await refused).finished();
      for (const each of [page, other]) {
        await each.getByRole("link", { name: "Tokens" }).click();
        await each.getByRole("heading", { level: 1, name: "Tokens" }).waitFor();
        await each.getByText("this session").waitFor();
      }
    });

    await t.step("anew, while the session before is still being refused", async () => {
      await using portal = await PortalWindow.open(browser, service.url, { expected: [/401/] });
      const { page } = portal;
      await portal.signIn(env);
      await page.evaluate((item) => localStorage.setItem(item, "outdated"), SESSION_KEY_ITEM);
      const isNew = Promise.withResolvers<void>();
      await page.route("**/v3/**", async (route) => {
        if (route.request().headers()["funcx-session"] === "outdated") await isNew.promise;
        await route.continue();
      });
      const link = await signInLink(env);
      const refused = page.waitForResponse((answer) => answer.status() === 401);
      // Another page, so that its scripts run from their beginning.
      await page.goto("about:blank");
      await page.goto(link);
      await page.waitForFunction(
        (item) => localStorage.getItem(item) !== "outdated",
        SESSION_KEY_ITEM,
      );
      isNew.resolve();
      await (await refused).finished();
      await page.getByRole("link", { name: "Tokens" }).click();
      await page.getByText("this session").waitFor();
      assertEquals(await page.getByLabel("Token or one-time code").count(), 0);
    });

    await t.step("neither half of a session is worth anything alone", async () => {
      await using portal = await PortalWindow.open(browser, service.url, { expected: [/401/] });
      const { page } = portal;
      await portal.signIn(env);
      const cookies = await page.context().cookies();
      assertEquals(cookies.map(({ httpOnly, sameSite }) => ({ httpOnly, sameSite })), [
        { httpOnly: true, sameSite: "Strict" },
      ]);
      const asked = await page.evaluate(async () => {
        const answer = await fetch("/v3/whoami");
        return answer.status;
      });
      assertEquals(asked, 401);
      const key = await page.evaluate(() => localStorage.getItem("funcx.session.key"));
      const other = await fetch(`${service.url}/v3/whoami`, { headers: { "funcx-session": key! } });
      assertEquals(other.status, 401);
      await other.body?.cancel();
    });
  });
});

function signOutButton(page: Page): Locator {
  return page.getByRole("button", { name: "Sign out" });
}
