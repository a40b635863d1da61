/**
 * `deno task bench`: what the built program does on this machine, beside its peers. Figures, no
 * test: it fails when something crashes, never for being slow. `options.ts` has the options,
 * `figures.ts` what is measured, `scenarios.ts` how.
 */
import { buildWhenStale } from "../scripts/build/stale.ts";
import { capture } from "../scripts/build/command.ts";
import { fromFileUrl, join } from "../src/lib/path.ts";
import { abandonEverything } from "./deployment.ts";
import { describeMachine } from "./machine.ts";
import { machineText } from "./machine_text.ts";
import { type Options, parseOptions, USAGE } from "./options.ts";
import { tableText, withTable } from "./report.ts";
import {
  figuresOf,
  merge,
  NO_RESULTS,
  readResults,
  type Results,
  writeResults,
} from "./results.ts";
import { runScenarios } from "./run.ts";
import { scenariosOf } from "./scenarios.ts";

const ROOT = fromFileUrl(new URL("../", import.meta.url));
const RESULTS = join(ROOT, "bench", "results.json");
const PAGE = join(ROOT, "bench", "README.md");

/** Standard output is for the results. */
function say(text: string): void {
  Deno.stderr.writeSync(new TextEncoder().encode(`${text}\n`));
}

async function commit(): Promise<string> {
  const git = (...args: string[]): Promise<string> => capture("git", ["-C", ROOT, ...args]);
  try {
    const changed = await git("status", "--porcelain", "--", "src", "bench", "deno.json");
    return (await git("rev-parse", "--short", "HEAD")).trim() + (changed === "" ? "" : "+");
  } catch {
    return "unknown";
  }
}

async function measure(options: Options): Promise<{ measured: Results; crashes: number }> {
  // On the disk of the scratch homes, which the floors have to speak of.
  const folder = Deno.makeTempDirSync({ prefix: "funcx-bench-" });
  try {
    const machine = await describeMachine(folder);
    say(`${machineText(machine)}\n`);
    const run = { at: new Date().toISOString(), commit: await commit() };
    const outcome = await runScenarios(scenariosOf(options), { ...options, folder, say });
    const { samples, notes, crashes } = outcome;
    return { measured: { machine, figures: figuresOf(samples, run), notes }, crashes };
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

async function write(results: Results): Promise<void> {
  writeResults(RESULTS, results);
  Deno.writeTextFileSync(PAGE, withTable(Deno.readTextFileSync(PAGE), results));
  await capture(Deno.execPath(), ["fmt", "--quiet", PAGE], { cwd: ROOT });
  say("bench/results.json and the table in bench/README.md are written");
}

async function main(words: readonly string[]): Promise<number> {
  if (words.includes("--help")) {
    console.log(USAGE);
    return 0;
  }
  const options = parseOptions(words);
  if (typeof options === "string") {
    say(`error: ${options}\n\n${USAGE}`);
    return 64;
  }
  await buildWhenStale(ROOT);
  const begun = performance.now();
  const { measured, crashes } = await measure(options);
  if (options.write) await write(merge(readResults(RESULTS), measured));
  console.log(
    options.json ? JSON.stringify(measured, null, 2) : tableText(merge(NO_RESULTS, measured)),
  );
  say(`it took ${((performance.now() - begun) / 60_000).toFixed(1)} minutes`);
  return crashes === 0 ? 0 : 1;
}

for (const name of ["SIGINT", "SIGTERM"] as const) {
  Deno.addSignalListener(name, async () => {
    await abandonEverything();
    Deno.exit(130);
  });
}
// What a scenario has left running when it was killed; the others go on.
globalThis.addEventListener("unhandledrejection", (event) => {
  event.preventDefault();
  say(`a promise was rejected and nobody waited for it: ${event.reason}`);
});
Deno.exitCode = await main(Deno.args);
