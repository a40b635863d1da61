/**
 * `deno task test:python`: `funcx.py` in a real Jupyter kernel, which nbclient of PyPI drives as
 * Jupyter does; what it shows is looked at in a real Chromium.
 */
import { assertEquals, assertMatch, assertTrue } from "../../../src/lib/assert.ts";
import { join } from "../../../src/lib/path.ts";
import { startWithClient } from "../../client_python/pythons.ts";
import { NO_CHROMIUM, withBrowser } from "../../helpers/chromium.ts";
import { PATH_WITH_PYTHON } from "../../helpers/python.ts";
import { interpretersOf, pythonEnvironment } from "../../helpers/python_environment.ts";
import { Running } from "../../helpers/running.ts";
import { processTest, type TestEnv } from "../../helpers/test_env.ts";

const JUPYTER = await pythonEnvironment(
  ["nbclient", "ipykernel"],
  await interpretersOf(["3.12", "3.11", "3.13", "3.10"]),
);
if (JUPYTER.kind === "obstacle") console.log(`Jupyter cannot be tested here: ${JUPYTER.reason}`);

/** Runs the notebook whose name is given, and writes it back with its outputs. */
const RUN_PY = `
import sys
import nbclient, nbformat

notebook = nbformat.read(sys.argv[1], 4)
try:
    nbclient.NotebookClient(notebook, timeout=60).execute()
finally:
    nbformat.write(notebook, sys.argv[1])
`;

/** Each is a cell; a loop runs in all of them, since the kernel itself is asynchronous. */
const CELLS = {
  start: `
import asyncio
import urllib.parse
import funcx
executor = funcx.Executor("default")
assert asyncio.get_running_loop().is_running()
executor`,
  define: `
def tagged(text):
    return "<b onclick=run()>" + urllib.parse.quote(text)

def broken(text):
    raise ValueError("<i>line one\\nline two: " + text)

def late(name):
    import os, time
    while not os.path.exists(name):
        time.sleep(0.01)`,
  waiting: `
waiting = executor.submit(late, "go")
waiting`,
  success: `
future = executor.submit(tagged, "a b")
future.result(60)
future`,
  failure: `
failed = executor.submit(broken, "é" * 300)
failed.exception(60)
failed`,
  cancelled: `
waiting.cancel()
waiting`,
  awaited: `
async def both():
    first, second = executor.submit(tagged, "1"), executor.submit(tagged, "2")
    return await asyncio.gather(asyncio.wrap_future(first), asyncio.wrap_future(second))

print(await asyncio.wrap_future(executor.submit(tagged, "c")), await both())`,
  bar: `
funcx.Progress.QUIET = funcx.Progress.INTERVAL = 0
found = list(executor.map(tagged, map(str, range(40))))
len(found)`,
  hidden: `
len(list(funcx.Executor("default", progress=False).map(tagged, "12345")))`,
  failing: `
try:
    list(executor.map(broken, "x"))
except funcx.TaskFailed as error:
    print(error.type)`,
  tasks: "executor.client.tasks(limit=3)",
  task: "executor.client.task(future.task_id)",
  end: "executor.shutdown()",
};
type Cell = keyof typeof CELLS;

interface Output {
  readonly output_type: string;
  readonly data?: Readonly<Record<string, string | string[]>>;
  readonly text?: string | string[];
  readonly name?: string;
}

/** What each cell gave. */
async function runNotebook(env: TestEnv, python: string): Promise<Record<Cell, Output[]>> {
  const cells = Object.entries(CELLS).map(([id, source]) => ({
    id,
    cell_type: "code",
    execution_count: null,
    metadata: {},
    outputs: [],
    source: source.trimStart(),
  }));
  const name = env.file(
    "program.ipynb",
    JSON.stringify({ cells, metadata: {}, nbformat: 4, nbformat_minor: 5 }),
  );
  await using running = new Running([python, env.file("run_notebook.py", RUN_PY), name], {
    // Jupyter keeps its own files there.
    env: {
      ...env.environment,
      PYTHONPATH: env.home,
      PYTHONDONTWRITEBYTECODE: "1",
      IPYTHONDIR: join(env.root, "ipython"),
      JUPYTER_RUNTIME_DIR: join(env.root, "jupyter"),
    },
    clearEnv: true,
    cwd: env.home,
  });
  const { code, stderr } = await running.finished(120_000);
  assertEquals({ code, stderr: code === 0 ? "" : stderr }, { code: 0, stderr: "" });
  const done: { cells: { id: Cell; outputs: Output[] }[] } = JSON.parse(
    Deno.readTextFileSync(name),
  );
  return Object.fromEntries(done.cells.map(({ id, outputs }) => [id, outputs])) as Record<
    Cell,
    Output[]
  >;
}

/** The HTML of a cell's only output that has any. */
function htmlOf(outputs: readonly Output[]): string {
  const [found, ...more] = outputs.flatMap(({ data }) => data?.["text/html"] ? [data] : []);
  assertEquals(more, []);
  return textOf(found?.["text/html"]);
}

/** What somebody sees where there is no HTML: printed text, and values as text. */
function plainOf(outputs: readonly Output[]): string[] {
  return outputs.map(({ text, data }) => textOf(text ?? data?.["text/plain"]));
}

/** A notebook keeps a text as its lines. */
function textOf(lines: string | string[] | undefined): string {
  return [lines ?? []].flat().join("");
}

processTest("tasks and their progress are shown in Jupyter", async (env) => {
  assertTrue(JUPYTER.kind === "ready");
  await startWithClient(env);
  const cells = await runNotebook(env, JUPYTER.python);

  assertMatch(plainOf(cells.start)[0] ?? "", /^<funcx\.Executor on .*, group .*>$/);
  const tagged = "<b onclick=run()>";
  assertEquals(plainOf(cells.awaited), [`${tagged}c ['${tagged}1', '${tagged}2']\n`]);
  // One bar, which is drawn in its own place.
  assertEquals(plainOf(cells.bar), ["40/40 tasks", "40"]);
  assertEquals(plainOf(cells.hidden), ["5"]);
  assertEquals(plainOf(cells.failing), ["1/1 tasks, 1 failed", "ValueError\n"]);

  await withBrowser(async (browser) => {
    const page = await browser.newPage({ viewport: { width: 700, height: 800 } });
    const show = async (html: string): Promise<string> => {
      await page.setContent(`<div style="width: 600px; font: 13px sans-serif">${html}</div>`);
      const { elements, overflowing, broken } = await page.evaluate(() => ({
        elements: document.querySelectorAll("b, i, script").length,
        overflowing: document.documentElement.scrollWidth > innerWidth,
        // Headings of more than one line, which a narrow column would have.
        broken: [...document.querySelectorAll("th")].filter((heading) => {
          const text = document.createRange();
          text.selectNodeContents(heading);
          return text.getClientRects().length > 1;
        }).length,
      }));
      assertEquals({ elements, overflowing, broken }, {
        elements: 0,
        overflowing: false,
        broken: 0,
      });
      return await page.locator("body").innerText();
    };
    assertMatch(await show(htmlOf(cells.waiting)), /^function\s+late\s+task_id\s+\S+\s+status/);
    assertMatch(
      await show(htmlOf(cells.success)),
      /status\s+success\s+result\s+'<b onclick.*a%20b'$/,
    );
    const failure = await show(htmlOf(cells.failure));
    assertMatch(failure, /status\s+failed\s+error\s+ValueError: <i>line one\nline two: é{30}/);
    assertMatch(await show(htmlOf(cells.cancelled)), /status\s+cancelled$/);
    assertMatch(await show(htmlOf(cells.tasks)), /^function_name\s+status[^]*broken\s+failed/);
    assertMatch(await show(htmlOf(cells.task)), /status\s+success/);
    assertMatch(await show(htmlOf(cells.bar.slice(0, 1))), /40\/40 tasks/);
    const bar = page.getByRole("progressbar");
    assertEquals(await bar.evaluate((one) => (one as HTMLProgressElement).position), 1);
    assertMatch(await show(htmlOf(cells.failing)), /1\/1 tasks, 1 failed/);
  });
}, { ignore: JUPYTER.kind === "obstacle" || NO_CHROMIUM !== undefined, path: PATH_WITH_PYTHON });
