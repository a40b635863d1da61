import { assertEquals, assertTrue } from "../../../src/lib/assert.ts";
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
