/**
 * `deno run -A scripts/bench_executor.ts [RUNTIME…]` measures the executor alone, without agent and
 * service: no-op tasks per second in batches, and the round trip of a single task.
 */
import { availableParallelism, cpus } from "node:os";
import { HEADERS, jsonPayload, sourceFunction } from "../src/contract/envelope.ts";
import { newId } from "../src/contract/ids.ts";
import type { Executor, FinishedAttempt, TaskAttempt } from "../src/endpoint/executor/executor.ts";
import { startLocalExecutor } from "../src/endpoint/executor/local_executor.ts";
import { join } from "../src/lib/path.ts";

const WORKERS = 2;
/** What an agent hands over at a time at most. */
const BATCH = 1_000;
const ROUND_TRIPS = 500;
const WARM_UP = 0.2;

interface Kind {
  readonly code: string;
  readonly tasks: number;
}

const KINDS: Readonly<Record<string, Kind>> = {
  typescript: {
    code: sourceFunction(HEADERS.typescriptSource, "default", "export default (x) => x;"),
    tasks: 400_000,
  },
  python: {
    code: sourceFunction(HEADERS.pythonSource, "noop", "def noop(x):\n    return x\n"),
    tasks: 200_000,
  },
  shell: { code: sourceFunction(HEADERS.shellTemplate, "noop", ":"), tasks: 2_000 },
};

/** Runs attempts on one executor and tells when they have finished. */
class Harness {
  executor!: Executor;
  #waiting = 0;
  #done = Promise.withResolvers<void>();
  #next: () => void = () => {};

  readonly events = {
    started: (): void => {},
    finished: (attempts: readonly FinishedAttempt[]): void => this.#finished(attempts),
    output: (): void => {},
    roomForMore: (): void => this.#next(),
  };

  #finished(attempts: readonly FinishedAttempt[]): void {
    for (const { outcome } of attempts) {
      if (outcome.kind !== "success") throw new Error(JSON.stringify(outcome));
    }
    this.#waiting -= attempts.length;
    if (this.#waiting === 0) this.#done.resolve();
  }

  /** Hands over all attempts as room for them comes. */
  runAll(attempts: readonly TaskAttempt[]): Promise<void> {
    this.#done = Promise.withResolvers();
    this.#waiting = attempts.length;
    let position = 0;
    this.#next = (): void => {
      const room = Math.min(this.executor.capacity(), BATCH);
      if (room === 0 || position === attempts.length) return;
      const batch = attempts.slice(position, position + room);
      position += batch.length;
      this.executor.run(batch);
    };
    this.#next();
    return this.#done.promise;
  }
}

function attemptsOf(kind: Kind, count: number): TaskAttempt[] {
  const encoder = new TextEncoder();
  const functionId = newId();
  const code = encoder.encode(kind.code);
  const payload = encoder.encode(jsonPayload([1]));
  return Array.from(
    { length: count },
    () => ({ taskId: newId(), attempt: 1, functionId, code, payload, options: {} }),
  );
}

async function throughput(harness: Harness, kind: Kind): Promise<number> {
  await harness.runAll(attemptsOf(kind, Math.ceil(kind.tasks * WARM_UP)));
  const attempts = attemptsOf(kind, kind.tasks);
  const began = performance.now();
  await harness.runAll(attempts);
  return kind.tasks / (performance.now() - began) * 1_000;
}

async function roundTrips(harness: Harness, kind: Kind): Promise<number[]> {
  const times: number[] = [];
  for (const attempt of attemptsOf(kind, ROUND_TRIPS)) {
    const began = performance.now();
    await harness.runAll([attempt]);
    times.push(performance.now() - began);
  }
  return times.sort((left, right) => left - right);
}

async function measure(folder: string, names: readonly string[]): Promise<void> {
  const harness = new Harness();
  harness.executor = await startLocalExecutor({
    executor: {
      workersPerNode: WORKERS,
      prefetch: 1,
      maxAttempts: 2,
      walltimeSeconds: null,
      provider: { type: "local" },
      runtimes: {
        typescript: {
          permissions: {
            read: false,
            write: false,
            net: false,
            env: false,
            run: false,
            sys: false,
          },
        },
        python: { interpreter: "python3" },
        shell: { shell: "/bin/sh" },
      },
      workerInit: "",
      environment: {},
      sandbox: false,
      workingFolder: join(folder, "tasks"),
    },
    events: harness.events,
    stateDir: folder,
    workerCommand: JSON.parse(Deno.env.get("FUNCX_BENCH_WORKER") ?? "null") ?? undefined,
  });
  console.log(`${cpus()[0]?.model}, ${availableParallelism()} cores, ${WORKERS} workers`);
  for (const name of names.filter((name) => harness.executor.runtimes.includes(name))) {
    const kind = KINDS[name]!;
    const rate = Math.round(await throughput(harness, kind)).toLocaleString("en");
    const times = await roundTrips(harness, kind);
    const [p50, p99] = [0.5, 0.99].map((part) => times[Math.floor(times.length * part)]!);
    console.log(
      `${name.padEnd(10)} ${rate.padStart(9)} tasks/s   ` +
        `one task p50 ${p50!.toFixed(2)} ms, p99 ${p99!.toFixed(2)} ms`,
    );
  }
  await harness.executor.close();
}

if (import.meta.main) {
  const folder = Deno.makeTempDirSync({ prefix: "funcx-bench-" });
  try {
    await measure(folder, Deno.args.length > 0 ? Deno.args : Object.keys(KINDS));
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}
