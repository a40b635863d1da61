/**
 * `deno task demo`: builds the program and does its main job with it, in a scratch home with nothing
 * configured. Every result is checked; the exit code tells. Whatever it starts is stopped again.
 */
import { buildWhenStale } from "./build/stale.ts";
import { fromFileUrl, join } from "../src/lib/path.ts";
import { style } from "../src/cli/output/style.ts";
import { processesOf, signal } from "../tests/helpers/processes.ts";
import { PYTHON } from "../tests/helpers/python.ts";
import { until } from "../tests/helpers/until.ts";
import { findSchedulers } from "../src/profile/schedulers.ts";

const ROOT = fromFileUrl(new URL("../", import.meta.url));
const BINARY = join(ROOT, "dist", "funcx-endpoint");
const TASKS = 2_000;

const { bold, dim, green, red } = style(
  Deno.stdout.isTerminal() && (Deno.env.get("NO_COLOR") ?? "") === "",
);

const WORDS_TS = `export default function countWords(text: string) {
  const counts: Record<string, number> = {};
  for (const word of text.toLowerCase().match(/[a-z]+/g) ?? []) {
    counts[word] = (counts[word] ?? 0) + 1;
  }
  return Object.entries(counts).sort((a, b) => b[1] - a[1]).slice(0, 3);
}
`;

const STATS_PY = `import statistics

def summary(values):
    return {"mean": statistics.mean(values), "median": statistics.median(values)}
`;

const NODE_SH = `echo "$(uname -s) on $(uname -m), {what}: $(getconf _NPROCESSORS_ONLN)"
`;

const COLLATZ_TS = `export function collatz(n: number): number {
  let steps = 0;
  for (let value = n; value !== 1; steps++) {
    value = value % 2 === 0 ? value / 2 : 3 * value + 1;
  }
  return steps;
}
`;

const TEXT = "To be, or not to be, that is the question";

/** A step whose result is not the one that it has to be. */
class DemoError extends Error {}

/** The scratch home, and the program in it. */
class Demo {
  readonly root = Deno.makeTempDirSync({ prefix: "funcx-demo-" });
  #steps = 0;

  file(name: string, content: string): void {
    Deno.writeTextFileSync(join(this.root, name), content);
  }

  heading(text: string): void {
    this.#steps += 1;
    console.log(`\n${bold(`${this.#steps}  ${text}`)}`);
  }

  /** Shows the command as a user types it and what it prints; returns the latter. */
  async run(...args: string[]): Promise<string> {
    return await this.#run(args, args.map(quoted).join(" "), true);
  }

  /** As `run`, into a file: its progress bar shows, its output does not. */
  async runInto(file: string, ...args: string[]): Promise<string> {
    const output = await this.#run(args, `${args.map(quoted).join(" ")} > ${file}`, false);
    this.file(file, output);
    return output;
  }

  /** Shows nothing; returns what the command prints, whatever its exit code. */
  async quietly(...args: string[]): Promise<string> {
    const { stdout } = await this.#command(args, "null").output();
    return new TextDecoder().decode(stdout);
  }

  async #run(args: string[], shown: string, isOutputShown: boolean): Promise<string> {
    console.log(`   ${dim("$")} funcx-endpoint ${shown}`);
    const { code, stdout } = await this.#command(args, "inherit").output();
    const text = new TextDecoder().decode(stdout);
    if (isOutputShown) console.log(indented(text));
    if (code !== 0) throw new DemoError(`funcx-endpoint ${args[0]} ended with exit code ${code}`);
    return text;
  }

  #command(args: string[], stderr: "inherit" | "null"): Deno.Command {
    return new Deno.Command(BINARY, {
      args,
      cwd: this.root,
      env: { ...this.#environment(), HOME: this.root },
      clearEnv: true,
      stdin: "null",
      stdout: "piped",
      stderr,
    });
  }

  /** The user's own settings of the program stay out of it. */
  #environment(): Record<string, string> {
    const kept = Object.entries(Deno.env.toObject())
      .filter(([name]) => !name.startsWith("FUNCX_") && !name.startsWith("XDG_"));
    return Object.fromEntries(kept);
  }

  /** Stops what runs; kills what does not stop. Tells whether nothing had to be killed. */
  async end(): Promise<boolean> {
    await this.quietly("stop", "--all", "--now");
    await this.quietly("service", "stop");
    const isOver = (): boolean => processesOf(this.root).length === 0;
    await until("the end of all processes", isOver, 30_000).catch(() => undefined);
    const survivors = processesOf(this.root);
    for (const { pid } of survivors) signal(pid, "SIGKILL");
    Deno.removeSync(this.root, { recursive: true });
    return survivors.length === 0;
  }
}

async function show(demo: Demo): Promise<void> {
  demo.heading("An endpoint from nothing: a profile, a private service, and a daemon");
  if (findSchedulers((name) => Deno.env.get(name)).length > 0) {
    // The demo is to be over soon, also where jobs have to wait.
    await demo.run("configure", "default", "--template", "local");
  }
  await demo.run("start");

  demo.heading("A TypeScript function: the most frequent words of a text");
  demo.file("words.ts", WORDS_TS);
  console.log(dim(indented(WORDS_TS)));
  await demo.run("function", "register", "words.ts");
  const words = JSON.parse(await demo.run("run", "words", TEXT, "--endpoint", "default"));
  expect("the words", words, [["to", 2], ["be", 2], ["or", 1]]);

  await showPython(demo);

  demo.heading("A shell function: a template whose fields are filled in, safely quoted");
  demo.file("node.sh", NODE_SH);
  console.log(dim(indented(NODE_SH)));
  const node = await demo.run(
    "run",
    "node.sh",
    "--kwargs",
    '{"what": "cores"}',
    "--endpoint",
    "default",
  );
  expect("the cores", /, cores: \d+\n$/.test(node), true);

  await showBatch(demo);

  demo.heading("Where the time of one task goes");
  expect(
    "one sequence",
    await demo.run("run", "collatz.ts:collatz", "27", "--endpoint", "default"),
    "111\n",
  );
  const [{ task_id }] = JSON.parse(await demo.quietly("task", "list", "--limit", "1", "--json"));
  await demo.run("task", "show", task_id, "--timing");

  demo.heading("The endpoints of this user");
  await demo.run("list");

  demo.heading("Stop it all");
  await demo.run("stop");
  await demo.run("service", "stop");
}

async function showPython(demo: Demo): Promise<void> {
  demo.heading("A Python function, run by this machine's python3");
  if (PYTHON === undefined) {
    console.log("   Left out: there is no python3 on this machine.");
    return;
  }
  demo.file("stats.py", STATS_PY);
  console.log(dim(indented(STATS_PY)));
  const summary = JSON.parse(
    await demo.run("run", "stats.py", "[3, 1, 4, 1, 5, 9, 2, 6]", "--endpoint", "default"),
  );
  expect("the summary", summary, { mean: 3.875, median: 3.5 });
}

async function showBatch(demo: Demo): Promise<void> {
  demo.heading(`${TASKS.toLocaleString("en")} tasks: the Collatz sequence of each number`);
  demo.file("collatz.ts", COLLATZ_TS);
  console.log(dim(indented(COLLATZ_TS)));
  const numbers = Array.from({ length: TASKS }, (_, index) => index + 1);
  demo.file("numbers.jsonl", numbers.map((n) => `[${n}]\n`).join(""));
  const begun = performance.now();
  const output = await demo.runInto(
    "steps.jsonl",
    "map",
    "collatz.ts:collatz",
    "--input",
    "numbers.jsonl",
    "--endpoint",
    "default",
  );
  const seconds = (performance.now() - begun) / 1_000;
  const steps = output.trimEnd().split("\n").map(Number);
  expect("the number of results", steps.length, TASKS);
  const longest = Math.max(...steps);
  const longestOf = steps.indexOf(longest) + 1;
  expect("the longest sequence", [longestOf, longest], [1161, 181]);
  const rate = Math.round(TASKS / seconds).toLocaleString("en");
  console.log(
    `   The longest begins at ${longestOf}: ${longest} steps. ` +
      bold(`${rate} tasks per second`) + ` from start to end, ${seconds.toFixed(2)} s in all.`,
  );
}

function expect(what: string, found: unknown, expected: unknown): void {
  if (JSON.stringify(found) === JSON.stringify(expected)) return;
  throw new DemoError(
    `${what}: expected ${JSON.stringify(expected)}, found ${JSON.stringify(found)}`,
  );
}

function quoted(word: string): string {
  return /^[\w./:=@-]+$/.test(word) ? word : `'${word}'`;
}

function indented(text: string): string {
  return text.trimEnd().replace(/^(?=.)/gm, "   ");
}

const NEXT = `
${bold("What to type next")}
   cp dist/funcx-endpoint ~/bin/          the one file that a login node needs
   funcx-endpoint start                   your own endpoint
   funcx-endpoint run FILE ARGS… --endpoint default
   funcx-endpoint --help                  everything else; README.md has a tour`;

async function main(): Promise<number> {
  await buildWhenStale(ROOT);
  const size = (Deno.statSync(BINARY).size / 1e6).toFixed(1);
  const demo = new Demo();
  console.log(
    `\n${bold("funcx-endpoint")}: one file of ${size} MB, in the empty home ${demo.root}`,
  );
  // Ctrl-C also reaches the command that runs; it fails, and the rest is cleaned up below.
  const interrupt = (): void => {};
  Deno.addSignalListener("SIGINT", interrupt);
  let problem: unknown;
  try {
    await show(demo);
  } catch (thrown) {
    problem = thrown;
  }
  const isClean = await demo.end();
  Deno.removeSignalListener("SIGINT", interrupt);
  if (problem !== undefined && !(problem instanceof DemoError)) throw problem;
  if (problem instanceof DemoError) {
    console.error(`\n${red("The demo failed")}: ${problem.message}`);
  } else if (!isClean) console.error(`\n${red("The demo failed")}: it left processes behind`);
  else console.log(`   ${green("Nothing of it is left running, or on disk.")}\n${NEXT}`);
  return problem === undefined && isClean ? 0 : 1;
}

Deno.exitCode = await main();
