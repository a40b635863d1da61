import type { Locator, Page } from "playwright-core";
import { assertEquals, assertTrue } from "../../../src/lib/assert.ts";
import { test, withBrowser } from "../../helpers/chromium.ts";
import { WORD_COUNT_TS } from "../../helpers/functions.ts";
import { signal } from "../../helpers/processes.ts";
import { ServiceUnderTest } from "../../helpers/service.ts";
import { TestEnv } from "../../helpers/test_env.ts";
import { PortalWindow, signInLink } from "./portal.ts";

/** What a browser says of a service that is away, and of a session that has ended. */
const BROKEN = [/ERR_CONNECTION_REFUSED/, /ERR_INCOMPLETE_CHUNKED/, /ERR_CONNECTION_RESET/, /401/];

test("pages come back by themselves, with what was entered on them", async (t) => {
  await using env = new TestEnv();
  const service = await ServiceUnderTest.start(env);
  const lab = await start(env, "lab");
  const shout = await registerShout(env);
  const form = `/run?function=${shout}&endpoint=${lab}`;
  await withBrowser(async (browser) => {
    const open = (): Promise<PortalWindow> =>
      PortalWindow.open(browser, service.url, { expected: BROKEN });

    await t.step("an agent that is killed is offline, and active again", async () => {
      await using portal = await open();
      const { page } = portal;
      await portal.signIn(env);
      await portal.goto(`/endpoints/${lab}`);
      const title = page.getByRole("heading", { level: 1 });
      await title.getByText("Active").waitFor();
      const log = page.getByRole("region", { name: "Log of the agent" });
      await log.waitFor();
      const { agent } = await env.json<{ agent: { pid: number } }>(["status", "lab"]);
      signal(agent.pid, "SIGKILL");
      await title.getByText("Offline").waitFor();
      // Its last words stay, though it can be asked no more.
      await page.getByText("can be read from here while the endpoint is online").waitFor();
      assertTrue(await log.isVisible(), "the log is still there");
      await env.ok(["start", "lab"]);
      await title.getByText("Active").waitFor();
    });

    await t.step("the service restarts under open pages", async () => {
      await using portal = await open();
      const { page } = portal;
      await portal.signIn(env);
      await fill(page, form, "kept over a restart");
      const editor = await page.context().newPage();
      await editor.goto("/functions/new");
      const source = editor.getByRole("textbox", { name: "Source" });
      await editor.getByText("leaves the editor").waitFor();
      await source.fill("def mine():\n    return 1\n");
      await editor.getByLabel("Description").fill("a description");

      await env.ok(["service", "stop"]);
      for (const each of [page, editor]) {
        await each.getByRole("alert").getByText("what you see is from").waitFor();
      }
      await env.ok(["service", "start", "--listen", new URL(service.url).host]);
      for (const each of [page, editor]) {
        await each.getByText("what you see is from").waitFor({ state: "detached" });
      }
      assertEquals(await page.getByLabel("text").inputValue(), "kept over a restart");
      assertTrue((await source.innerText()).startsWith("def mine():"), "the source is there");
      assertEquals(await editor.getByLabel("Description").inputValue(), "a description");
      await runAndSee(page, "KEPT OVER A RESTART");
      await editor.getByRole("button", { name: "Register", exact: true }).click();
      await editor.getByText("mine is registered").waitFor();
    });

    await t.step("a session ends under a form; a token brings it back", async () => {
      await using portal = await open();
      const { page } = portal;
      await signInByToken(page, service, form);
      await fill(page, form, "kept over a session");
      await revokeSession(service);
      await signedOut(page).waitFor();
      await page.getByText("What you had entered on this page is still there").waitFor();
      const { body } = await service.post("/v3/tokens", { label: "again" });
      await enter(page, String(body.token));
      await signedOut(page).waitFor({ state: "detached" });
      assertEquals(await page.getByLabel("text").inputValue(), "kept over a session");
      await runAndSee(page, "KEPT OVER A SESSION");
    });

    await t.step("and so does a one-time code", async () => {
      await using portal = await open();
      const { page } = portal;
      await signInByToken(page, service, form);
      await fill(page, form, "kept for a code");
      await revokeSession(service);
      await signedOut(page).waitFor();
      await enter(page, new URL(await signInLink(env)).hash.replace("#sign-in=", ""));
      await signedOut(page).waitFor({ state: "detached" });
      await runAndSee(page, "KEPT FOR A CODE");
    });

    await t.step("what happened while nobody was signed in is read then", async () => {
      await using portal = await open();
      const { page } = portal;
      await signInByToken(page, service, "/functions");
      await page.getByText("shout").first().waitFor();
      await revokeSession(service);
      await signedOut(page).waitFor();
      await env.ok(["function", "register", "words.ts:square"]);
      await enter(page, new URL(await signInLink(env)).hash.replace("#sign-in=", ""));
      await page.getByText("square").first().waitFor();
    });

    await t.step("somebody else who signs in sees nothing of who was there before", async () => {
      const expected = [...BROKEN, /404/];
      await using portal = await PortalWindow.open(browser, service.url, { expected });
      const { page } = portal;
      await signInByToken(page, service, form);
      await fill(page, form, "for my eyes only");
      await runAndSee(page, "FOR MY EYES ONLY");
      await page.getByRole("button", { name: "Sign out" }).click();
      const other = await env.ok(["service", "token", "create", "--user", "bob"]);
      await enter(page, other.trim());
      await page.getByText("Signed in as bob").waitFor();
      await page.getByText("not yours to use").waitFor();
      assertEquals(await page.getByText(/my eyes only/i).count(), 0);
      const kept = await page.evaluate(() => JSON.stringify({ ...sessionStorage }));
      assertTrue(!kept.includes("my eyes only"), `the browser keeps ${kept}`);
    });

    await t.step("an endpoint is deleted under a filled form", async () => {
      await using portal = await open();
      const { page } = portal;
      await portal.signIn(env);
      const { endpoint_id } = await service.registerEndpoint("doomed");
      await fill(page, `/run?function=${shout}&endpoint=${endpoint_id}`, "kept for another");
      await page.getByText("This endpoint is offline").waitFor();
      await service.request("DELETE", `/v2/endpoints/${endpoint_id}`);
      await page.getByText("This endpoint is not there any more").waitFor();
      assertEquals(await page.getByLabel("text").inputValue(), "kept for another");
      await page.getByRole("button", { name: "Run", exact: true }).click();
      await page.getByText("needs your attention").first().waitFor();
      await page.getByRole("combobox", { name: "Endpoint" }).fill("lab");
      await page.getByRole("option", { name: /^lab/ }).click();
      await page.getByText("This endpoint is not there any more").waitFor({ state: "detached" });
      await runAndSee(page, "KEPT FOR ANOTHER");
    });
  });
});

/** What a browser says of scripts that are not there, or not now. */
const MISSING = [/404/, /ERR_FAILED/];

test("a page comes though its script did not at first", async (t) => {
  await using env = new TestEnv();
  const service = await ServiceUnderTest.start(env);
  const script = "**/portal/later_pages-*.js";
  await withBrowser(async (browser) => {
    const open = async (): Promise<PortalWindow> =>
      await PortalWindow.open(browser, service.url, { expected: MISSING });
    const openRun = (page: Page): Promise<void> =>
      page.getByRole("link", { name: "Run", exact: true }).click();
    const run = (page: Page): Locator =>
      page.getByRole("heading", { level: 1, name: "Run", exact: true });

    await t.step("the service is away: as soon as it answers", async () => {
      await using portal = await open();
      const { page } = portal;
      let isAway = true;
      await page.route(script, (route) => isAway ? route.abort() : route.continue());
      await portal.signIn(env);
      await page.route("**/v3/health*", (route) => isAway ? route.abort() : route.continue());
      const isSame = await page.evaluateHandle(() => document);
      const asked = page.waitForRequest("**/v3/health*");
      await openRun(page);
      await asked;
      isAway = false;
      await run(page).waitFor();
      assertTrue(await isSame.evaluate((before) => before === document), "it was not loaded anew");
    });

    await t.step("the service is another version: by loading all anew", async () => {
      await using portal = await open();
      const { page } = portal;
      let isGone = true;
      await page.route(
        script,
        (route) => isGone ? route.fulfill({ status: 404 }) : route.continue(),
      );
      await portal.signIn(env);
      page.once("load", () => isGone = false);
      await openRun(page);
      await run(page).waitFor();
    });

    await t.step("it does not come then either: the page says so", async () => {
      await using portal = await open();
      const { page } = portal;
      await page.route(script, (route) => route.fulfill({ status: 404 }));
      await portal.signIn(env);
      await openRun(page);
      await page.getByText("did not load").waitFor();
      await page.unroute(script);
      await page.getByRole("button", { name: "Try again" }).click();
      await run(page).waitFor();
    });

    await t.step("what it asked for at first failed: as soon as the service answers", async () => {
      await using portal = await open();
      const { page } = portal;
      await portal.signIn(env);
      let isAway = true;
      await page.route(/\/v3\/(stats|live)$/, (route) => isAway ? route.abort() : route.continue());
      await page.reload();
      await page.getByRole("alert").getByText("code ").waitFor();
      isAway = false;
      await page.getByText("Endpoints online").first().waitFor();
      await page.getByRole("alert").waitFor({ state: "detached" });
    });

    await t.step("it is there before somebody opens one", async () => {
      await using portal = await open();
      const come = portal.page.waitForResponse(script);
      await portal.signIn(env);
      await come;
    });
  });
});

async function start(env: TestEnv, name: string): Promise<string> {
  await env.ok(["configure", name, "--set", "executor.workersPerNode=1"]);
  await env.ok(["start", name]);
  return (await env.json<{ id: string }[]>(["list"]))[0]!.id;
}

async function registerShout(env: TestEnv): Promise<string> {
  env.file("words.ts", WORD_COUNT_TS);
  return (await env.ok(["function", "register", "words.ts:shout"])).trim();
}

/** Opens the form and fills its one argument. */
async function fill(page: Page, form: string, text: string): Promise<void> {
  await page.goto(form);
  await page.getByLabel("text").fill(text);
}

async function runAndSee(page: Page, result: string): Promise<void> {
  await page.getByRole("button", { name: "Run", exact: true }).click();
  await page.getByText(result).first().waitFor();
}

/** The label of tokens that sessions of these tests are opened with. */
const LABEL = "to be revoked";

async function signInByToken(page: Page, service: ServiceUnderTest, path: string): Promise<void> {
  const { body } = await service.post("/v3/tokens", { label: LABEL });
  await page.goto(path);
  await enter(page, String(body.token));
  await page.getByRole("button", { name: "Sign out" }).waitFor();
}

async function enter(page: Page, credential: string): Promise<void> {
  await page.getByLabel("Token or one-time code").fill(credential);
  await page.getByRole("button", { name: "Sign in" }).click();
}

/** Of the token that it was opened with, by which it ends too. */
async function revokeSession(service: ServiceUnderTest): Promise<void> {
  const { text } = await service.request("GET", "/v3/tokens");
  const tokens: { label: string; token_id: string; kind?: string }[] = JSON.parse(text);
  for (const { token_id } of tokens.filter(({ label }) => label === LABEL)) {
    await service.request("DELETE", `/v3/tokens/${token_id}`);
  }
}

function signedOut(page: Page): Locator {
  return page.getByRole("heading", { name: "You are signed out" });
}
