/** The port of the built-in server: takes connections and moves their bytes. */
import { MAX_AMQP_CONNECTIONS, MAX_AMQP_STRANGERS } from "../../../contract/limits.ts";
import { withTimeout } from "../../../lib/async.ts";
import { logger } from "../../../lib/log.ts";
import { messageOf } from "../../../lib/outcome.ts";
import type { TlsFiles } from "../../options.ts";
import { Connection } from "./connection.ts";
import type { Host } from "./session.ts";
import { LAST_WORDS, SocketLink } from "./socket_link.ts";

const log = logger("service", "amqp");
const READ_BYTES = 64 * 1024;

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
