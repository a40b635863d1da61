/**
 * HTTP over a unix socket, for asking a daemon of the same user: JSON bodies, and server-sent events
 * for streams. The socket's folder keeps others out, so there are no tokens here.
 */
import { createParser } from "eventsource-parser";
import { timeLimit, withTimeout } from "./async.ts";
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
  const expired = timeLimit(options.timeout ?? 10_000);
  const signal = options.signal ? AbortSignal.any([expired, options.signal]) : expired;
  try {
    const { status, text } = await exchange(socket, { method, path, body, signal });
    return answerOf(status, text);
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
 * aborted; throws a `TypeError` when nobody listens.
 */
export async function* events(
  socket: string,
  path: string,
  signal?: AbortSignal,
): AsyncGenerator<unknown, void> {
  using client = Deno.createHttpClient({ proxy: { transport: "unix", path: socket } });
  const response = await fetch(`http://localhost${path}`, { client, signal });
  const pending: unknown[] = [];
  const parser = createParser({ onEvent: (event) => pending.push(JSON.parse(event.data)) });
  const decoder = new TextDecoder();
  try {
    for await (const chunk of response.body ?? []) {
      parser.feed(decoder.decode(chunk, { stream: true }));
      yield* pending.splice(0);
    }
  } catch (thrown) {
    // A daemon that was killed resets the connection: the stream has ended all the same.
    if (!isDisconnect(thrown) && signal?.aborted !== true) throw thrown;
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

/**
 * One request of HTTP/1.0, whose answer ends with its connection. A whole client of HTTP takes 30 ms
 * to load, and every command that looks at an endpoint would wait for it.
 */
async function exchange(
  socket: string,
  { method, path, body, signal }: UnixTarget,
): Promise<{ readonly status: number; readonly text: string }> {
  using connection = new Connection(await Deno.connect({ transport: "unix", path: socket }));
  signal?.addEventListener("abort", () => connection.close(), { once: true });
  const sent = new TextEncoder().encode(body === undefined ? "" : JSON.stringify(body));
  await connection.write(new TextEncoder().encode(
    `${method} ${path} HTTP/1.0\r\nhost: localhost\r\n` +
      `content-type: application/json\r\ncontent-length: ${sent.length}\r\n\r\n`,
  ));
  await connection.write(sent);
  const answer = await connection.readToEnd();
  const [, status, text] = ANSWER.exec(answer) ?? [];
  if (status === undefined) throw new Deno.errors.ConnectionReset("the answer is cut off");
  return { status: Number(status), text };
}

const ANSWER = /^HTTP\/1\.[01] (\d{3})[\s\S]*?\r\n\r\n([\s\S]*)$/;

/** May be closed at any time, and more than once. */
class Connection implements Disposable {
  readonly #connection: Deno.UnixConn;
  #isOpen = true;

  constructor(connection: Deno.UnixConn) {
    this.#connection = connection;
  }

  async write(bytes: Uint8Array): Promise<void> {
    for (let written = 0; written < bytes.length;) {
      written += await this.#connection.write(bytes.subarray(written));
    }
  }

  async readToEnd(): Promise<string> {
    const decoder = new TextDecoder();
    const buffer = new Uint8Array(16 * 1024);
    let text = "";
    for (let read; (read = await this.#connection.read(buffer)) !== null;) {
      text += decoder.decode(buffer.subarray(0, read), { stream: true });
      if (text.length > MAX_ANSWER_BYTES) throw new Error("the answer is too long");
    }
    return text;
  }

  close(): void {
    if (this.#isOpen) this.#connection.close();
    this.#isOpen = false;
  }

  [Symbol.dispose](): void {
    this.close();
  }
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

/** Of a daemon that was killed, or ended while it answered. */
function isDisconnect(thrown: unknown): boolean {
  return thrown instanceof Deno.errors.ConnectionReset ||
    thrown instanceof Deno.errors.BrokenPipe || thrown instanceof Deno.errors.UnexpectedEof ||
    thrown instanceof TypeError && /connection|reading a body|reset/i.test(thrown.message);
}

function failureOf(thrown: unknown, socket: string): Failure {
  const nobody = isDisconnect(thrown) || thrown instanceof Deno.errors.NotFound ||
    thrown instanceof Deno.errors.ConnectionRefused;
  return nobody
    ? { code: "NOT_RUNNING", message: `nothing listens on ${socket}` }
    : { code: "INTERNAL_ERROR", message: messageOf(thrown) };
}
