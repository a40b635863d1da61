/** One seed from the first process to the verdict. */
import type { TaskDetail } from "../../src/client/mod.ts";
import { withTimeout } from "../../src/lib/async.ts";
import { messageOf } from "../../src/lib/outcome.ts";
import { until } from "../helpers/until.ts";
import { readJournal, type SeenResult } from "./client_journal.ts";
import { carryOut } from "./faults.ts";
import { leftovers } from "./leftovers.ts";
import type { Means, Plan } from "./plan.ts";
import { Stage } from "./stage.ts";
import { type FinalTask, judge, type Violation } from "./verdict.ts";
import { tasksOf } from "./workload.ts";

export interface SeedReport {
  readonly seed: number;
  readonly seconds: number;
  readonly tasks: number;
  /** Attempts that began. */
  readonly attempts: number;
  readonly violations: readonly Violation[];
  /** Where its files are, when they are kept. */
  readonly folder?: string;
}

/** Until the clients have started; what is at 0 is due then. */
const LEAD = 800;
/** Milliseconds that everything may take after the last fault is over. */
const RECOVERY_PATIENCE = 150_000;
const DETAILS_AT_ONCE = 16;

export async function runSeed(plan: Plan, means: Means): Promise<SeedReport> {
  const started = performance.now();
  try {
    return await runOnStage(plan, means, started);
  } catch (thrown) {
    const violations = [broken(0, `the seed could not be carried out: ${messageOf(thrown)}`)];
    return { ...reportOf(plan, started), attempts: 0, violations };
  }
}

async function runOnStage(plan: Plan, means: Means, started: number): Promise<SeedReport> {
  await using stage = await Stage.open(plan, means);
  const violations: Violation[] = [];
  let attempts = 0;
  try {
    const begin = Date.now() + LEAD;
    await stage.startClients(begin);
    await carryOut(stage, plan.faults, begin);
    const finished = await withTimeout(stage.allFinished, RECOVERY_PATIENCE);
    if (finished === "timeout") violations.push(broken(1, "the clients still wait for results"));
    await until("the service", () => stage.isHealthy(), 60_000);
    const evidence = await gather(stage, plan);
    attempts = evidence.ledger.filter(({ kind }) => kind === "begun").length;
    violations.push(...judge(evidence));
    if (violations.length + stage.troubles.length > 0) await stage.keepEvidence();
    violations.push(...await stop(stage));
  } catch (thrown) {
    violations.push(broken(0, `the seed could not be carried out: ${messageOf(thrown)}`));
  }
  violations.push(...stage.troubles.map((what) => broken(5, what)));
  if (violations.length > 0) stage.env.keepFiles();
  return {
    ...reportOf(plan, started),
    attempts,
    violations,
    ...(violations.length > 0 ? { folder: stage.env.root } : {}),
  };
}

function reportOf(
  plan: Plan,
  started: number,
): Pick<SeedReport, "seed" | "seconds" | "tasks"> {
  return {
    seed: plan.seed,
    seconds: (performance.now() - started) / 1_000,
    tasks: tasksOf(plan.workload).length,
  };
}

function broken(promise: number, what: string): Violation {
  return { promise, what };
}

async function gather(stage: Stage, plan: Plan): Promise<Parameters<typeof judge>[0]> {
  const accepted = new Map<string, string[]>();
  const seen = new Map<string, SeenResult[]>();
  for (const [number, batches] of plan.workload.clients.entries()) {
    for (const entry of readJournal(stage.journal(number))) {
      if (entry.kind === "accepted") {
        const batch = batches.find(({ name }) => name === entry.batch)!;
        batch.tasks.forEach(({ key }, index) => add(accepted, key, entry.taskIds[index]!));
      } else if (entry.kind === "results") {
        for (const result of entry.results) add(seen, result.taskId, result);
      }
    }
  }
  return {
    planned: tasksOf(plan.workload),
    ledger: stage.ledger.read(),
    accepted,
    seen,
    final: await finalTasks(stage),
    spoolLost: stage.spoolLost,
    noRoom: plan.faults.some(({ kind, lane }) => kind === "disk full" && lane === "agent disk"),
  };
}

function add<T>(lists: Map<string, T[]>, key: string, item: T): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [item]);
  else list.push(item);
}

async function finalTasks({ admin }: Stage): Promise<Map<string, FinalTask>> {
  const taskIds: string[] = [];
  for await (const { task_id } of admin.tasks()) taskIds.push(task_id);
  const final = new Map<string, FinalTask>();
  const left = taskIds.values();
  await Promise.all(Array.from({ length: DETAILS_AT_ONCE }, async () => {
    for (const taskId of left) final.set(taskId, finalTask(await admin.taskDetail(taskId)));
  }));
  return final;
}

function finalTask({ status, timeline, error }: TaskDetail): FinalTask {
  return { status, timeline, ...(error === undefined ? {} : { error }) };
}

/** As its user ends it. */
async function stop(stage: Stage): Promise<Violation[]> {
  const violations: Violation[] = [];
  for (
    const [part, args] of [["agent", ["stop", "default"]], ["service", [
      "service",
      "stop",
    ]]] as const
  ) {
    const finished = await stage.daemons[part].endedFromOutside(async () => {
      const { code, stdout, stderr } = await stage.env.run([...args, "--json"]);
      const killed = code === 0 && JSON.parse(stdout).killed === true;
      if (code !== 0 || killed) {
        violations.push(broken(6, `${args.join(" ")} ended with ${code}: ${stdout}${stderr}`));
      }
    });
    if (finished !== undefined && finished.code !== 0) {
      violations.push(broken(6, `${part} ended with ${finished.code}: ${finished.stderr}`));
    }
  }
  const left = await leftovers(stage.env);
  return [...violations, ...left.map((what) => broken(6, `left behind: ${what}`))];
}
