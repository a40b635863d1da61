import type { Locator, Page } from "playwright-core";
import { assertEquals, assertTrue } from "../../../src/lib/assert.ts";
import { test, withBrowser } from "../../helpers/chromium.ts";
import { WORD_COUNT_TS } from "../../helpers/functions.ts";
import { ServiceUnderTest } from "../../helpers/service.ts";
import { TestEnv } from "../../helpers/test_env.ts";
import { until } from "../../helpers/until.ts";
import { PortalWindow } from "./portal.ts";

/** Runs until there is a file. */
const HOLD_SH = "while [ ! -e {path} ]; do sleep 0.05; done; echo released\n";

test("a machine becomes an endpoint by what the home page shows", async (t) => {
  await using env = new TestEnv();
  const service = await ServiceUnderTest.start(env);
  await withBrowser(async (browser) => {
    await using portal = await PortalWindow.open(browser, service.url);
    const { page } = portal;
    await portal.signIn(env);
    // A second window of the same browser, which nobody touches.
    const list = await page.context().newPage();
    await list.goto("/endpoints");
    await list.getByText("No endpoints so far").waitFor();

    await t.step("the first one, as a first step", async () => {
      await using laptop = new TestEnv();
      await connectAsShown(page, laptop);
      const step = page.getByRole("listitem").filter({ hasText: "Connect an endpoint" });
      await step.getByText("(done)").waitFor({ state: "attached" });
      await onlineCard(page).getByText("Active").waitFor();
      await row(list).getByText("Active").waitFor();
      await list.getByText("1 of 1 online").waitFor();
    });

    await t.step("it went away, and every page shows it", async () => {
      await row(list).getByText("Offline").waitFor();
      await onlineCard(page).getByText("None is online").waitFor();
    });

    await t.step("another one, which the page greets", async () => {
      await using cluster = new TestEnv();
      await connectAsShown(page, cluster);
      const greeting = page.getByRole("status").filter({ hasText: "ready for tasks" });
      await greeting.getByText("Active").waitFor();
      await list.getByText("1 of 2 online").waitFor();
      await greeting.getByRole("link", { name: "Run something on it" }).click();
      const { id } = (await cluster.json<{ id: string }[]>(["list"]))[0]!;
      assertEquals(new URL(page.url()).searchParams.get("endpoint"), id);
    });
  });
});

test("an endpoint's page, for its owner and for others", async (t) => {
  await using env = new TestEnv();
  const service = await ServiceUnderTest.start(env);
  const lab = await startPublicEndpoint(env);
  await withBrowser(async (browser) => {
    await using portal = await PortalWindow.open(browser, service.url);
    await using visitor = await PortalWindow.open(browser, service.url);
    const { page } = portal;
    await portal.signIn(env);
    await portal.goto(`/endpoints/${lab}`);

    await t.step("says what it is, and shows its workers", async () => {
      const facts = page.getByRole("region", { name: "About" });
      await facts.getByText("Everyone").waitFor();
      await facts.getByText("typescript").first().waitFor();
      await page.getByText("0/2 busy").waitFor();
      await page.getByRole("region", { name: "Log of the agent" }).getByText(/\S/).waitFor();
    });

    await t.step("has a running task on its heat map, which a click opens", async () => {
      const { taskId, release } = await startHeldTask(env);
      await page.locator(".heat-map .cell.task").click();
      await page.waitForURL(`**/tasks/${taskId}`);
      await page.goBack();
      const map = page.getByRole("application", { name: "Workers by node" });
      await page.locator(".heat-map .cell.task").waitFor();
      // The mouse may have left a worker chosen; the keyboard goes on from the first one.
      await map.press("Home");
      await chooseBusyWorker(page, map);
      await map.press("Enter");
      await page.waitForURL(`**/tasks/${taskId}`);
      await page.goBack();
      release();
      await page.getByText("0/2 busy").waitFor();
    });

    await t.step("tells what became of tasks, and why", async () => {
      env.file("words.ts", WORD_COUNT_TS);
      await env.run(["run", "words.ts:fail", "no such file", "--endpoint", "lab"]);
      const recent = page.getByRole("region", { name: "Your latest tasks on it" });
      await recent.getByText("Succeeded").waitFor();
      await recent.getByText("Failed", { exact: true }).waitFor();
      await recent.getByText("RangeError: no such file").waitFor();
      await page.reload();
      for (const name of ["Throughput, tasks per minute", "Busy workers", "From submit to end"]) {
        const chart = page.getByRole("figure", { name });
        await chart.locator("canvas").waitFor();
        assertTrue(/most/.test(await chart.innerText()), `${name} is told in words`);
      }
      await recent.getByRole("link", { name: "Failed ones" }).click();
      await page.getByRole("table", { name: "Tasks" }).getByText("fail", { exact: true }).waitFor();
      await page.goBack();
    });

    await t.step("shows somebody else neither tasks nor log nor buttons", async () => {
      const { release } = await startHeldTask(env);
      await signInAs(visitor.page, env, "bob", `/endpoints/${lab}`);
      await visitor.page.getByText("shown to its owner only").waitFor();
      await visitor.page.getByText("1 of 2").waitFor();
      await visitor.page.getByText("You have no tasks on this endpoint").waitFor();
      await visitor.page.getByRole("link", { name: "Run a function here" }).waitFor();
      assertEquals(await visitor.page.locator(".heat-map .cell").count(), 0);
      assertEquals(await visitor.page.getByRole("heading", { name: "Log" }).count(), 0);
      for (const name of ["Stop", "Drain", "Delete"]) {
        assertEquals(await visitor.page.getByRole("button", { name, exact: true }).count(), 0);
      }
      release();
    });

    await t.step("drains it, and shows that it has gone", async () => {
      await confirmed(page, "Drain", /Drain lab/);
      await mark(page).getByText("Offline").waitFor();
      await mark(visitor.page).getByText("Offline").waitFor();
      assertEquals(await page.getByRole("button", { name: "Drain" }).count(), 0);
      await until("the agent's end", async () => (await localStatus(env)) === "Inactive");
    });

    await t.step("stops it, after it was started again", async () => {
      await env.ok(["start", "lab"]);
      await mark(page).getByText("Active").waitFor();
      await confirmed(page, "Stop", /Stop lab/);
      await mark(page).getByText("Offline").waitFor();
    });

    await t.step("deletes it, and says so to whoever looks at it", async () => {
      await confirmed(page, "Delete", /Delete lab/);
      await page.getByText("No endpoints so far").waitFor();
      await visitor.page.getByRole("alert").getByText("has been deleted").waitFor();
    });
  });
});

/** Does on `machine` what the page says, word for word. */
async function connectAsShown(page: Page, machine: TestEnv): Promise<void> {
  await page.getByRole("button", { name: "Make a one-time code" }).click();
  const steps = page.locator(".connect-steps");
  await steps.getByText(/^fxc_/).waitFor();
  const [login, code, start] = await steps.locator("pre").allInnerTexts();
  await machine.ok(wordsOf(login!), { input: `${code}\n` });
  await machine.ok(wordsOf(start!));
}

/** Of a command as a shell would take it. */
function wordsOf(shown: string): string[] {
  const [program, ...words] = shown.trim().split(" ");
  assertEquals(program, "funcx-endpoint");
  return words;
}

/** Returns its id. */
async function startPublicEndpoint(env: TestEnv): Promise<string> {
  await env.ok([
    ...["configure", "lab", "--set", "public=true"],
    ...["--set", "executor.workersPerNode=2"],
  ]);
  await env.ok(["start", "lab"]);
  return (await env.json<{ id: string }[]>(["list"]))[0]!.id;
}

async function localStatus(env: TestEnv): Promise<string> {
  return (await env.json<{ status: string }[]>(["list"]))[0]!.status;
}

/** A task on `lab` that runs until it is released. */
async function startHeldTask(env: TestEnv): Promise<{ taskId: string; release: () => void }> {
  const name = `release-${crypto.randomUUID()}`;
  env.file("hold.sh", HOLD_SH);
  const kwargs = JSON.stringify({ path: `${env.home}/${name}` });
  const options = ["--kwargs", kwargs, "--endpoint", "lab", "--no-wait"];
  const taskId = (await env.ok(["run", "hold.sh", ...options])).trim();
  return { taskId, release: () => void env.file(name, "") };
}

/** By arrow keys, until the line above the map tells of a task. */
async function chooseBusyWorker(page: Page, map: Locator): Promise<void> {
  const told = page.locator(".told");
  for (const key of ["ArrowLeft", "ArrowRight"]) {
    await map.press(key);
    if (/hold/.test(await told.innerText())) return;
  }
  throw new Error(`no worker is said to run the task: ${await told.innerText()}`);
}

async function signInAs(page: Page, env: TestEnv, user: string, path: string): Promise<void> {
  const token = await env.ok(["service", "token", "create", "--user", user, "--scope", "run"]);
  await page.goto(path);
  await page.getByLabel("Token or one-time code").fill(token.trim());
  await page.getByRole("button", { name: "Sign in" }).click();
}

async function confirmed(page: Page, name: string, title: RegExp): Promise<void> {
  await page.getByRole("button", { name, exact: true }).click();
  const dialog = page.getByRole("dialog", { name: title });
  await dialog.getByRole("button", { name, exact: true }).click();
}

/** The badge beside the title of an endpoint's page. */
function mark(page: Page): Locator {
  return page.getByRole("heading", { level: 1 });
}

function onlineCard(page: Page): Locator {
  return page.locator("section").filter({
    has: page.getByRole("heading", { name: "Endpoints online" }),
  });
}

/** The first endpoint of the list, the head line not counted. */
function row(page: Page): Locator {
  return page.getByRole("table", { name: "Endpoints" }).getByRole("row").nth(1);
}
