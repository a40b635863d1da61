/** An endpoint's side of the forwarder link, byte by byte, to say what a real agent never would. */
import { Buffer } from "node:buffer";
import WebSocket from "ws";
import { decodeServiceMessage, encode, encodeMessage } from "../../src/contract/protocol/codec.ts";
import type { EndpointRegistration } from "../../src/contract/api.ts";
import type { Hello, ServiceMessage } from "../../src/contract/protocol/messages.ts";
import { PROTOCOL_VERSION, SUBPROTOCOL } from "../../src/contract/protocol/version.ts";
import { withTimeout } from "../../src/lib/async.ts";

export class FakeEndpoint implements Disposable {
  readonly #socket: WebSocket;
  readonly #registration: EndpointRegistration;
  readonly #received: ServiceMessage[] = [];
  readonly #closed = Promise.withResolvers<number>();
  #arrived = Promise.withResolvers<void>();

  private constructor(socket: WebSocket, registration: EndpointRegistration) {
    this.#socket = socket;
    this.#registration = registration;
    socket.on("message", (data: Buffer) => {
      const decoded = decodeServiceMessage(new Uint8Array(data));
      if (decoded.kind === "violation") throw new Error(`the service sent ${decoded.reason}`);
      this.#received.push(decoded.message);
      this.#arrived.resolve();
    });
    socket.on("close", (code: number) => {
      this.#closed.resolve(code);
      this.#arrived.resolve();
    });
    socket.on("error", () => {});
  }

  static async dial(registration: EndpointRegistration): Promise<FakeEndpoint> {
    const socket = new WebSocket(registration.forwarder_url, SUBPROTOCOL, {
      headers: { authorization: `Bearer ${registration.endpoint_token}` },
      perMessageDeflate: false,
    });
    const endpoint = new FakeEndpoint(socket, registration);
    await new Promise<void>((resolve, reject) => {
      socket.once("open", resolve);
      socket.once("error", reject);
    });
    return endpoint;
  }

  hello(changes: Partial<Hello> = {}): Uint8Array {
    return encodeMessage({
      type: "hello",
      protocol_version: PROTOCOL_VERSION,
      endpoint_id: this.#registration.endpoint_id,
      spool_id: crypto.randomUUID(),
      instance_id: crypto.randomUUID(),
      software_version: "0.0.0",
      hostname: "test",
      runtimes: ["shell"],
      task_credits: 10,
      status: {
        managers: 1,
        total_workers: 1,
        idle_workers: 1,
        pending_tasks: 0,
        outstanding_tasks: 0,
        completed_tasks: 0,
      },
      ...changes,
    });
  }

  /** As one binary frame, whatever the bytes. */
  send(frame: Uint8Array): void {
    this.#socket.send(frame);
  }

  /** Any value as msgpack, without asking whether it is a message. */
  sendValue(value: unknown): void {
    this.#socket.send(encode(value));
  }

  sendText(text: string): void {
    this.#socket.send(text);
  }

  /** The next message of this type; throws when the link closes before. */
  async next<T extends ServiceMessage["type"]>(
    type: T,
  ): Promise<Extract<ServiceMessage, { type: T }>> {
    for (;;) {
      const arrived = this.#arrived.promise;
      const index = this.#received.findIndex((message) => message.type === type);
      if (index >= 0) {
        return this.#received.splice(index, 1)[0] as Extract<ServiceMessage, { type: T }>;
      }
      if (this.#socket.readyState === WebSocket.CLOSED) throw new Error(`closed without ${type}`);
      this.#arrived = Promise.withResolvers();
      const waited = withTimeout(Promise.race([arrived, this.#arrived.promise]), 20_000);
      if (await waited === "timeout") throw new Error(`no ${type} came`);
    }
  }

  /** The code with which the service closes. */
  async closed(): Promise<number> {
    const code = await withTimeout(this.#closed.promise, 20_000);
    if (code === "timeout") throw new Error("the service did not close the link");
    return code;
  }

  /** Cuts the connection without a goodbye. */
  terminate(): void {
    this.#socket.terminate();
  }

  [Symbol.dispose](): void {
    this.#socket.terminate();
  }
}
