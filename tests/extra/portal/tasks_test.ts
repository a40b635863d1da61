import type { Locator, Page, Request } from "playwright-core";
import { assertEquals, assertTrue } from "../../../src/lib/assert.ts";
import { join } from "../../../src/lib/path.ts";
import { python } from "../../../src/client/mod.ts";
import { test } from "../../helpers/chromium.ts";
import { type Lab, resultOn, withLab } from "./lab.ts";
import { turnTo } from "./portal.ts";

const HOLD_PY = `def hold(path, number=0):
    import os, time
    while not os.path.exists(path):
        time.sleep(0.01)
    return number
`;

const FILL_PY = `def fill(length):
    return "x" * length
`;

const CHECK_PY = `def check(good):
    if not good:
        raise ValueError("not good")
    return "good"
`;

/** A file that tasks wait for. A step that fails leaves none behind that hold the workers. */
class Gate implements Disposable {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  open(): void {
    Deno.writeTextFileSync(this.path, "");
  }

  [Symbol.dispose](): void {
    this.open();
  }
}

interface Stage extends Lab {
  readonly hold: string;
  readonly check: string;
  readonly fill: string;
  /** Tasks of `hold` with this name end when it is opened. */
  readonly gate: (name: string) => Gate;
  /** One task for each list of arguments; all of one group, a new one by default. */
  readonly submit: (
    functionId: string,
    calls: readonly (readonly unknown[])[],
    group?: string,
  ) => Promise<{ readonly tasks: readonly string[]; readonly group: string }>;
}

test("tasks are found, watched in groups, and cancelled, however many there are", async (t) => {
  await withLab(async (lab) => {
    const stage = await stageOf(lab);
    await using portal = await lab.signedIn();
    const { page } = portal;
    await t.step("filters are in the address", () => filters(page, stage));
    await t.step("a list is read on until something fits", () => readsOn(page));
    await t.step("what others submit appears by itself", () => showsNewRows(page, stage));
    await t.step("several are chosen and cancelled", () => cancelsChosen(page, stage));
    await t.step("one is opened by its id", () => opensById(page, stage));
    await t.step("a group of 500 goes to 100 %", () => followsGroup(page, stage));
    await t.step("all of a group are cancelled", () => cancelsGroup(page, stage));
    await t.step("groups that come are listed, and go on", () => listsGroups(page, stage));
    await t.step("a hidden page holds no connection", () => letsGoUnseen(stage));
  });
});

async function stageOf(lab: Lab): Promise<Stage> {
  const { client, endpointId, env } = lab;
  const [hold, check, fill] = await Promise.all(
    [HOLD_PY, CHECK_PY, FILL_PY].map(async (source) =>
      (await client.register(python(source))).functionId
    ),
  );
  const submit: Stage["submit"] = async (functionId, calls, group) => {
    const payloads = await Promise.all(calls.map((args) => client.blobs.payload(args, {})));
    const answer = await client.submit(endpointId, {
      tasks: { [functionId]: payloads },
      task_group_id: group,
    });
    return { tasks: answer.tasks[functionId]!, group: answer.task_group_id };
  };
  const gate = (name: string): Gate => new Gate(join(env.root, name));
  return { ...lab, hold: hold!, check: check!, fill: fill!, submit, gate };
}

function tableOn(page: Page): Locator {
  return page.getByRole("table", { name: "Tasks, newest first" });
}

/** Without the head. */
function rowsOn(page: Page): Locator {
  return tableOn(page).getByRole("row").filter({ has: page.getByRole("cell") });
}

function rowOf(page: Page, task: string): Locator {
  return rowsOn(page).filter({ has: page.locator(`a[href="/tasks/${task}"]`) });
}

async function filters(page: Page, { client, check, hold, gate, submit }: Stage): Promise<void> {
  const { tasks: [good, bad] } = await submit(check, [[true], [false]]);
  using door = gate("filters");
  const { tasks: [held] } = await submit(hold, [[door.path]]);
  await Promise.all([client.wait(good!), client.wait(bad!)]);
  await page.goto("/tasks");
  for (const task of [good, bad, held]) await rowOf(page, task!).waitFor();
  await page.getByLabel("State").selectOption({ label: "Failed" });
  await rowOf(page, good!).waitFor({ state: "detached" });
  await rowOf(page, bad!).getByText("Failed").waitFor();
  assertEquals(await rowsOn(page).count(), 1);
  assertEquals(new URL(page.url()).search, "?state=failed");

  await page.getByLabel("State").selectOption({ label: "Not finished" });
  await rowOf(page, bad!).waitFor({ state: "detached" });
  await rowOf(page, held!).waitFor();
  assertEquals(await rowsOn(page).count(), 1);
  // It leaves the list by itself when it ends.
  door.open();
  await page.getByText("No task fits these filters").waitFor();

  await page.getByRole("button", { name: "Clear filters" }).click();
  const byName = page.getByLabel("Function", { exact: true });
  await byName.pressSequentially("chec ");
  const option = page.locator("datalist option[value^='check']");
  await option.waitFor({ state: "attached" });
  // A second word may follow.
  assertEquals(await byName.inputValue(), "chec ");
  await byName.fill((await option.getAttribute("value"))!);
  await page.getByRole("button", { name: "Function check: show any again" }).waitFor();
  await rowOf(page, held!).waitFor({ state: "detached" });
  assertEquals(new URL(page.url()).search, `?function=${check}`);
  await page.getByLabel("Submitted").selectOption({ label: "In the last hour" });
  await page.waitForURL(/time=hour/);
  await rowOf(page, good!).waitFor();
  await page.getByLabel("Submitted").selectOption({ label: "Between…" });
  await page.getByLabel("From", { exact: true }).fill("2020-01-01T00:00");
  await page.getByLabel("Until").fill("2020-01-02T00:00");
  await page.getByText("No task fits these filters").waitFor();
  await typesYear(page);
  // An address that is opened anew shows the same.
  await page.goto(`/tasks?function=${check}&state=success`);
  await rowOf(page, good!).waitFor();
  assertEquals(await rowsOn(page).count(), 1);
  assertEquals(await page.getByLabel("State").inputValue(), "success");
}

/** On the way there it is the year 2, then 20 and 202, and each of them changes the address. */
async function typesYear(page: Page): Promise<void> {
  const from = page.getByLabel("From", { exact: true });
  await from.focus();
  for (const key of ["Tab", "Tab", "2", "0", "1", "9"]) await page.keyboard.press(key);
  await page.waitForURL((url) =>
    url.searchParams.get("since") === String(Date.UTC(2019, 0, 1) / 1_000)
  );
  assertEquals(await from.inputValue(), "2019-01-01T00:00");
}

/** Nothing of the live window fits, and nothing of the first page that is read behind it. */
async function readsOn(page: Page): Promise<void> {
  await page.route(/\/v3\/tasks\?/, async (route) => {
    const url = new URL(route.request().url());
    const isSecond = url.searchParams.get("cursor") === "second";
    if (!isSecond) return await route.fulfill({ json: { items: [], next_cursor: "second" } });
    url.searchParams.delete("cursor");
    await route.continue({ url: String(url) });
  });
  await page.goto("/tasks?time=custom&until=1500000000");
  await page.getByText("No task fits these filters").waitFor();
  await page.unrouteAll();
}

async function showsNewRows(page: Page, { check, hold, gate, submit }: Stage): Promise<void> {
  await page.goto("/tasks");
  await rowsOn(page).first().waitFor();
  const before = await rowsOn(page).count();
  const opened: string[] = [];
  const count = (request: Request): unknown =>
    request.url().endsWith("/v3/live") && opened.push(request.postData() ?? "");
  page.on("request", count);
  using door = gate("live");
  const { tasks: [held] } = await submit(hold, [[door.path]]);
  await rowOf(page, held!).getByText("Running").waitFor();
  assertEquals(await rowsOn(page).count(), before + 1);
  const { tasks: [bad] } = await submit(check, [[false]]);
  await rowOf(page, bad!).getByText("Failed").waitFor();
  const newest = await rowsOn(page).first().locator("a.mono").getAttribute("href");
  assertEquals(newest, `/tasks/${bad}`);
  door.open();
  await rowOf(page, held!).getByText("Succeeded").waitFor();
  page.off("request", count);
  // What the open stream tells is not asked for again.
  assertEquals(opened, []);
}

async function cancelsChosen(page: Page, { client, hold, gate, submit }: Stage): Promise<void> {
  using door = gate("chosen");
  const { tasks } = await submit(hold, Array.from({ length: 5 }, (_, n) => [door.path, n]));
  await page.goto(`/tasks?function=${hold}&finished=no`);
  await page.getByText("5 of those shown can be cancelled").waitFor();
  for (const task of tasks.slice(1, 4)) await rowOf(page, task).getByRole("checkbox").check();
  await page.getByText("3 chosen").waitFor();
  await page.getByRole("button", { name: "Cancel 3 tasks" }).click();
  const dialog = page.getByRole("dialog", { name: "Cancel 3 tasks?" });
  await dialog.getByRole("button", { name: "Cancel 3 tasks" }).click();
  await page.getByText("3 asked to end").waitFor();
  await page.getByText("2 of those shown can be cancelled").waitFor();
  door.open();
  const states = await Promise.all(tasks.map(async (task) => (await client.wait(task)).status));
  assertEquals(states, ["success", "cancelled", "cancelled", "cancelled", "success"]);
  await page.getByText("No task fits these filters").waitFor();
}

async function opensById(page: Page, { client, check, submit }: Stage): Promise<void> {
  const { tasks: [task] } = await submit(check, [[true]]);
  await client.wait(task!);
  await page.goto("/tasks");
  const field = page.getByRole("searchbox", { name: "Open by task id" });
  await field.fill(task!.slice(0, 20));
  assertEquals(await field.getAttribute("aria-invalid"), "true");
  await field.fill(` ${task!.toUpperCase()} `);
  await page.waitForURL(`**/tasks/${task}`);
  await resultOn(page).getByText("good", { exact: true }).waitFor();
}

async function followsGroup(page: Page, { hold, gate, submit }: Stage): Promise<void> {
  using door = gate("group");
  const { group } = await submit(hold, Array.from({ length: 500 }, (_, n) => [door.path, n]));
  await page.goto(`/groups/${group}`);
  const progress = page.getByRole("region", { name: "Progress" });
  await progress.getByText("0 of 500 finished").waitFor();
  await progress.getByText("0 %", { exact: true }).waitFor();
  const running = progress.getByRole("listitem").filter({ hasText: "Running" });
  await running.getByText("3", { exact: true }).waitFor();
  await page.getByText("No task has ended yet.").waitFor();
  door.open();
  await progress.getByText("500 of 500 finished").waitFor();
  await progress.getByText("100 %", { exact: true }).waitFor();
  await page.getByText("Took", { exact: true }).waitFor();
  const bars = page.getByRole("listitem", { name: / tasks$/ });
  const labels = await bars.evaluateAll((all) => all.map((bar) => bar.getAttribute("aria-label")!));
  const counted = labels.map((label) => Number(/: ([\d,]+) tasks$/.exec(label)![1]));
  assertEquals(counted.reduce((sum, count) => sum + count, 0), 500);
  await page.getByText("Cancel 500 unfinished").waitFor({ state: "detached" });
  // Of 500 rows only those in sight are in the page, and all can be reached.
  await rowsOn(page).first().waitFor();
  assertTrue(await rowsOn(page).count() < 60, String(await rowsOn(page).count()));
  await tableOn(page).focus();
  await page.waitForFunction(() => {
    const table = document.querySelector("[role=table]")!;
    table.scrollTop = table.scrollHeight;
    return table.querySelector("[aria-rowindex='501']") !== null;
  });
  await page.goto("/tasks?view=groups");
  await page.getByRole("table", { name: "Task groups" }).getByRole("row").filter({
    has: page.locator(`a[href="/groups/${group}"]`),
  }).getByText("500").first().waitFor();
}

async function cancelsGroup(page: Page, { hold, gate, submit }: Stage): Promise<void> {
  using door = gate("cancelled");
  const { group } = await submit(hold, Array.from({ length: 50 }, (_, n) => [door.path, n]));
  await page.goto(`/groups/${group}`);
  await page.getByRole("button", { name: "Cancel 50 unfinished" }).click();
  const dialog = page.getByRole("dialog", { name: "Cancel 50 unfinished tasks?" });
  await dialog.getByRole("button", { name: "Cancel 50 unfinished" }).click();
  await page.getByText("50 tasks asked to end").waitFor();
  const progress = page.getByRole("region", { name: "Progress" });
  await progress.getByText("50 of 50 finished").waitFor();
  await progress.getByRole("link", { name: "Cancelled" }).click();
  await page.waitForURL(`**/tasks?group=${group}&state=cancelled`);
  await rowsOn(page).nth(10).getByText("Cancelled").waitFor();
}

async function listsGroups(page: Page, { check, submit }: Stage): Promise<void> {
  await page.goto("/tasks?view=groups");
  const groups = page.getByRole("table", { name: "Task groups" });
  await groups.getByRole("row").nth(1).waitFor();
  const { group } = await submit(check, [[true]]);
  const row = groups.getByRole("row").filter({ has: page.locator(`a[href="/groups/${group}"]`) });
  await row.getByText("100", { exact: true }).waitFor();
  const tasks = row.getByRole("cell").nth(4);
  assertEquals(await tasks.innerText(), "1");
  await submit(check, [[true]], group);
  await tasks.getByText("2", { exact: true }).waitFor();
}

/** Milliseconds; a stream is not yet taken for dead after them. */
const AWHILE = 15_000;

async function letsGoUnseen({ signedIn, client, hold, fill, gate, submit }: Stage): Promise<void> {
  await using portal = await signedIn();
  const { page } = portal;
  using door = gate("unseen");
  const { tasks: [task] } = await submit(hold, [[door.path, 7]]);
  await page.clock.install();
  await page.goto(`/tasks/${task}`);
  await page.getByText("Running").first().waitFor();
  const ended = [/\/v3\/live$/, /\/follow$/].map((path) =>
    page.waitForEvent("requestfailed", (request) => path.test(request.url()))
  );
  await turnTo(page, "hidden");
  await page.clock.fastForward(AWHILE);
  await Promise.all(ended);
  door.open();
  await client.wait(task!);
  await turnTo(page, "visible");
  await resultOn(page).getByText("7", { exact: true }).waitFor();
  // A result that is kept beside the task is there already.
  const { tasks: [large] } = await submit(fill, [[2_000_000]]);
  await page.goto(`/tasks/${large}`);
  await resultOn(page).getByText("xxxxx").first().waitFor();
  const blobs: string[] = [];
  page.on("request", (request) => request.url().includes("/blobs/") && blobs.push(request.url()));
  await leave(page);
  const asked = page.waitForResponse((answer) => answer.url().includes(`/tasks/${large}`));
  await turnTo(page, "visible");
  await asked;
  assertEquals(blobs, []);
  // Lists that nothing is told of are read again then.
  await page.goto("/functions");
  await page.getByText("hold", { exact: true }).first().waitFor();
  await leave(page);
  await client.register(python(CHECK_PY), { name: "meanwhile" });
  await turnTo(page, "visible");
  await page.getByText("meanwhile", { exact: true }).first().waitFor();
}

/** Until its live stream has ended. */
async function leave(page: Page): Promise<void> {
  const ended = page.waitForEvent("requestfailed", (request) => request.url().endsWith("/v3/live"));
  await turnTo(page, "hidden");
  await page.clock.fastForward(AWHILE);
  await ended;
}
