/**
 * Where managers dial the agent: TLS and nothing else, and a WebSocket after a block's token was
 * shown. Whoever has shown none is bounded in number, time and size.
 */
import type { Buffer } from "node:buffer";
import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { createServer, type Server } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import type { Duplex } from "node:stream";
import { type WebSocket, WebSocketServer } from "ws";
import { FuncxError } from "../../contract/errors.ts";
import {
  HANDSHAKE_TIMEOUT,
  MAX_FRAME_BYTES,
  MAX_UNKNOWN_CONNECTIONS,
} from "../../contract/limits.ts";
import { MANAGER_SUBPROTOCOL } from "../../contract/protocol/version.ts";
import { logger } from "../../lib/log.ts";
import { messageOf } from "../../lib/outcome.ts";
import type { Credentials } from "./certificate.ts";

const log = logger("managers", "listener");

const MAX_HEADER_BYTES = 8 * 1024;
/** Between two looks for requests that take too long, milliseconds. */
const CHECK_INTERVAL = 1_000;

export interface ListenerOptions {
  /** Addresses of this machine, at least one; all get the same port. */
  readonly hostnames: readonly string[];
  /** Tried in this order; 0 is any free one. */
  readonly ports: readonly number[];
  readonly credentials: Credentials;
  readonly tokenOf: (blockId: string) => string | undefined;
  /** A connection that showed the token of the block; it has said nothing yet. */
  readonly opened: (socket: WebSocket, blockId: string) => void;
  /** Milliseconds that a connection has to show a token. */
  readonly handshakeTimeout?: number;
}

export class ManagerListener {
  /** By the address that each listens on. */
  readonly #servers = new Map<string, Server>();
  readonly #options: ListenerOptions;
  readonly #sockets = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    maxPayload: MAX_FRAME_BYTES,
    handleProtocols: (offered) => offered.has(MANAGER_SUBPROTOCOL) ? MANAGER_SUBPROTOCOL : false,
  });
  /** Connections that have not shown a token. */
  readonly #unknown = new Set<Socket>();

  private constructor(options: ListenerOptions) {
    this.#options = options;
  }

  /**
   * Listens on the first port that is free on all addresses; an address that cannot be used is left
   * out when there is another one. Throws START_FAILED when none is left, or no port is free.
   */
  static async listen(options: ListenerOptions): Promise<ManagerListener> {
    let reason = "";
    for (const port of options.ports) {
      const listener = new ManagerListener(options);
      try {
        await listener.#listen(port);
        return listener;
      } catch (thrown) {
        reason = messageOf(thrown);
        await listener.close();
      }
    }
    throw new FuncxError({
      code: "START_FAILED",
      message: `managers cannot be listened for on ${options.hostnames.join(", ")}: ${reason}`,
      hint: "Check executor.address and executor.portRange in the profile.",
    });
  }

  async #listen(wanted: number): Promise<void> {
    let port = wanted;
    let problem: unknown;
    for (const hostname of this.#options.hostnames) {
      const server = this.#makeServer();
      try {
        port = await opened(server, hostname, port);
        this.#servers.set(hostname, server);
      } catch (thrown) {
        if ((thrown as { code?: unknown }).code === "EADDRINUSE") throw thrown;
        log.warning("{hostname} cannot be listened on: {reason}", {
          hostname,
          reason: messageOf(thrown),
        });
        problem = thrown;
      }
    }
    if (this.#servers.size === 0) throw problem;
  }

  #makeServer(): Server {
    const { certificate, key } = this.#options.credentials;
    const time = this.#options.handshakeTimeout ?? HANDSHAKE_TIMEOUT;
    const server = createServer({
      cert: certificate,
      key,
      minVersion: "TLSv1.3",
      handshakeTimeout: time,
      headersTimeout: time,
      requestTimeout: time,
      connectionsCheckingInterval: Math.min(CHECK_INTERVAL, time),
      maxHeaderSize: MAX_HEADER_BYTES,
    });
    server.on("connection", (socket: Socket) => this.#connected(socket));
    server.on("clientError", (_: Error, socket: Socket) => socket.destroy());
    server.on("request", (_, response) => response.writeHead(404).end());
    server.on("upgrade", (request, socket, head) => this.#upgrade(request, socket, head));
    return server;
  }

  /** Those that are listened on, in the order of the options. */
  get hostnames(): readonly string[] {
    return [...this.#servers.keys()];
  }

  get port(): number {
    const [server] = this.#servers.values();
    return (server!.address() as AddressInfo).port;
  }

  #connected(socket: Socket): void {
    if (this.#unknown.size >= MAX_UNKNOWN_CONNECTIONS) {
      log.warning("a connection was closed: {count} others have not shown a token yet", {
        count: this.#unknown.size,
      });
      socket.destroy();
      return;
    }
    this.#unknown.add(socket);
    socket.once("close", () => this.#unknown.delete(socket));
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const { remoteAddress, remotePort } = request.socket;
    const blockId = blockOf(request.url ?? "");
    const token = /^Bearer (\S+)$/.exec(request.headers.authorization ?? "")?.[1] ?? "";
    if (!isToken(token, this.#options.tokenOf(blockId))) {
      log.warning("{address} showed no token of block {block}", {
        address: remoteAddress,
        block: blockId.slice(0, 100),
      });
      return refuse(socket, "401 Unauthorized", "INVALID_AUTH_TOKEN", "not a token of this block");
    }
    const offered = request.headers["sec-websocket-protocol"] ?? "";
    if (!offered.split(",").some((name) => name.trim() === MANAGER_SUBPROTOCOL)) {
      const reason = `expected the subprotocol ${MANAGER_SUBPROTOCOL}`;
      return refuse(socket, "400 Bad Request", "PROTOCOL_VERSION_UNSUPPORTED", reason);
    }
    for (const each of this.#unknown) {
      if (each.remotePort === remotePort && each.remoteAddress === remoteAddress) {
        this.#unknown.delete(each);
      }
    }
    this.#sockets.handleUpgrade(request, socket, head, (open) => {
      open.on("error", (error: Error) => log.debug("{reason}", { reason: error.message }));
      this.#options.opened(open, blockId);
    });
  }

  /** Ends all connections. */
  async close(): Promise<void> {
    const closed = [...this.#servers.values()].map((server) => {
      const { promise, resolve } = Promise.withResolvers<void>();
      server.close(() => resolve());
      return promise;
    });
    for (const socket of this.#unknown) socket.destroy();
    for (const server of this.#servers.values()) server.closeAllConnections();
    this.#sockets.close();
    await Promise.all(closed);
  }
}

/** Resolves to the port, which is the server's choice when it is 0. Rejects with the system's error. */
function opened(server: Server, hostname: string, port: number): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  server.once("error", reject);
  server.listen(port, hostname, () => {
    server.off("error", reject);
    resolve((server.address() as AddressInfo).port);
  });
  return promise;
}

/** Empty when the path names none. */
function blockOf(path: string): string {
  const encoded = /^\/managers\/([^/?#]+)$/.exec(path)?.[1] ?? "";
  try {
    return decodeURIComponent(encoded);
  } catch {
    return "";
  }
}

/** In the same time for every wrong one, known block or not. */
function isToken(given: string, expected: string | undefined): boolean {
  const digest = (text: string): Uint8Array => createHash("sha256").update(text).digest();
  const isSame = timingSafeEqual(digest(given), digest(expected ?? "none"));
  return isSame && expected !== undefined;
}

function refuse(socket: Duplex, status: string, code: string, reason: string): void {
  const body = JSON.stringify({ code, reason });
  socket.end(
    `HTTP/1.1 ${status}\r\ncontent-type: application/json\r\n` +
      `content-length: ${body.length}\r\nconnection: close\r\n\r\n${body}`,
  );
}
