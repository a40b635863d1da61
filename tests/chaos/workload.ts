/** The tasks of a seed: what each does, and who submits it when. Pure. */
import type { Random } from "./random.ts";

export type TaskRuntime = "typescript" | "python" | "shell";

/** A task as it is planned; `key` is unique in its seed, and what the ledger has. */
export interface PlannedTask {
  readonly key: string;
  /** Milliseconds that it runs. */
  readonly milliseconds: number;
  /** Characters that its result has beside the key. */
  readonly size: number;
  /** It raises an exception. */
  readonly fails: boolean;
  /** Its client cancels it after it was accepted. */
  readonly cancelled: boolean;
}

/** What goes into one submit. */
export interface PlannedBatch {
  /** Idempotency key. */
  readonly name: string;
  /** Milliseconds after the first. */
  readonly at: number;
  /** Number of the client's task group. */
  readonly group: number;
  readonly runtime: TaskRuntime;
  readonly maxAttempts: number;
  /** It is submitted once more after it was accepted. */
  readonly repeated: boolean;
  readonly tasks: readonly PlannedTask[];
}

export interface Workload {
  /** Batches of each client, in the order in which it submits them. */
  readonly clients: readonly (readonly PlannedBatch[])[];
}

export const CLIENTS = 2;
export const GROUPS = 2;

export function planWorkload(random: Random, tasks: number, duration: number): Workload {
  const clients = Array.from({ length: CLIENTS }, (): PlannedBatch[] => []);
  for (let left = tasks, number = 0; left > 0; number++) {
    const count = Math.min(left, random.logUniform(1, 60));
    const client = random.integer(0, CLIENTS - 1);
    clients[client]!.push(drawBatch(random, `${client}-${number}`, count, duration));
    left -= count;
  }
  return { clients: clients.map((batches) => batches.toSorted((a, b) => a.at - b.at)) };
}

function drawBatch(random: Random, name: string, count: number, duration: number): PlannedBatch {
  const runtime = random.weighted({ typescript: 5, python: 3, shell: 1 });
  return {
    name,
    at: random.integer(0, duration),
    group: random.integer(0, GROUPS - 1),
    runtime,
    maxAttempts: random.integer(1, 3),
    repeated: random.chance(0.2),
    tasks: Array.from(
      { length: count },
      (_, index) => drawTask(random, `${name}-${index}`, runtime),
    ),
  };
}

function drawTask(random: Random, key: string, runtime: TaskRuntime): PlannedTask {
  return {
    key,
    milliseconds: random.chance(0.06) ? random.logUniform(100, 2_000) : 0,
    size: random.chance(0.04) ? random.logUniform(1_000, 500_000) : random.integer(0, 100),
    // The exit code of a shell task is its result.
    fails: runtime !== "shell" && random.chance(0.08),
    cancelled: random.chance(0.05),
  };
}

export function tasksOf(workload: Workload): { batch: PlannedBatch; task: PlannedTask }[] {
  return workload.clients.flat().flatMap((batch) => batch.tasks.map((task) => ({ batch, task })));
}

// -- what runs --------------------------------------------------------------------------------

/** Each writes to the ledger when an attempt begins, and when it is done with its work. */
export const SOURCES: Readonly<Record<TaskRuntime, string>> = {
  typescript: `
export default async function task(ledger, { key, milliseconds, size, fails }) {
  Deno.writeTextFileSync(ledger, "B " + key + "\\n", { append: true });
  if (milliseconds > 0) await new Promise((resolve) => setTimeout(resolve, milliseconds));
  Deno.writeTextFileSync(ledger, "E " + key + "\\n", { append: true });
  if (fails) throw new RangeError("meant to fail");
  return { key, filler: "x".repeat(size) };
}
`,
  python: `
import os
import time


def write(ledger, line):
    handle = os.open(ledger, os.O_WRONLY | os.O_APPEND)
    os.write(handle, line.encode())
    os.close(handle)


def task(ledger, planned):
    write(ledger, "B %s\\n" % planned["key"])
    time.sleep(planned["milliseconds"] / 1000)
    write(ledger, "E %s\\n" % planned["key"])
    if planned["fails"]:
        raise ValueError("meant to fail")
    return {"key": planned["key"], "filler": "x" * planned["size"]}
`,
  shell: `echo B {key} >>{ledger}; sleep {seconds}; echo E {key} >>{ledger}; echo {key}; ` +
    `head -c {size} /dev/zero | tr '\\\\0' x`,
};

/** Arguments of one task, as {@link SOURCES} take them. */
export function argumentsOf(
  runtime: TaskRuntime,
  task: PlannedTask,
  ledger: string,
): { readonly args: unknown[]; readonly kwargs: Record<string, unknown> } {
  if (runtime !== "shell") return { args: [ledger, task], kwargs: {} };
  const { key, size, milliseconds } = task;
  return { args: [], kwargs: { key, size, ledger, seconds: milliseconds / 1_000 } };
}
