/**
 * How many tasks a second the agent carries durably, without workers: a peer in a thread of its own
 * speaks the service's part, and an executor ends every attempt at once.
 *
 *     deno run -A bench/parts/agent.ts [TASKS]
 */
import { newId } from "../../src/contract/ids.ts";
import { wallClock } from "../../src/lib/clock.ts";
import { join } from "../../src/lib/path.ts";
import type {
  Executor,
  ExecutorEvents,
  TaskAttempt,
} from "../../src/endpoint/executor/executor.ts";
import { connect } from "../../src/endpoint/forwarder/connection.ts";
import { openSpool } from "../../src/endpoint/spool.ts";
import { TaskFlow } from "../../src/endpoint/task_flow.ts";

const ROOM = 4_000;
const NOTHING = new Uint8Array();
const RESULT = new TextEncoder().encode("11\n1");

/** Ends what it is given in the next turn, in one batch. */
class InstantExecutor implements Executor {
  readonly runtimes = ["none"];
  readonly #events: ExecutorEvents;
  #held = 0;

  constructor(events: ExecutorEvents) {
    this.#events = events;
  }

  capacity(): number {
    return ROOM - this.#held;
  }

  run(attempts: readonly TaskAttempt[]): void {
    this.#held += attempts.length;
    queueMicrotask(() => {
      this.#held -= attempts.length;
      this.#events.finished(attempts.map(({ taskId, attempt }) => ({
        taskId,
        attempt,
        outcome: { kind: "success", result: RESULT },
        output: { stdout: NOTHING, stderr: NOTHING },
        timeline: [{ state: "running", at: wallClock(), by: "worker", attempt }],
        details: { pid: 1 },
      })));
    });
  }

  cancel(): void {}
  follow(): void {}
  close(): Promise<void> {
    return Promise.resolve();
  }

  load(): ReturnType<Executor["load"]> {
    return { managers: 1, total_workers: 1, idle_workers: 1, outstanding_tasks: this.#held };
  }
}

async function main(): Promise<void> {
  const total = Number(Deno.args[0] ?? 200_000);
  const peer = new Worker(new URL("./agent_peer.ts", import.meta.url), { type: "module" });
  const next = async (): Promise<Record<string, number>> =>
    await new Promise((resolve) => peer.onmessage = (event) => resolve(event.data));
  peer.postMessage({ total });
  const { port } = await next();
  const folder = Deno.makeTempDirSync();
  const endpointId = newId();
  const spool = openSpool(join(folder, "spool.db"), endpointId);
  const flow = new TaskFlow({
    spool,
    maxAttempts: 2,
    allowedFunctions: null,
    now: wallClock,
    onStorage: (problem) => console.error(problem),
    onFatal: (problem) => console.error(problem),
  });
  flow.start(new InstantExecutor(flow.executorEvents));
  const outcome = await connect({
    target: { url: `ws://127.0.0.1:${port}/`, token: "none" },
    hello: {
      type: "hello",
      protocol_version: 1,
      endpoint_id: endpointId,
      spool_id: spool.spoolId,
      instance_id: newId(),
      software_version: "bench",
      hostname: "bench",
      runtimes: [],
      task_credits: flow.taskCredits,
      status: flow.status(),
    },
    status: () => flow.status(),
    now: wallClock,
    opened: (session) => flow.sessionOpened(session),
    message: (message) => flow.receive(message),
    signal: new AbortController().signal,
  });
  if (outcome.kind !== "ok") throw new Error(outcome.failure.message);
  const { milliseconds } = await next();
  const rate = Math.round(total / milliseconds * 1_000).toLocaleString("en");
  const { rss } = Deno.memoryUsage();
  console.log(`agent, durable, without workers: ${rate} tasks/s (${total} tasks)`);
  console.log(`memory at the end, with the peer: ${Math.round(rss / 1024 / 1024)} MB`);
  outcome.value.leave("done");
  flow.close();
  spool.close();
  peer.terminate();
  Deno.removeSync(folder, { recursive: true });
}

await main();
