/** Dialling with the `ws` package: frames in, frames out, nothing of their meaning. */
import { connect as connectTls } from "node:tls";
import type { Duplex } from "node:stream";
import WebSocket from "ws";
import type { ClientRequest, IncomingMessage } from "node:http";
import { ERROR_KINDS, isErrorCode } from "../../contract/errors.ts";
import { HANDSHAKE_TIMEOUT, MAX_FRAME_BYTES } from "../../contract/limits.ts";
import { SUBPROTOCOL } from "../../contract/protocol/version.ts";
import { untrustedFailure } from "../../contract/untrusted.ts";
import { type Failure, fatal, ok, type Outcome, retryable } from "../../lib/outcome.ts";

/** Where to dial, and as whom. */
export interface DialTarget {
  /** ws or wss. */
  readonly url: string;
  /** The endpoint's, or a block's. */
  readonly token: string;
  /** The forwarder's unless another one is named. */
  readonly subprotocol?: string;
  /** The authority that signed the peer's certificate, PEM, where the system does not know it. */
  readonly ca?: string;
  /** The only certificate that the peer may have, PEM, and the name that it has to be for. */
  readonly pinned?: {
    readonly certificate: string;
    readonly serverName: string;
    /** The TLS session is led through this instead of a connection of its own. */
    readonly through?: Duplex;
  };
}

export interface TransportEvents {
  frame(bytes: Uint8Array): void;
  /** A text message, or one that breaks WebSocket's own rules. */
  malformed(reason: string): void;
  /** Once, whoever ended it. */
  closed(code: number, reason: string): void;
}

export interface Transport {
  send(frame: Uint8Array): void;
  /** Bytes that were given to `send` and are not with the system yet. */
  readonly bufferedBytes: number;
  /** Says so to the peer, which gets {@link CLOSE_GRACE} to answer. */
  close(code: number, reason: string): void;
  /** Ends the connection without a word. */
  terminate(): void;
}

/** Milliseconds that a peer gets to answer a close. */
const CLOSE_GRACE = 1_000;
const MAX_REFUSAL_BYTES = 64 * 1024;

/**
 * One try to connect, which `signal` ends while it lasts. A refusal is `fatal` or `retryable` by its error code; an unreachable service
 * is `retryable`.
 */
export function dial(
  target: DialTarget,
  events: TransportEvents,
  signal: AbortSignal,
): Promise<Outcome<Transport>> {
  const { promise, resolve } = Promise.withResolvers<Outcome<Transport>>();
  const { pinned, ca } = target;
  const socket = new WebSocket(target.url, [target.subprotocol ?? SUBPROTOCOL], {
    ...(ca !== undefined && { ca: [ca] }),
    ...(pinned && tlsOptions(pinned)),
    headers: { authorization: `Bearer ${target.token}` },
    maxPayload: MAX_FRAME_BYTES,
    handshakeTimeout: HANDSHAKE_TIMEOUT,
    perMessageDeflate: false,
    followRedirects: false,
  });
  socket.binaryType = "nodebuffer";
  const onAbort = (): void => socket.terminate();
  signal.addEventListener("abort", onAbort, { once: true });
  let refusal: Promise<Outcome<Transport>> | undefined;
  let trouble = "";
  const settled = (): void => signal.removeEventListener("abort", onAbort);
  socket.on("open", () => {
    settled();
    resolve(ok(transportOf(socket, events)));
  });
  socket.on("unexpected-response", (request: ClientRequest, response: IncomingMessage) => {
    refusal = readRefusal(target.url, response).finally(() => request.destroy());
    resolve(refusal);
  });
  socket.on("error", (error: Error) => {
    trouble = error.message;
    // A pinned certificate is no authority's, so none is missing.
    const untrusted = pinned === undefined ? untrustedFailure(target.url, error) : undefined;
    if (refusal === undefined) {
      resolve(retryable(untrusted ?? unreachable(target.url, error.message)));
    }
  });
  socket.on("close", (code: number, reason: Uint8Array) => {
    settled();
    if (refusal === undefined) resolve(retryable(unreachable(target.url, "the connection closed")));
    events.closed(code, trouble || new TextDecoder().decode(reason));
  });
  return promise;
}

function tlsOptions(
  { certificate, serverName: servername, through }: NonNullable<DialTarget["pinned"]>,
): WebSocket.ClientOptions & { readonly servername: string } {
  const secured = { ca: [certificate], servername };
  if (through === undefined) return secured;
  return { ...secured, createConnection: () => connectTls({ ...secured, socket: through }) };
}

/** Of an open socket, dialled or taken; its `closed` is its owner's to tell. */
export function transportOf(
  socket: WebSocket,
  events: Omit<TransportEvents, "closed">,
): Transport {
  listen(socket, events);
  return transport(socket);
}

function listen(socket: WebSocket, events: Omit<TransportEvents, "closed">): void {
  socket.on("message", (data: Uint8Array, isBinary: boolean) => {
    if (isBinary) events.frame(data);
    else events.malformed("a text message");
  });
  // The package closes by itself after an error of the framing, such as a message that is too long.
  socket.on("error", (error: Error) => events.malformed(error.message));
}

function transport(socket: WebSocket): Transport {
  return {
    send: (frame) => {
      if (socket.readyState === WebSocket.OPEN) socket.send(frame, ignoreFailure);
    },
    get bufferedBytes(): number {
      return socket.bufferedAmount;
    },
    close: (code, reason) => {
      // The reason of a close frame has at most 123 bytes.
      socket.close(code, reason.replace(/[^\x20-\x7e]/g, "?").slice(0, 120));
      const timer = setTimeout(() => socket.terminate(), CLOSE_GRACE);
      socket.once("close", () => clearTimeout(timer));
    },
    terminate: () => socket.terminate(),
  };
}

/** A frame that could not be sent is followed by the close event, which is what counts. */
function ignoreFailure(): void {}

async function readRefusal(url: string, response: IncomingMessage): Promise<Outcome<Transport>> {
  let text = "";
  try {
    for await (const chunk of response) {
      text += new TextDecoder().decode(chunk as Uint8Array);
      if (text.length > MAX_REFUSAL_BYTES) break;
    }
  } catch {
    // What came so far will do.
  }
  return refusalOf(url, response.statusCode ?? 0, text);
}

function refusalOf(url: string, status: number, text: string): Outcome<Transport> {
  const body = parseJson(text) as { code?: unknown; reason?: unknown; hint?: unknown } | null;
  if (typeof body?.code !== "string" || !isErrorCode(body.code)) {
    return retryable(unreachable(url, `it answered ${status} to the upgrade`));
  }
  const failure: Failure = {
    code: body.code,
    message: typeof body.reason === "string" ? body.reason : `${url} answered ${status}`,
    ...(typeof body.hint === "string" ? { hint: body.hint } : {}),
  };
  return ERROR_KINDS[body.code].retryable ? retryable(failure) : fatal(failure);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function unreachable(url: string, reason: string): Failure {
  return {
    code: "SERVICE_UNAVAILABLE",
    message: `cannot connect to ${url}: ${reason}`,
    hint: "It is tried again; see `funcx-endpoint doctor` if it lasts.",
  };
}
