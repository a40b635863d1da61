import { assertEquals, assertTrue } from "../../../src/lib/assert.ts";
import { PORTAL_PATHS } from "../../../src/contract/portal_paths.ts";
import { test, withBrowser } from "../../helpers/chromium.ts";
import { WORD_COUNT_TS } from "../../helpers/functions.ts";
import { ServiceUnderTest } from "../../helpers/service.ts";
import { TestEnv } from "../../helpers/test_env.ts";
import { PortalWindow, turnTo } from "./portal.ts";

const MINUTES = 60_000;

test("the portal trusts neither the browser's clock nor another server", async (t) => {
  await using env = new TestEnv();
  const service = await ServiceUnderTest.start(env);
  await env.ok(["start"]);
  const [{ id: endpoint }] = await env.json<[{ id: string }]>(["list"]);
  env.file("words.ts", WORD_COUNT_TS);
  await env.ok(["run", "words.ts:shout", "hello"]);
  const [task] = await env.json<[Summary]>(["task", "list"]);
  await withBrowser(async (browser) => {
    for (const [minutes, told] of [[-10, "10 minutes behind"], [10, "10 minutes ahead"]] as const) {
      await t.step(`a clock is ${told}`, async () => {
        await using portal = await PortalWindow.open(browser, service.url);
        const { page } = portal;
        await page.clock.install({ time: Date.now() + minutes * MINUTES });
        await portal.signIn(env);
        await page.getByRole("status").getByText(told).waitFor();
        await portal.goto(`/endpoints/${endpoint}`);
        const recent = page.getByRole("region", { name: "Your latest tasks on it" });
        await recent.getByText(/^\d+ (s|min) ago$/).waitFor();
        const [, age, unit] = /(\d+) (s|min) ago/.exec(await recent.innerText())!;
        assertTrue(unit === "s" || Number(age) < 5, `a task of just now is ${age} ${unit} old`);
      });
    }

    await t.step("a clock is set right: the page hears of it when it is seen again", async () => {
      await using portal = await PortalWindow.open(browser, service.url);
      const { page } = portal;
      await page.clock.install({ time: Date.now() - 10 * MINUTES });
      await portal.signIn(env);
      const told = page.getByRole("status").getByText("10 minutes behind");
      await told.waitFor();
      const closed = page.waitForEvent("requestfailed", (request) => /live$/.test(request.url()));
      await turnTo(page, "hidden");
      await page.clock.fastForward(MINUTES / 4);
      await closed;
      await page.clock.setSystemTime(Date.now());
      await turnTo(page, "visible");
      await told.waitFor({ state: "detached" });
    });

    for (
      const [path, first] of [
        ["/endpoints", "/v3/endpoints?order=name&limit=100"],
        ["/tasks", "/v3/live"],
      ]
    ) {
      await t.step(
        `${path}: what is asked before its scripts are there is asked once`,
        async () => {
          await using portal = await PortalWindow.open(browser, service.url);
          await portal.signIn(env);
          // The page before asks for endpoints too.
          await portal.settled();
          const asked: string[] = [];
          portal.page.on("request", (request) => {
            const { pathname, search } = new URL(request.url());
            asked.push(pathname + search);
          });
          await portal.goto(path!);
          await portal.page.getByRole("row").nth(1).waitFor();
          // What comes later is the page's own, when it hears of a change.
          assertEquals(asked.filter((each) => each.startsWith(first!.split("?")[0]!)), [first]);
        },
      );
    }

    await t.step("no page asks anybody but the service", async () => {
      await using portal = await PortalWindow.open(browser, service.url);
      const { page } = portal;
      const elsewhere: string[] = [];
      page.context().on("request", (request) => {
        const { origin, protocol } = new URL(request.url());
        const isOwn = protocol === "data:" || origin === service.url;
        if (!isOwn) elsewhere.push(request.url());
      });
      await portal.signIn(env);
      for (const path of toured(endpoint, task)) {
        await portal.goto(path);
        await portal.settled();
      }
      assertEquals(elsewhere, []);
    });
  });
});

interface Summary {
  readonly task_id: string;
  readonly function_id: string;
  readonly task_group_id: string;
}

/** Every page that there is, and some that have more to show. */
function toured(endpoint: string, task: Summary): readonly string[] {
  const ids: Readonly<Record<string, string>> = {
    endpoints: endpoint,
    functions: task.function_id,
    tasks: task.task_id,
    groups: task.task_group_id,
  };
  const pages = PORTAL_PATHS.filter((path) => path !== "/sign-in")
    .map((path) => path.replace(":id", ids[path.split("/")[1]!] ?? ""));
  const call = `/run?function=${task.function_id}&endpoint=${endpoint}`;
  return [...pages, call, "/endpoints?group=site", "/tasks/no/such/page"];
}
