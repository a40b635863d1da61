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
  /** An address of this machine, or 0.0.0.0. */
  readonly hostname: string;
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
  readonly #server: Server;
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
    const { certificate, key } = options.credentials;
    const time = options.handshakeTimeout ?? HANDSHAKE_TIMEOUT;
    this.#server = createServer({
      cert: certificate,
      key,
      minVersion: "TLSv1.3",
      handshakeTimeout: time,
      headersTimeout: time,
      requestTimeout: time,
      connectionsCheckingInterval: Math.min(CHECK_INTERVAL, time),
      maxHeaderSize: MAX_HEADER_BYTES,
    });
    this.#server.on("connection", (socket: Socket) => this.#connected(socket));
    this.#server.on("clientError", (_: Error, socket: Socket) => socket.destroy());
    this.#server.on("request", (_, response) => response.writeHead(404).end());
    this.#server.on("upgrade", (request, socket, head) => this.#upgrade(request, socket, head));
  }

  /**
   * Listens on the first port that is free. Throws START_FAILED when none is, or the address is not
   * this machine's.
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
      }
    }
    throw new FuncxError({
      code: "START_FAILED",
      message: `managers cannot be listened for on ${options.hostname}: ${reason}`,
      hint: "Check executor.address and executor.portRange in the profile.",
    });
  }

  #listen(port: number): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#server.once("error", reject);
    this.#server.listen(port, this.#options.hostname, () => {
      this.#server.off("error", reject);
      resolve();
    });
    return promise;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
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
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#server.close(() => resolve());
    for (const socket of this.#unknown) socket.destroy();
    this.#server.closeAllConnections();
    this.#sockets.close();
    await promise;
  }
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
