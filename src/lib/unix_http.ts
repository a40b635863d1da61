/**
 * HTTP over a unix socket, for asking a daemon of the same user: JSON bodies, and server-sent events
 * for streams. The socket's folder keeps others out, so there are no tokens here.
 */
import { createParser } from "eventsource-parser";
import type { IncomingMessage } from "node:http";
import { withTimeout } from "./async.ts";
import { removeIfPresent } from "./files.ts";
import { type Failure, fatal, messageOf, ok, type Outcome, retryable } from "./outcome.ts";

/** Where a request goes. */
export interface UnixTarget {
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly body?: unknown;
  readonly signal?: AbortSignal;
}

/** Longest answer that is read whole; a status is a few hundred bytes. */
const MAX_ANSWER_BYTES = 1024 * 1024;
/** Milliseconds that readers of a closing server get. */
const CLOSE_GRACE = 500;

/**
 * Sends one request and reads the JSON answer. Nobody listening is `fatal` with `NOT_RUNNING`, an
 * answer that is not 2xx `fatal` with the code, message and hint of its body, silence for longer than
 * `timeout` milliseconds `retryable` with `TIMED_OUT`.
 */
export async function requestJson(
  socket: string,
  method: UnixTarget["method"],
  path: string,
  body?: unknown,
  options: { readonly timeout?: number; readonly signal?: AbortSignal } = {},
): Promise<Outcome<unknown>> {
  const expired = AbortSignal.timeout(options.timeout ?? 10_000);
  const signal = options.signal ? AbortSignal.any([expired, options.signal]) : expired;
  try {
    const response = await send(socket, { method, path, body, signal });
    const text = await readText(response);
    return answerOf(response.statusCode ?? 0, text);
  } catch (thrown) {
    if (expired.aborted) {
      return retryable({ code: "TIMED_OUT", message: `no answer on ${socket} in time` });
    }
    if (options.signal?.aborted) throw options.signal.reason;
    return fatal(failureOf(thrown, socket));
  }
}

/**
 * The `data` of each event of a stream, parsed as JSON. Ends when the daemon ends or `signal` is
 * aborted; throws the system's error when nobody listens.
 */
export async function* events(
  socket: string,
  path: string,
  signal?: AbortSignal,
): AsyncGenerator<unknown, void> {
  const response = await send(socket, { method: "GET", path, signal });
  const pending: unknown[] = [];
  const parser = createParser({ onEvent: (event) => pending.push(JSON.parse(event.data)) });
  const decoder = new TextDecoder();
  try {
    for await (const chunk of response) {
      parser.feed(decoder.decode(chunk as Uint8Array, { stream: true }));
      yield* pending.splice(0);
    }
  } catch (thrown) {
    // A daemon that was killed resets the connection: the stream has ended all the same.
    if (!isDisconnect(thrown) && signal?.aborted !== true) throw thrown;
  } finally {
    response.destroy();
  }
}

/** A server on a unix socket. */
export interface UnixServer {
  /** Lets answers that are being sent finish, ends what is still open, removes the socket. */
  close(): Promise<void>;
}

/** The path that a request asks for; its URL may be none, since a peer writes any host into it. */
export function pathnameOf(request: Request): string {
  return /^[^:/]+:\/\/[^/?#]*([^?#]*)/.exec(request.url)?.[1] || "/";
}

/**
 * Answers requests on `path` with `handler`; whatever lay there is replaced, so the caller must hold
 * the lock of the daemon that `path` belongs to. A handler that throws gives status 500; its signal
 * is aborted when the server closes.
 */
export function serveUnix(
  path: string,
  handler: (request: Request, closing: AbortSignal) => Response | Promise<Response>,
): UnixServer {
  removeIfPresent(path);
  const closing = new AbortController();
  const server = Deno.serve({
    path,
    onListen: () => undefined,
    onError: (thrown) =>
      Response.json({ code: "INTERNAL_ERROR", reason: messageOf(thrown) }, { status: 500 }),
  }, (request) => handler(request, closing.signal));
  Deno.chmodSync(path, 0o600);
  return {
    async close(): Promise<void> {
      closing.abort();
      // A reader that is stopped with full buffers must not keep a daemon alive.
      await withTimeout(server.shutdown(), CLOSE_GRACE);
      removeIfPresent(path);
    },
  };
}

/**
 * An answer that streams values as server-sent events until `closing`. `subscribe` gets the sender
 * and returns what drops the subscription, called once at the end, whoever ends it.
 */
export function eventStream(
  closing: AbortSignal,
  subscribe: (send: (value: unknown) => void) => () => void,
): Response {
  const encoder = new TextEncoder();
  let leave = (): void => undefined;
  const body = new ReadableStream<Uint8Array>({
    start(controller): void {
      const unsubscribe = subscribe((value) =>
        controller.enqueue(encoder.encode(`data: ${JSON.stringify(value)}\n\n`))
      );
      const onClosing = (): void => {
        unsubscribe();
        controller.close();
      };
      closing.addEventListener("abort", onClosing, { once: true });
      leave = (): void => {
        closing.removeEventListener("abort", onClosing);
        unsubscribe();
      };
    },
    cancel: () => leave(),
  });
  return new Response(body, { headers: { "content-type": "text/event-stream" } });
}

async function send(socket: string, target: UnixTarget): Promise<IncomingMessage> {
  // Loaded late: most commands never ask a daemon.
  const { request } = await import("node:http");
  const body = target.body === undefined ? undefined : JSON.stringify(target.body);
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const sending = request({
    socketPath: socket,
    method: target.method,
    path: target.path,
    headers: {
      host: "localhost",
      ...(body === undefined ? {} : { "content-type": "application/json" }),
    },
    ...(target.signal === undefined ? {} : { signal: target.signal }),
    agent: false,
  }, resolve);
  sending.on("error", reject);
  sending.end(body);
  return promise;
}

async function readText(response: IncomingMessage): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of response) {
    text += decoder.decode(chunk as Uint8Array, { stream: true });
    if (text.length > MAX_ANSWER_BYTES) throw new Error("the answer is too long");
  }
  return text;
}

function answerOf(status: number, text: string): Outcome<unknown> {
  const value = parseJson(text);
  if (status >= 200 && status < 300 && value !== undefined) return ok(value);
  const body = (value ?? {}) as { code?: unknown; reason?: unknown; hint?: unknown };
  return fatal({
    code: typeof body.code === "string" ? body.code : "INTERNAL_ERROR",
    message: typeof body.reason === "string" ? body.reason : `the daemon answered ${status}`,
    ...(typeof body.hint === "string" ? { hint: body.hint } : {}),
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function codeOf(thrown: unknown): string | undefined {
  return (thrown as { code?: string }).code;
}

function isDisconnect(thrown: unknown): boolean {
  return ["ECONNRESET", "EPIPE"].includes(codeOf(thrown) ?? "");
}

function failureOf(thrown: unknown, socket: string): Failure {
  const nobody = ["ENOENT", "ECONNREFUSED", "ENOTSOCK"].includes(codeOf(thrown) ?? "") ||
    isDisconnect(thrown);
  return nobody
    ? { code: "NOT_RUNNING", message: `nothing listens on ${socket}` }
    : { code: "INTERNAL_ERROR", message: messageOf(thrown) };
}
