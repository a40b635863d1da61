/**
 * The chain of processes and durable steps of a task through the service, with nothing else in it:
 * a client's request to a bare server, a synced row there, a frame to a bare agent, a row there, a
 * record to a bare worker and back, a row, a frame, a synced row, and a line to the client. No
 * checks, no queues, no retries, no users: what is left to gain for rows 2 and 3 lies between.
 */
import { fromFileUrl } from "../../src/lib/path.ts";
import { FLOOR } from "../figures.ts";
import { type Scenario, sized } from "../scenario.ts";
import { median, quantile } from "../statistics.ts";
import { timed } from "../timing.ts";

const PAYLOAD = "x".repeat(200);
const TRIPS = 1_000;
const WARM_UP_TRIPS = 200;
const TASKS = 30_000;
const WARM_UP_TASKS = 5_000;
const TASKS_IN_REQUEST = 1_000;
const REQUESTS_IN_FLIGHT = 4;

const SERVER = fromFileUrl(new URL("./trip_server_process.ts", import.meta.url));
const AGENT = fromFileUrl(new URL("./trip_agent_process.ts", import.meta.url));
const CONFIG = fromFileUrl(new URL("../../deno.json", import.meta.url));

/** A process of the chain, which is killed when it is disposed of. */
class Part implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  /** What it printed when it was ready. */
  readonly line: string;

  private constructor(child: Deno.ChildProcess, line: string) {
    this.#child = child;
    this.line = line;
  }

  static async start(script: string, ...rest: readonly string[]): Promise<Part> {
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--quiet", "--no-check", `--config=${CONFIG}`, script, ...rest],
      stdin: "null",
      stdout: "piped",
    }).spawn();
    const reader = child.stdout.getReader();
    const { value } = await reader.read();
    await reader.cancel();
    if (value === undefined) throw new Error(`${script} has ended`);
    return new Part(child, new TextDecoder().decode(value).trim());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#child.status;
  }
}

/** Server, agent and workers, and the client in this process. */
class Chain implements AsyncDisposable {
  readonly #url: string;
  readonly #parts: AsyncDisposableStack;
  readonly #leave = new AbortController();
  /** Of the results that are waited for. */
  #missing = 0;
  #complete = Promise.withResolvers<void>();

  private constructor(url: string, parts: AsyncDisposableStack) {
    this.#url = url;
    this.#parts = parts;
  }

  static async start(folder: string): Promise<Chain> {
    await using parts = new AsyncDisposableStack();
    const { line: port } = parts.use(await Part.start(SERVER, folder));
    parts.use(await Part.start(AGENT, folder, port));
    const chain = new Chain(`http://127.0.0.1:${port}`, parts.move());
    await chain.#follow();
    return chain;
  }

  /** Resolves when all results have come. */
  async run(tasks: number): Promise<void> {
    this.#missing = tasks;
    this.#complete = Promise.withResolvers<void>();
    let left = tasks;
    const lane = async (): Promise<void> => {
      while (left > 0) {
        const count = Math.min(left, TASKS_IN_REQUEST);
        left -= count;
        const body = JSON.stringify(Array(count).fill(PAYLOAD));
        await (await fetch(this.#url, { method: "POST", body })).text();
      }
    };
    await Promise.all([
      ...Array.from({ length: REQUESTS_IN_FLIGHT }, lane),
      this.#complete.promise,
    ]);
  }

  async #follow(): Promise<void> {
    const { body } = await fetch(`${this.#url}/results`, { signal: this.#leave.signal });
    void this.#read(body!).catch((thrown) => {
      if (!this.#leave.signal.aborted) this.#complete.reject(thrown);
    });
  }

  async #read(body: ReadableStream<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder();
    let held = "";
    for await (const chunk of body) {
      const lines = (held + decoder.decode(chunk, { stream: true })).split("\n");
      held = lines.pop()!;
      for (const line of lines) if (line !== "") this.#take(JSON.parse(line));
    }
  }

  #take([, results]: [first: number, results: readonly number[]]): void {
    this.#missing -= results.length;
    if (this.#missing === 0) this.#complete.resolve();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#leave.abort();
    await this.#parts.disposeAsync();
  }
}

export const tripFloor: Scenario = {
  name: "a task's way with nothing else in it",
  subject: FLOOR,
  rows: [2, 3],
  run: async (context) => {
    await using chain = await Chain.start(Deno.makeTempDirSync({ dir: context.folder }));
    const trip = (): Promise<void> => chain.run(1);
    await timed(sized(context, WARM_UP_TRIPS, 5), trip);
    const trips = await timed(sized(context, TRIPS, 20), trip);
    context.record("floor.trip", median(trips));
    context.record("floor.trip_p99", quantile(trips, 0.99));
    await chain.run(sized(context, WARM_UP_TASKS, 100));
    const tasks = sized(context, TASKS, 1_000);
    const begun = performance.now();
    await chain.run(tasks);
    context.record("floor.trip_tasks", tasks / ((performance.now() - begun) / 1_000));
  },
};
