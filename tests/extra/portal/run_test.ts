import type { Page } from "playwright-core";
import { assertEquals, assertMatch, assertTrue } from "../../../src/lib/assert.ts";
import { dirname, join } from "../../../src/lib/path.ts";
import { python, shell } from "../../../src/client/mod.ts";
import { test } from "../../helpers/chromium.ts";
import { BINARY, ROOT } from "../../helpers/binary.ts";
import { FakeEndpoint } from "../../helpers/fake_endpoint.ts";
import { PYTHON } from "../../helpers/python.ts";
import { Running } from "../../helpers/running.ts";
import { chooseEndpoint, type Lab, pressRun, resultOn, withLab, writeCode } from "./lab.ts";

/** Prints a line, and the next one when there is a file of its name. */
const STEPS_PY = `def steps(folder: str, count: int = 3) -> str:
    import os, time

    for step in range(count):
        print("line", step, flush=True)
        while not os.path.exists(os.path.join(folder, str(step))):
            time.sleep(0.01)
    return "all steps taken"
`;

const FAIL_PY = `def fail(number):
    def deeper():
        return 1 / number

    return deeper()
`;

const LENGTH_PY = `def length(text: str) -> int:
    return len(text)
`;

/** Tells its arguments back, so that each of them is seen to have arrived. */
const ECHO_PY = `def echo(*args, **kwargs):
    return {"args": args, "kwargs": kwargs}
`;

test("a function is run from the page, watched, ended, run again, and called from elsewhere", async (t) => {
  await withLab(async (lab) => {
    // A task whose arguments are kept no more is told so by a status.
    await using portal = await lab.signedIn({ expected: [/410/] });
    const { page } = portal;
    await t.step("output is there while the task runs", () => streamsOutput(page, lab));
    await t.step("a task is cancelled where it is watched", () => cancels(page, lab));
    await t.step("a failure has its traceback on the worker", () => tellsFailure(page, lab));
    await t.step("a finished task is run again", () => runsAgain(page, lab));
    await t.step("arguments that are not kept lead to the form", () => offersForm(page, lab));
    await t.step("JSON that is none is told by its place", () => refusesJson(page, lab));
    await t.step("a look at the JSON takes nothing from the form", () => keepsForm(page, lab));
    await t.step(
      "what may have been submitted to one endpoint goes to no other",
      () => submitsOnce(lab),
    );
    await t.step("the calls from elsewhere give the same result", () => runsSnippets(page, lab));
    await t.step("a shell function's call from elsewhere", () => runsShellSnippet(page, lab));
  });
});

async function openRun(page: Page, functionId: string): Promise<void> {
  await page.goto(`/run?function=${functionId}`);
  await chooseEndpoint(page, "lab");
}

async function streamsOutput(page: Page, { env, client }: Lab): Promise<void> {
  const folder = join(env.root, "steps");
  Deno.mkdirSync(folder);
  const fn = await client.register(python(STEPS_PY));
  await openRun(page, fn.functionId);
  await page.getByLabel("folder", { exact: true }).fill(folder);
  await pressRun(page);
  const output = page.getByRole("region", { name: "Lines of stdout" });
  for (const step of [0, 1, 2]) {
    await output.getByText(`line ${step}`).waitFor();
    assertEquals(await output.getByText(`line ${step + 1}`).count(), 0);
    assertEquals(await resultOn(page).count(), 0);
    await page.getByRole("listitem").getByText("Running").waitFor();
    Deno.writeTextFileSync(join(folder, String(step)), "");
  }
  await resultOn(page).getByText("all steps taken").waitFor();
  await page.getByRole("listitem").getByText("Succeeded").waitFor();
  assertEquals(await output.textContent(), "line 0\nline 1\nline 2\n");
}

async function cancels(page: Page, { env, client }: Lab): Promise<void> {
  const fn = await client.register(python(STEPS_PY));
  await openRun(page, fn.functionId);
  await page.getByLabel("folder", { exact: true }).fill(join(env.root, "nowhere"));
  await pressRun(page);
  await page.getByRole("region", { name: "Lines of stdout" }).getByText("line 0").waitFor();
  await page.getByRole("button", { name: "Cancel the task" }).click();
  await page.getByRole("heading", { name: "It was cancelled" }).waitFor();
  await page.getByText("code TASK_CANCELLED").waitFor();
  // And from its own page.
  await page.getByRole("button", { name: "Run again" }).click();
  await page.getByRole("listitem").getByText("Running").waitFor();
  await page.getByRole("link", { name: "Open the task", exact: true }).click();
  await page.getByRole("heading", { level: 1, name: "steps" }).waitFor();
  await page.getByRole("button", { name: "Cancel", exact: true }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Cancel", exact: true }).last()
    .click();
  await page.getByRole("heading", { name: "It was cancelled" }).waitFor();
}

async function tellsFailure(page: Page, { client }: Lab): Promise<void> {
  const fn = await client.register(python(FAIL_PY));
  await openRun(page, fn.functionId);
  await page.getByLabel("number", { exact: true }).fill("0");
  await pressRun(page);
  await page.getByRole("heading", { name: "Why it failed" }).waitFor();
  await page.getByText("ZeroDivisionError: ").first().waitFor();
  const traceback = await page.getByRole("group").filter({ hasText: "Traceback on the worker" })
    .locator("pre").textContent();
  assertMatch(traceback!, /in fail\n[^]*in deeper\n[^]*ZeroDivisionError/);
}

async function runsAgain(page: Page, { client, endpointId }: Lab): Promise<void> {
  const fn = await client.register(python(LENGTH_PY));
  const task = await submitText(client, endpointId, fn.functionId, "abcdef");
  await page.goto(`/tasks/${task}`);
  await resultOn(page).getByText("6", { exact: true }).waitFor();
  await page.getByRole("button", { name: "Run again" }).click();
  await page.waitForURL((url) => url.pathname.startsWith("/tasks/") && !url.href.includes(task));
  await resultOn(page).getByText("6", { exact: true }).waitFor();
}

async function offersForm(page: Page, { client, endpointId }: Lab): Promise<void> {
  const fn = await client.register(python(LENGTH_PY));
  const task = await submitText(client, endpointId, fn.functionId, "a".repeat(5_000));
  await page.goto(`/tasks/${task}`);
  await resultOn(page).getByText("5000", { exact: true }).waitFor();
  await page.getByText("Its arguments are kept no more.").waitFor();
  await page.getByRole("link", { name: "Run with new arguments" }).click();
  await page.getByRole("heading", { level: 1, name: "Run" }).waitFor();
  await page.waitForFunction(() =>
    document.querySelector<HTMLInputElement>("input[role=combobox]")?.value === "length"
  );
  assertMatch(await page.getByRole("combobox", { name: "Endpoint" }).inputValue(), /^lab on /);
  await page.getByLabel("text", { exact: true }).fill("abc");
  await pressRun(page);
  await resultOn(page).getByText("3", { exact: true }).waitFor();
}

async function submitText(
  client: Lab["client"],
  endpointId: string,
  functionId: string,
  text: string,
): Promise<string> {
  const payload = await client.blobs.payload([text], {});
  const { tasks } = await client.submit(endpointId, { tasks: { [functionId]: [payload] } });
  const task = tasks[functionId]![0]!;
  await client.wait(task);
  return task;
}

async function refusesJson(page: Page, { client }: Lab): Promise<void> {
  const fn = await client.register(python(LENGTH_PY));
  await openRun(page, fn.functionId);
  await page.getByRole("tab", { name: "JSON" }).click();
  const runs = await page.getByRole("region", { name: "Runs of this window" })
    .getByRole("listitem").count();
  await writeCode(page, "By position, an array", `["abc",\n  nope]`);
  await page.getByText("Line 2, column 3: a value is expected").waitFor();
  await pressRun(page);
  await page.getByText("Something above needs your attention first.").first().waitFor();
  await writeCode(page, "By position, an array", `["abc", 12345678901234567890]`);
  await page.getByText("12345678901234567890 has more digits than a browser can send").waitFor();
  await writeCode(page, "By position, an array", `["abcd"]`);
  await page.getByText("has more digits").waitFor({ state: "detached" });
  assertEquals(
    await page.getByRole("region", { name: "Runs of this window" }).getByRole("listitem").count(),
    runs,
  );
  await pressRun(page);
  await resultOn(page).getByText("4", { exact: true }).waitFor();
}

async function keepsForm(page: Page, { client }: Lab): Promise<void> {
  const fn = await client.register(
    python("def both(text: str, count: int) -> str:\n    return text * count\n"),
  );
  await openRun(page, fn.functionId);
  const text = page.getByLabel("text", { exact: true });
  await text.fill("half");
  await page.getByLabel("count", { exact: true }).fill("many");
  await page.getByRole("tab", { name: "JSON" }).click();
  await page.getByText("What is wrong in the form is not in the JSON.").waitFor();
  await page.locator('.cm-content[aria-label="By position, an array"]').getByText('"half"')
    .waitFor();
  await page.getByRole("tab", { name: "Form" }).click();
  assertEquals(await text.inputValue(), "half");
  assertEquals(await page.getByLabel("count", { exact: true }).inputValue(), "many");
  await page.getByRole("tab", { name: "JSON" }).click();
  await writeCode(page, "By position, an array", "[5]");
  await page.getByRole("tab", { name: "Form" }).click();
  await page.getByText("The arguments do not fit the form").waitFor();
}

/** The answer is lost, and meanwhile another endpoint has become the one with most idle workers. */
async function submitsOnce(lab: Lab): Promise<void> {
  const { client, service } = lab;
  const fn = await client.register(python(LENGTH_PY));
  await using portal = await lab.signedIn({ expected: [/500/] });
  const { page } = portal;
  const taken: string[] = [];
  await page.route(/\/v3\/endpoints\/[^/]+\/submit$/, async (route) => {
    const answer = await route.fetch();
    taken.push(...Object.values((await answer.json()).tasks as Record<string, string[]>).flat());
    await route.fulfill({ status: 500, json: LOST });
  });
  await page.goto(`/run?function=${fn.functionId}&endpoint=any`);
  await page.getByLabel("text", { exact: true }).fill("abcd");
  await pressRun(page);
  await page.getByText("the answer is lost").waitFor();
  await page.unrouteAll();
  using other = await FakeEndpoint.dial(await service.registerEndpoint("idler"));
  other.send(other.hello({ runtimes: ["python"], status: IDLE_STATUS }));
  await other.next("welcome");
  await pressRun(page);
  await resultOn(page).getByText("4", { exact: true }).waitFor();
  await page.getByRole("link", { name: "Open the task", exact: true }).click();
  await page.waitForURL(`**/tasks/${taken[0]}`);
}

const LOST = {
  status: "Failed",
  code: "INTERNAL_ERROR",
  reason: "the answer is lost",
  error_args: [],
  http_status_code: 500,
};

const IDLE_STATUS = {
  managers: 1,
  total_workers: 100,
  idle_workers: 100,
  pending_tasks: 0,
  outstanding_tasks: 0,
  completed_tasks: 0,
};

/** Everything that quotes badly. */
const ARGS = [`it's "quoted" $HOME \`id\` \\n`, "-e", "1e3", -2.5, null, true, {
  "ключ": ["مرحبا\u202e"],
}];
const KWARGS = { name: "a\nb", flag: false };

async function runsSnippets(page: Page, lab: Lab): Promise<void> {
  const fn = await lab.client.register(python(ECHO_PY));
  await openRun(page, fn.functionId);
  await page.getByRole("tab", { name: "JSON" }).click();
  await writeCode(page, "By position, an array", JSON.stringify(ARGS));
  await writeCode(page, "By name, an object", JSON.stringify(KWARGS));
  await pressRun(page);
  const shown = resultOn(page);
  await shown.getByRole("tab", { name: "JSON" }).click();
  const expected = { args: ARGS, kwargs: KWARGS };
  const text = await shown.getByRole("tabpanel", { name: "JSON" }).locator("pre").textContent();
  // Marks that turn text around are written out where somebody reads it.
  assertEquals(JSON.parse(text!.replaceAll("⟨U+202E⟩", "\u202e")), expected);
  const { command, typescript, python: script } = await snippetsOn(page);
  assertEquals(JSON.parse(await said(lab, ["sh", "-c", command])), expected);
  const printed = await saidByPython(lab, script);
  assertEquals(JSON.parse(await said(lab, [PYTHON!, "-c", READ_LITERAL_PY], printed)), expected);
  const asJson = typescript.replace("console.log(await", "console.log(JSON.stringify(await")
    .replace(/\);\n$/, "));\n");
  assertEquals(JSON.parse(await said(lab, [Deno.execPath(), "run", "-A", "-"], asJson)), expected);
  // As it stands it prints the same object in words.
  assertMatch(await said(lab, [Deno.execPath(), "run", "-A", "-"], typescript), /args: \[/);
}

/** What Python printed as a value of its own, as JSON. */
const READ_LITERAL_PY =
  "import ast, json, sys; print(json.dumps(ast.literal_eval(sys.stdin.read())))";

async function runsShellSnippet(page: Page, lab: Lab): Promise<void> {
  const fn = await lab.client.register(shell("printf '%s' {text}", "print"));
  await openRun(page, fn.functionId);
  await page.getByLabel("text", { exact: true }).fill(`a "b" 'c'`);
  const { typescript, python: script } = await snippetsOn(page);
  for (
    const printed of [
      await saidByPython(lab, script),
      await said(lab, [Deno.execPath(), "run", "-A", "-"], typescript),
    ]
  ) assertTrue(/returncode'?: 0/.test(printed) && /a "b"/.test(printed), printed);
}

interface Snippets {
  readonly command: string;
  readonly typescript: string;
  readonly python: string;
}

async function snippetsOn(page: Page): Promise<Snippets> {
  const tabs = page.getByRole("tablist", { name: "The same call from elsewhere" });
  const card = page.locator("section.card").filter({ has: tabs });
  const read = async (language: string): Promise<string> => {
    await tabs.getByRole("tab", { name: language }).click();
    await card.getByRole("button", { name: "Copy" }).click();
    return await page.evaluate(() => navigator.clipboard.readText());
  };
  return {
    command: await read("Command line"),
    typescript: await read("TypeScript"),
    python: await read("Python"),
  };
}

/** With the client's file in the same folder, from the address that the snippet's first line names. */
async function saidByPython(lab: Lab, script: string): Promise<string> {
  const [, address] = /^# curl -O (\S+\/funcx\.py)\n/.exec(script)!;
  lab.env.file("funcx.py", await (await fetch(address!)).text());
  return await said(lab, [PYTHON!, "-"], script, lab.env.home);
}

/** What a program prints that somebody runs on this machine, with the snippet as its input. */
async function said(
  { env, service }: Lab,
  command: readonly string[],
  input = "",
  // A snippet in TypeScript imports the client as somebody does who has the sources.
  cwd: string = ROOT,
): Promise<string> {
  await using running = new Running(command, {
    env: {
      ...env.environment,
      PATH: `${dirname(BINARY)}:${env.environment.PATH}`,
      FUNCX_TOKEN: service.token,
      PYTHONIOENCODING: "utf-8",
    },
    clearEnv: true,
    cwd,
    input,
  });
  const { code, stdout, stderr } = await running.finished();
  if (code !== 0) throw new Error(`${command[0]} ended with ${code}\n${stdout}\n${stderr}`);
  return stdout;
}
