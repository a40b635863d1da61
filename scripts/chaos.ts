/**
 * `deno task chaos [--seed N] [--seeds A..B] [--minutes M] [--tasks N] [--parallel N] [--plan]`: runs
 * the built program under the fault plan of each seed, and checks what the README promises. A seed
 * that fails says what was violated, keeps its files, and prints the command that repeats it. The
 * last line is `N passed, N failed`.
 */
import { parseArgs } from "node:util";
import { fromFileUrl } from "../src/lib/path.ts";
import { clockObstacle } from "../tests/chaos/clock.ts";
import { describeFault, makePlan, type Means, type Plan } from "../tests/chaos/plan.ts";
import { runSeed, type SeedReport } from "../tests/chaos/seed.ts";
import { Stage } from "../tests/chaos/stage.ts";
import { describeViolations } from "../tests/chaos/report.ts";
import { mountObstacle } from "../tests/helpers/mount.ts";
import { buildWhenStale } from "./build/stale.ts";

const ROOT = fromFileUrl(new URL("../", import.meta.url));
const DEFAULT_TASKS = 300;

interface Options {
  readonly seeds: Iterable<number>;
  readonly tasks: number;
  readonly parallel: number;
  readonly planOnly: boolean;
}

function readOptions(args: string[]): Options {
  const { values } = parseArgs({
    args,
    options: {
      seed: { type: "string" },
      seeds: { type: "string" },
      minutes: { type: "string" },
      tasks: { type: "string", default: String(DEFAULT_TASKS) },
      parallel: { type: "string", default: "1" },
      plan: { type: "boolean", default: false },
    },
  });
  return {
    seeds: seedsOf(values),
    tasks: whole(values.tasks, "--tasks"),
    parallel: whole(values.parallel, "--parallel"),
    planOnly: values.plan,
  };
}

/** One seed, a range of them, or new ones until the time is over. */
function seedsOf(
  { seed, seeds, minutes }: { seed?: string; seeds?: string; minutes?: string },
): Iterable<number> {
  if (seed !== undefined) return [whole(seed, "--seed")];
  if (seeds !== undefined) {
    const [, from, to] = /^(\d+)\.\.(\d+)$/.exec(seeds) ?? [];
    if (from === undefined) throw new Error(`--seeds ${seeds}: write it as 1..200`);
    return numbers(Number(from), () => Number(to));
  }
  const first = crypto.getRandomValues(new Uint16Array(1))[0]! * 1_000;
  if (minutes === undefined) return [first];
  const end = performance.now() + Number(minutes) * 60_000;
  return numbers(first, () => performance.now() < end ? Infinity : -1);
}

function* numbers(from: number, last: () => number): Generator<number> {
  for (let number = from; number <= last(); number++) yield number;
}

function whole(text: string, flag: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= 0) return value;
  throw new Error(`${flag} ${text}: a whole number is due`);
}

/** What this machine lacks is said, since the plan of a seed is another one then. */
async function findMeans(): Promise<Means> {
  const [mounts, clocks] = await Promise.all([mountObstacle(), clockObstacle()]);
  if (mounts !== undefined) console.log(`No disk gets full: nothing can be mounted (${mounts}).`);
  if (clocks !== undefined) console.log(`No clock jumps: ${clocks}.`);
  return { mounts: mounts === undefined, clocks: clocks === undefined };
}

async function main(args: string[]): Promise<number> {
  const options = readOptions(args);
  const means = await findMeans();
  if (!options.planOnly) await buildWhenStale(ROOT);
  const totals = { passed: 0, failed: 0 };
  const seeds = options.seeds[Symbol.iterator]() as IterableIterator<number>;
  await Promise.all(Array.from({ length: options.parallel }, async () => {
    for (const seed of seeds) {
      const plan = makePlan({ seed, tasks: options.tasks, means });
      if (options.planOnly) printPlan(plan);
      else if (tell(await runSeed(plan, means), plan, options.tasks)) totals.passed += 1;
      else totals.failed += 1;
    }
  }));
  if (!options.planOnly) console.log(`${totals.passed} passed, ${totals.failed} failed`);
  return totals.failed === 0 ? 0 : 1;
}

function printPlan(plan: Plan): void {
  console.log(`seed ${plan.seed}`);
  for (const fault of plan.faults) console.log(describeFault(fault));
  for (const [client, batches] of plan.workload.clients.entries()) {
    for (const { name, at, runtime, tasks, maxAttempts } of batches) {
      console.log(
        `${(at / 1_000).toFixed(2).padStart(6)} s  client ${client} submits ${name}: ` +
          `${tasks.length} ${runtime}, max_attempts ${maxAttempts}`,
      );
    }
  }
}

/** Whether the seed has passed. */
function tell(report: SeedReport, plan: Plan, tasks: number): boolean {
  const { seed, seconds, attempts, violations } = report;
  const passed = violations.length === 0;
  console.log(
    `seed ${seed}: ${passed ? "passed" : "FAILED"} in ${seconds.toFixed(1)} s, ` +
      `${report.tasks} tasks, ${attempts} attempts, ${plan.faults.length} faults`,
  );
  if (passed) return true;
  for (const line of describeViolations(report, plan)) console.log(`  ${line}`);
  console.log(`  repeat it with: deno task chaos --seed ${seed} --tasks ${tasks}`);
  return false;
}

for (const name of ["SIGINT", "SIGTERM"] as const) {
  Deno.addSignalListener(name, () => void Stage.endAll().finally(() => Deno.exit(130)));
}
Deno.exit(await main(Deno.args));
