/**
 * Tasks that wait until they are let go. Their function's module waits for a file, the gate, before it
 * is loaded, so the workers are held up at their first task and run at full speed once it is there.
 */
import { type Client, payloadOf, typescript } from "../../src/client/mod.ts";
import { join } from "../../src/lib/path.ts";
import type { Deployment } from "../deployment.ts";

/** Of one request, and requests at a time. */
const BATCH = 10_000;
const REQUESTS = 4;
/** Of a window's results, after so many as many tasks are submitted, so that as many wait always. */
const REFILL = 0.1;
const PAYLOAD = payloadOf([1], {});

function gated(gate: string): ReturnType<typeof typescript> {
  return typescript(`
    for (;;) {
      try {
        Deno.statSync(${JSON.stringify(gate)});
        break;
      } catch {
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    }
    export default (x) => x;
  `);
}

/** Tasks of one function that wait at their gate. */
export class Backlog {
  readonly #client: Client;
  readonly #endpointId: string;
  readonly #functionId: string;
  readonly #gate: string;
  readonly #groupId = crypto.randomUUID();

  private constructor(client: Client, endpointId: string, functionId: string, gate: string) {
    this.#client = client;
    this.#endpointId = endpointId;
    this.#functionId = functionId;
    this.#gate = gate;
  }

  static async at({ env }: Deployment, client: Client, endpointId: string): Promise<Backlog> {
    const gate = join(env.root, crypto.randomUUID());
    const { functionId } = await client.register(gated(gate));
    return new Backlog(client, endpointId, functionId, gate);
  }

  async submit(count: number): Promise<void> {
    let left = count;
    const requests = async (): Promise<void> => {
      while (left > 0) {
        const size = Math.min(BATCH, left);
        left -= size;
        await this.#request(size);
      }
    };
    await Promise.all(Array.from({ length: REQUESTS }, requests));
  }

  /**
   * Opens the gate, and gives the rate of each of `windows` windows of `size` results, while as many
   * tasks are submitted as end.
   */
  async rates(size: number, windows: number): Promise<number[]> {
    const rates: number[] = [];
    const refills: Promise<void>[] = [];
    const refill = size * REFILL;
    let [results, ended] = [0, 0];
    let begun: number | undefined;
    Deno.writeTextFileSync(this.#gate, "");
    for await (const { tasks } of this.#client.results(this.#groupId)) {
      ended += tasks.length;
      for (; ended >= refill; ended -= refill) refills.push(this.#request(refill));
      const now = performance.now();
      begun ??= now;
      results += tasks.length;
      if (results < size) continue;
      rates.push(results / ((now - begun) / 1_000));
      if (rates.length === windows) break;
      [results, begun] = [0, now];
    }
    await Promise.all(refills);
    return rates;
  }

  async #request(size: number): Promise<void> {
    await this.#client.submit(this.#endpointId, {
      tasks: { [this.#functionId]: Array(size).fill(PAYLOAD) },
      task_group_id: this.#groupId,
    });
  }
}
