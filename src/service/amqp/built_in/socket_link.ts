/** What goes out by the socket of a connection, and its end. */
import { MAX_AMQP_BACKLOG_BYTES } from "../../../contract/limits.ts";
import type { Link } from "./session.ts";

/** For the last words of a connection, milliseconds: a peer may have stopped to read. */
export const LAST_WORDS = 1_000;

/** Writes in order; what comes within a turn goes in as few writes as there are waiting. */
export class SocketLink implements Link {
  backlog = 0;
  readonly #socket: Pick<Deno.Conn, "write" | "close">;
  readonly #drained: () => void;
  readonly #broke: () => void;
  #waiting: Uint8Array<ArrayBuffer>[] = [];
  #isWriting = false;
  /** Whether messages wait elsewhere until the peer has read. */
  #isFull = false;
  #isClosed = false;
  /** Until the socket is closed, whatever was not written. */
  #lastWords: ReturnType<typeof setTimeout> | undefined;

  /**
   * @param drained the peer has taken what waited for it
   * @param broke it has gone
   */
  constructor(
    socket: Pick<Deno.Conn, "write" | "close">,
    drained: () => void,
    broke: () => void,
  ) {
    this.#socket = socket;
    this.#drained = drained;
    this.#broke = broke;
  }

  send(bytes: readonly Uint8Array<ArrayBuffer>[]): void {
    if (this.#isClosed) return;
    for (const piece of bytes) {
      this.#waiting.push(piece);
      this.backlog += piece.length;
    }
    this.#isFull ||= this.backlog >= MAX_AMQP_BACKLOG_BYTES;
    if (!this.#isWriting) {
      this.#isWriting = true;
      queueMicrotask(() => void this.#write());
    }
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    if (this.#isWriting) this.#lastWords = setTimeout(() => this.#shut(), LAST_WORDS);
    else this.#shut();
  }

  async #write(): Promise<void> {
    try {
      while (this.#waiting.length > 0) {
        const bytes = joined(this.#waiting);
        this.#waiting = [];
        for (let sent = 0; sent < bytes.length;) {
          sent += await this.#socket.write(bytes.subarray(sent));
        }
        this.backlog -= bytes.length;
        if (!this.#isFull || this.backlog >= MAX_AMQP_BACKLOG_BYTES) continue;
        this.#isFull = false;
        if (!this.#isClosed) this.#drained();
      }
    } catch {
      this.#waiting = [];
      if (!this.#isClosed) this.#broke();
      this.#isClosed = true;
    }
    this.#isWriting = false;
    if (this.#isClosed) this.#shut();
  }

  #shut(): void {
    clearTimeout(this.#lastWords);
    try {
      this.#socket.close();
    } catch {
      // It is closed already.
    }
  }
}

function joined(pieces: readonly Uint8Array<ArrayBuffer>[]): Uint8Array<ArrayBuffer> {
  const [first] = pieces;
  if (pieces.length === 1) return first!;
  const bytes = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let position = 0;
  for (const piece of pieces) {
    bytes.set(piece, position);
    position += piece.length;
  }
  return bytes;
}
