/** The port of the built-in server: takes connections and moves their bytes. */
import {
  MAX_AMQP_BACKLOG_BYTES,
  MAX_AMQP_CONNECTIONS,
  MAX_AMQP_STRANGERS,
} from "../../../contract/limits.ts";
import { withTimeout } from "../../../lib/async.ts";
import { logger } from "../../../lib/log.ts";
import { messageOf } from "../../../lib/outcome.ts";
import type { TlsFiles } from "../../options.ts";
import { Connection } from "./connection.ts";
import type { Host, Link } from "./session.ts";

const log = logger("service", "amqp");
const READ_BYTES = 64 * 1024;
/** For the last words of connections when the service ends, milliseconds. */
const LAST_WORDS = 1_000;

export class AmqpListener {
  readonly port: number;
  readonly #listener: Deno.Listener<Deno.Conn>;
  readonly #host: Host;
  readonly #connections = new Map<Connection, Promise<void>>();
  /** In the order in which they came; some of them are known or gone by now. */
  readonly #strangers = new Set<Connection>();
  #accepting: Promise<void> = Promise.resolve();

  /** Throws the system's own error when the port is not to be had. */
  constructor(
    host: Host,
    { hostname, port, tls }: {
      readonly hostname: string;
      readonly port: number;
      readonly tls?: TlsFiles;
    },
  ) {
    this.#host = host;
    const listener = tls === undefined
      ? Deno.listen({ hostname, port })
      : Deno.listenTls({ hostname, port, ...tls });
    this.port = listener.addr.port;
    this.#listener = listener;
  }

  /** Answers from now on; whoever has come before waits until then. */
  serve(): void {
    this.#accepting = this.#accept();
  }

  get size(): number {
    return this.#connections.size;
  }

  async close(): Promise<void> {
    this.#listener.close();
    await this.#accepting;
    for (const connection of this.#connections.keys()) connection.close("the service stops");
    await withTimeout(Promise.all(this.#connections.values()), LAST_WORDS);
    for (const connection of [...this.#connections.keys()]) connection.end();
    await withTimeout(Promise.all(this.#connections.values()), LAST_WORDS);
  }

  async #accept(): Promise<void> {
    while (true) {
      try {
        this.#serve(await this.#listener.accept());
      } catch (thrown) {
        if (thrown instanceof Deno.errors.BadResource) return;
        if (thrown instanceof Deno.errors.Interrupted) return;
        // A peer that went away at once, or no file descriptor left.
        log.debug("a connection was not taken: {reason}", { reason: messageOf(thrown) });
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
    }
  }

  #serve(socket: Deno.Conn): void {
    if (this.#connections.size >= MAX_AMQP_CONNECTIONS) return socket.close();
    this.#makeRoom();
    if ("setNoDelay" in socket) (socket as Deno.TcpConn).setNoDelay(true);
    const link = new SocketLink(socket, () => connection.drained(), () => connection.end());
    const connection = new Connection(this.#host, link);
    const served = pump(socket, connection).finally(() => this.#connections.delete(connection));
    this.#connections.set(connection, served);
    this.#strangers.add(connection);
  }

  /** Whoever only connects must not keep others out: an honest peer logs in within moments. */
  #makeRoom(): void {
    if (this.#strangers.size < MAX_AMQP_STRANGERS) return;
    for (const connection of this.#strangers) {
      if (connection.isKnown || connection.isEnded) this.#strangers.delete(connection);
    }
    const [oldest] = this.#strangers;
    if (oldest === undefined || this.#strangers.size < MAX_AMQP_STRANGERS) return;
    this.#strangers.delete(oldest);
    oldest.end();
  }
}

/** Until either side ends it. Never rejects. */
async function pump(socket: Deno.Conn, connection: Connection): Promise<void> {
  const buffer = new Uint8Array(READ_BYTES);
  try {
    while (!connection.isEnded) {
      const length = await socket.read(buffer);
      if (length === null) break;
      await connection.receive(buffer.subarray(0, length));
    }
  } catch (thrown) {
    log.debug("a connection broke: {reason}", { reason: messageOf(thrown) });
  } finally {
    connection.end();
  }
}

/** Writes in order; what comes within a turn goes in as few writes as there are waiting. */
class SocketLink implements Link {
  backlog = 0;
  readonly #socket: Deno.Conn;
  readonly #drained: () => void;
  readonly #broke: () => void;
  #waiting: Uint8Array<ArrayBuffer>[] = [];
  #isWriting = false;
  /** Whether messages wait elsewhere until the peer has read. */
  #isFull = false;
  #isClosed = false;

  constructor(socket: Deno.Conn, drained: () => void, broke: () => void) {
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
    this.#isClosed = true;
    if (!this.#isWriting) this.#shut();
  }

  async #write(): Promise<void> {
    try {
      while (this.#waiting.length > 0) {
        const bytes = joined(this.#waiting);
        this.#waiting = [];
        for (let sent = 0; sent < bytes.length;) {
          const write = this.#socket.write(bytes.subarray(sent));
          const length = this.#isClosed ? await withTimeout(write, LAST_WORDS) : await write;
          if (length === "timeout") throw new Error("it reads nothing");
          sent += length;
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
