/**
 * The endpoint's side of the forwarder protocol, played by a test over a real socket. It takes
 * nothing that was not asked for: a message that no test expected fails it at the end.
 */
import { newId } from "../../../contract/ids.ts";
import { decodeServiceMessage, encode, encodeMessage } from "../../../contract/protocol/codec.ts";
import type {
  EndpointMessage,
  Hello,
  ServiceMessage,
  Tasks,
} from "../../../contract/protocol/messages.ts";
import { SUBPROTOCOL } from "../../../contract/protocol/version.ts";
import { assertEquals, assertTrue } from "../../../lib/assert.ts";
import { withTimeout } from "../../../lib/async.ts";

type Received = ServiceMessage | { readonly type: "closed"; readonly code: number };
type ReceivedType = Received["type"];

/** Nothing here waits for time to pass; this only turns a hanging test into a failing one. */
const PATIENCE = 10_000;

export const IDLE = {
  managers: 1,
  total_workers: 2,
  idle_workers: 2,
  pending_tasks: 0,
  outstanding_tasks: 0,
  completed_tasks: 0,
};

export class FakeEndpoint implements AsyncDisposable {
  readonly #socket: WebSocket;
  readonly #received: Received[] = [];
  #arrived = Promise.withResolvers<void>();

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.binaryType = "arraybuffer";
    socket.addEventListener("message", ({ data }) => this.#add(decodeFrame(data)));
    socket.addEventListener("close", ({ code }) => this.#add({ type: "closed", code }));
    socket.addEventListener("error", (event) => event.preventDefault());
  }

  /** Connected, without a hello. */
  static async dial(url: string): Promise<FakeEndpoint> {
    const socket = new WebSocket(url, SUBPROTOCOL);
    const fake = new FakeEndpoint(socket);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    socket.addEventListener("open", () => resolve(), { once: true });
    socket.addEventListener("close", () => reject(new Error("the upgrade failed")), { once: true });
    await promise;
    return fake;
  }

  send(message: EndpointMessage): void {
    this.#socket.send(encodeMessage(message));
  }

  /** Whatever the protocol does not have. */
  sendValue(value: unknown): void {
    this.#socket.send(encode(value));
  }

  sendRaw(data: Uint8Array<ArrayBuffer> | string): void {
    this.#socket.send(data);
  }

  async next(): Promise<Received> {
    while (this.#received.length === 0) {
      const arrived = await withTimeout(this.#arrived.promise, PATIENCE);
      assertTrue(arrived !== "timeout", "nothing came");
    }
    return this.#received.shift()!;
  }

  /** The next message, which has to be of this type. */
  async expect<T extends ReceivedType>(type: T): Promise<Extract<Received, { type: T }>> {
    const message = await this.next();
    assertTrue(message.type === type, `expected ${type}, found ${JSON.stringify(message)}`);
    return message as Extract<Received, { type: T }>;
  }

  /** The ids of the next batch of tasks. */
  async expectTasks(): Promise<string[]> {
    return (await this.expect("tasks")).tasks.map(({ task_id }) => task_id);
  }

  /** Tasks until `count` have come, however they are cut into batches. */
  async takeTasks(count: number): Promise<Tasks["tasks"]> {
    const tasks: Tasks["tasks"] = [];
    while (tasks.length < count) tasks.push(...(await this.expect("tasks")).tasks);
    assertEquals(tasks.length, count);
    return tasks;
  }

  /**
   * Makes sure that nothing more comes: the service answers a result of an unknown task after all
   * that it had to say before.
   */
  async expectNothing(): Promise<void> {
    const probe = newId();
    this.send({
      type: "results",
      results: [{ task_id: probe, attempt: 0, state: "cancelled", timeline: [] }],
    });
    assertEquals((await this.expect("result_ack")).task_ids, [probe]);
  }

  /** Cuts the link without a word. */
  async cut(): Promise<void> {
    this.#socket.close();
    await this.expect("closed");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#socket.readyState === WebSocket.OPEN) await this.cut();
    const unexpected = this.#received.filter(({ type }) => type !== "closed");
    assertEquals(unexpected, []);
  }

  #add(received: Received): void {
    this.#received.push(received);
    this.#arrived.resolve();
    this.#arrived = Promise.withResolvers<void>();
  }
}

export function hello(endpointId: string, change: Partial<Hello> = {}): Hello {
  return {
    type: "hello",
    protocol_version: 1,
    endpoint_id: endpointId,
    spool_id: newId(),
    instance_id: newId(),
    software_version: "0.1.0",
    hostname: "login1",
    runtimes: ["typescript"],
    task_credits: 4_000,
    status: IDLE,
    ...change,
  };
}

function decodeFrame(data: unknown): Received {
  assertTrue(data instanceof ArrayBuffer, "the service sent a text message");
  const decoded = decodeServiceMessage(new Uint8Array(data));
  assertTrue(decoded.kind === "message", `the service broke the protocol: ${decoded.kind}`);
  return decoded.message;
}
