/** A WebSocket byte by byte: frames as RFC 6455 has them, and as it has not. */
import fc from "fast-check";
import { connect, type Socket } from "node:net";
import { encode } from "../../src/contract/protocol/codec.ts";
import type { Hello } from "../../src/contract/protocol/messages.ts";
import { PROTOCOL_VERSION, SUBPROTOCOL } from "../../src/contract/protocol/version.ts";
import { joinBytes, spoilt, spoiltBytes } from "../../src/contract/testing/spoilt.ts";
import { withTimeout } from "../../src/lib/async.ts";

/** One thing that is written to the connection. */
export interface Sending {
  readonly kind: "binary" | "text" | "fragments" | "cut" | "raw" | "ping" | "close";
  readonly bytes: Uint8Array;
}

const OPCODES = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9 } as const;
/** Milliseconds that a peer gets for its first word. */
const PATIENCE = 10_000;

/** Messages whole and spoilt, in every way in which they may be sent. */
export function framesOf(messages: fc.Arbitrary<unknown>): fc.Arbitrary<Sending> {
  const good = messages.map((message) => encode(message) as Uint8Array);
  const bytes = fc.oneof(
    { weight: 3, arbitrary: good },
    { weight: 3, arbitrary: spoilt(messages).map((value) => encode(value) as Uint8Array) },
    { weight: 2, arbitrary: spoiltBytes(good) },
    fc.uint8Array({ maxLength: 200 }),
  );
  const kind = fc.oneof(
    { weight: 8, arbitrary: fc.constant("binary" as const) },
    fc.constantFrom("text", "fragments", "cut", "raw", "ping", "close"),
  );
  return fc.record({ kind, bytes }) as fc.Arbitrary<Sending>;
}

/** A frame; those of a client are masked, with zeros, which leaves the bytes as they are. */
export function webSocketFrame(
  opcode: number,
  bytes: Uint8Array,
  { final = true, masked = true }: { final?: boolean; masked?: boolean } = {},
): Uint8Array {
  const mark = masked ? 0x80 : 0;
  const first = (final ? 0x80 : 0) | opcode;
  const mask = new Uint8Array(masked ? 4 : 0);
  if (bytes.length < 126) {
    return joinBytes(new Uint8Array([first, mark | bytes.length]), mask, bytes);
  }
  const head = new Uint8Array(10);
  head.set([first, mark | 127]);
  new DataView(head.buffer).setUint32(6, bytes.length);
  return joinBytes(head, mask, bytes);
}

/** The bytes that go out for a sending. */
export function wireBytes({ kind, bytes }: Sending, masked: boolean): Uint8Array {
  const frame = (opcode: number, part = bytes, final = true): Uint8Array =>
    webSocketFrame(opcode, part, { final, masked });
  switch (kind) {
    case "binary":
      return frame(OPCODES.binary);
    case "text":
      return frame(OPCODES.text);
    case "fragments": {
      const half = bytes.length >> 1;
      return joinBytes(
        frame(OPCODES.binary, bytes.subarray(0, half), false),
        frame(OPCODES.ping, new Uint8Array(3)),
        frame(OPCODES.continuation, bytes.subarray(half)),
      );
    }
    case "cut":
      return frame(OPCODES.binary).subarray(0, -1);
    case "raw":
      return bytes;
    case "ping":
      return frame(OPCODES.ping);
    case "close":
      return frame(OPCODES.close);
  }
}

export function helloOf(endpointId: string, instanceId: string): Hello {
  return {
    type: "hello",
    protocol_version: PROTOCOL_VERSION,
    endpoint_id: endpointId,
    spool_id: instanceId,
    instance_id: instanceId,
    software_version: "0.0.0",
    hostname: "fuzz",
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
  };
}

export class RawLink implements Disposable {
  readonly #socket: Socket;
  readonly #first = Promise.withResolvers<void>();

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("data", () => this.#first.resolve());
    socket.on("close", () => this.#first.resolve());
    socket.on("error", () => this.#first.resolve());
  }

  /** A connection that has been upgraded. */
  static async dial(url: string, token: string, subprotocol = SUBPROTOCOL): Promise<RawLink> {
    const { hostname, port, pathname, search, host } = new URL(url.replace(/^ws/, "http"));
    const socket = connect(Number(port), hostname);
    const upgraded = Promise.withResolvers<void>();
    socket.on("error", upgraded.reject);
    socket.write(
      `GET ${pathname}${search} HTTP/1.1\r\nHost: ${host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
        `Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n` +
        `Sec-WebSocket-Protocol: ${subprotocol}\r\nAuthorization: Bearer ${token}\r\n\r\n`,
    );
    socket.once("data", (answer: Uint8Array) => {
      const [line] = new TextDecoder().decode(answer).split("\r\n");
      if (line!.includes(" 101 ")) upgraded.resolve();
      else upgraded.reject(new Error(`the upgrade was answered with ${line}`));
    });
    socket.once("close", () => upgraded.reject(new Error("the connection was closed")));
    await upgraded.promise;
    socket.off("error", upgraded.reject);
    return new RawLink(socket);
  }

  /** One whole binary message. */
  frame(bytes: Uint8Array): void {
    this.send({ kind: "binary", bytes });
  }

  send(sending: Sending): void {
    if (!this.#socket.destroyed) this.#socket.write(wireBytes(sending, true));
  }

  /** The peer's first word, or the end of the connection. */
  async heard(): Promise<void> {
    if (await withTimeout(this.#first.promise, PATIENCE) === "timeout") {
      throw new Error("the peer neither answered nor closed");
    }
  }

  /** What was sent is with the system, or the connection has ended; then closes this half. */
  async sent(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#socket.once("close", () => resolve());
    this.#socket.end(() => resolve());
    if (!this.#socket.destroyed) await promise;
  }

  terminate(): void {
    this.#socket.destroy();
  }

  [Symbol.dispose](): void {
    this.terminate();
  }
}
