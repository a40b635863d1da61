/** The tasks of a seed: what each does, and who submits it when. Pure. */
import { createHash } from "node:crypto";
import { FileArgument } from "../../src/client/mod.ts";
import { INLINE_BYTES } from "../../src/contract/limits.ts";
import type { Random } from "./random.ts";

export type TaskRuntime = "typescript" | "python" | "shell";

/** A task as it is planned; `key` is unique in its seed, and what the ledger has. */
export interface PlannedTask {
  readonly key: string;
  /** Milliseconds that it runs. */
  readonly milliseconds: number;
  /** Characters that its result has beside the key and a hash; a large one goes by reference. */
  readonly size: number;
  /** Characters of an argument that goes by reference; 0 for none. */
  readonly argument: number;
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
/** What the clients send within a submit; low, so that what goes by reference costs little. */
export const INLINE_ARGUMENT_BYTES = 8_000;
/** More than is moved at once. */
const SEVERAL_CHUNKS = 12_000_000;

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
    size: drawSize(random, runtime),
    argument: drawArgument(random),
    // The exit code of a shell task is its result.
    fails: runtime !== "shell" && random.chance(0.08),
    cancelled: random.chance(0.05),
  };
}

/** One in a hundred goes by reference, but for a shell command's output, of which the end is kept. */
function drawSize(random: Random, runtime: TaskRuntime): number {
  const sort = random.weighted({ small: 95, medium: 4, large: 1 });
  switch (sort) {
    case "small":
      return random.integer(0, 100);
    case "medium":
      return random.logUniform(1_000, 500_000);
    case "large":
      return runtime === "shell" ? 500_000 : random.integer(INLINE_BYTES, 2 * INLINE_BYTES);
  }
}

function drawArgument(random: Random): number {
  const sort = random.weighted({ none: 965, small: 30, large: 5 });
  switch (sort) {
    case "none":
      return 0;
    case "small":
      return random.logUniform(2 * INLINE_ARGUMENT_BYTES, 300_000);
    case "large":
      return SEVERAL_CHUNKS;
  }
}

export function tasksOf(workload: Workload): { batch: PlannedBatch; task: PlannedTask }[] {
  return workload.clients.flat().flatMap((batch) => batch.tasks.map((task) => ({ batch, task })));
}

// -- what runs --------------------------------------------------------------------------------

/** `length` characters that no other task has. */
export function textOf({ key }: Pick<PlannedTask, "key">, length: number): string {
  return `${key}.`.repeat(Math.ceil(length / (key.length + 1))).slice(0, length);
}

export function sha256Of(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

/** What a client makes of a result, so that it need not keep all of it. */
export interface SeenValue {
  readonly key: string;
  /** Hash of the argument as the task got it. */
  readonly argument: string;
  /** Hash of what the task made. */
  readonly filler: string;
}

export function expectedValue(task: PlannedTask): SeenValue {
  return {
    key: task.key,
    argument: sha256Of(textOf(task, task.argument)),
    filler: sha256Of(textOf(task, task.size)),
  };
}

/**
 * Each writes to the ledger when an attempt begins, and when it is done with its work. It gives back
 * its key, the hash of its argument, and as much text as is planned.
 */
export const SOURCES: Readonly<Record<TaskRuntime, string>> = {
  typescript: `
export default async function task(ledger, { key, milliseconds, size, fails }, text) {
  Deno.writeTextFileSync(ledger, "B " + key + "\\n", { append: true });
  if (milliseconds > 0) await new Promise((resolve) => setTimeout(resolve, milliseconds));
  Deno.writeTextFileSync(ledger, "E " + key + "\\n", { append: true });
  if (fails) throw new RangeError("meant to fail");
  const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  const filler = (key + ".").repeat(Math.ceil(size / (key.length + 1))).slice(0, size);
  return { key, argument: new Uint8Array(hash).toHex(), filler };
}
`,
  python: `
import hashlib
import os
import time


def write(ledger, line):
    handle = os.open(ledger, os.O_WRONLY | os.O_APPEND)
    os.write(handle, line.encode())
    os.close(handle)


def task(ledger, planned, text):
    write(ledger, "B %s\\n" % planned["key"])
    time.sleep(planned["milliseconds"] / 1000)
    write(ledger, "E %s\\n" % planned["key"])
    if planned["fails"]:
        raise ValueError("meant to fail")
    key, size = planned["key"], planned["size"]
    argument = hashlib.sha256(text.encode()).hexdigest()
    filler = ((key + ".") * (size // (len(key) + 1) + 1))[:size]
    return {"key": key, "argument": argument, "filler": filler}
`,
  shell: `echo B {key} >>{ledger}; sleep {seconds}; echo E {key} >>{ledger}; echo {key}; ` +
    `sha256sum <{file} | cut -c 1-64; yes {key}. | tr -d '[:cntrl:]' | head -c {size}`,
};

/** Arguments of one task, as {@link SOURCES} take them. */
export function argumentsOf(
  runtime: TaskRuntime,
  task: PlannedTask,
  ledger: string,
): { readonly args: unknown[]; readonly kwargs: Record<string, unknown> } {
  const text = textOf(task, task.argument);
  if (runtime !== "shell") return { args: [ledger, task, text], kwargs: {} };
  const { key, size, milliseconds } = task;
  const file = text === "" ? "/dev/null" : fileOf(text);
  return { args: [], kwargs: { key, size, ledger, seconds: milliseconds / 1_000, file } };
}

function fileOf(text: string): FileArgument {
  const bytes = new TextEncoder().encode(text);
  return new FileArgument("text", {
    sha256: sha256Of(text),
    size: bytes.length,
    read: (start, end) => Promise.resolve(bytes.subarray(start, end)),
  });
}
