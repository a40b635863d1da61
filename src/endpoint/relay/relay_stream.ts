/** A connection that the service joins with another one, as a stream of bytes; see `contract/relay.ts`. */
import { Buffer } from "node:buffer";
import { Duplex } from "node:stream";
import { RELAY_WINDOW_BYTES } from "../../contract/limits.ts";
import { RELAY_SUBPROTOCOL } from "../../contract/protocol/version.ts";
import { dataMessage, readRelayMessage, RELAY_CLOSE, takenMessage } from "../../contract/relay.ts";
import { ok, type Outcome } from "../../lib/outcome.ts";
import { dial, type DialTarget, type Transport } from "../forwarder/ws_transport.ts";

/** What one message has at most, so that others get between. */
const PIECE_BYTES = 64 * 1024;
/** What is taken is told when it is this much: often enough for a sender never to wait for it. */
const TOLD_BYTES = RELAY_WINDOW_BYTES / 4;

type Done = (error?: Error | null) => void;

export class RelayStream extends Duplex {
  /** Resolves when the first bytes of the other end have come; to false when there is no more hope. */
  readonly joined: Promise<boolean>;
  readonly #joined = Promise.withResolvers<boolean>();
  #transport: Transport | undefined;
  /** Bytes that may be sent. */
  #room = RELAY_WINDOW_BYTES;
  #unsent: { readonly bytes: Uint8Array; readonly done: Done } | undefined;
  /** Bytes that have come and were not told as taken. */
  #untold = 0;
  #ending: { readonly code: number; readonly reason: string } | undefined;

  private constructor() {
    super({ readableHighWaterMark: RELAY_WINDOW_BYTES, allowHalfOpen: false });
    this.joined = this.#joined.promise;
  }

  /** One try, which `signal` ends while it lasts; `url` is ws or wss. */
  static async dial(
    { url, token, ca }: Pick<DialTarget, "url" | "token" | "ca">,
    signal: AbortSignal,
  ): Promise<Outcome<RelayStream>> {
    const stream = new RelayStream();
    const target = { url, token, ca, subprotocol: RELAY_SUBPROTOCOL };
    const dialled = await dial(target, {
      frame: (bytes) => stream.#received(bytes),
      malformed: (reason) => stream.destroy(new Error(`the service sent ${reason}`)),
      closed: (code, reason) => stream.#closed(code, reason),
    }, signal);
    if (dialled.kind !== "ok") return dialled;
    stream.#transport = dialled.value;
    return ok(stream);
  }

  /**
   * Whether it was the other end that has ended the connection. After any other ending nobody knows:
   * the other end may be there, and only the service gone.
   */
  get isEndedByOther(): boolean {
    return this.#ending?.code === RELAY_CLOSE.otherEnd;
  }

  /** In words; empty while it is open. */
  get endingText(): string {
    return this.#ending === undefined ? "" : `${this.#ending.code} ${this.#ending.reason}`.trim();
  }

  #received(frame: Uint8Array): void {
    const message = readRelayMessage(frame as Uint8Array<ArrayBuffer>);
    switch (message.kind) {
      case "violation":
        this.destroy(new Error(`the service sent ${message.reason}`));
        return;
      case "taken":
        this.#room += message.count;
        return this.#sendUnsent();
      case "data":
        this.#joined.resolve(true);
        this.#untold += message.bytes.length;
        if (this.push(bufferOf(message.bytes))) this.#tellTaken();
    }
  }

  override _read(): void {
    this.#tellTaken();
  }

  #tellTaken(): void {
    if (this.#untold < TOLD_BYTES) return;
    this.#transport?.send(takenMessage(this.#untold));
    this.#untold = 0;
  }

  override _write(chunk: Uint8Array, _encoding: string, done: Done): void {
    if (this.#ending !== undefined) return done();
    this.#unsent = { bytes: chunk, done };
    this.#sendUnsent();
  }

  #sendUnsent(): void {
    if (this.#unsent === undefined) return;
    let { bytes } = this.#unsent;
    const { done } = this.#unsent;
    while (bytes.length > 0 && this.#room > 0) {
      const piece = bytes.subarray(0, Math.min(this.#room, PIECE_BYTES));
      this.#transport?.send(dataMessage(piece));
      this.#room -= piece.length;
      bytes = bytes.subarray(piece.length);
    }
    this.#unsent = bytes.length === 0 ? undefined : { bytes, done };
    if (bytes.length === 0) done();
  }

  override _final(done: Done): void {
    this.#transport?.close(1000, "done");
    done();
  }

  override _destroy(error: Error | null, done: Done): void {
    this.#joined.resolve(false);
    this.#transport?.close(1000, error?.message ?? "done");
    done(error);
  }

  /** What has come is still to be read; then it is destroyed. */
  #closed(code: number, reason: string): void {
    this.#ending = { code, reason };
    this.#joined.resolve(false);
    this.push(null);
    // Nobody is there to take it.
    this.#unsent?.done();
    this.#unsent = undefined;
  }
}

function bufferOf({ buffer, byteOffset, length }: Uint8Array<ArrayBuffer>): Buffer {
  return Buffer.from(buffer, byteOffset, length);
}
