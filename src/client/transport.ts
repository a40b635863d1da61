/**
 * Requests to one service: the token, time limits, and repeating what may be repeated.
 *
 * A request is sent again when that cannot do anything twice: its route is idempotent, it carries an
 * idempotency key, or the answer says that nothing was done (busy, too many, stopping, locked, disk full).
 */
import { SESSION_HEADER } from "../contract/api_sessions.ts";
import { type ErrorCode, FuncxError } from "../contract/errors.ts";
import { REQUEST_TIMEOUT } from "../contract/limits.ts";
import { after, delay } from "../lib/async.ts";
import { Backoff } from "../lib/backoff.ts";
import { errorOfAnswer, unreachable } from "./errors.ts";

export interface TransportOptions {
  /** Base URL of the service, such as `https://funcx.example.org`. */
  readonly url: string;
  /**
   * Sent with every request but those to open routes. A function is asked before the first request
   * and again after every lost connection, so it can check who answers there. A page that is signed
   * in gives its session's key instead; the browser adds the cookie.
   */
  readonly token: string | (() => Promise<string>) | { readonly sessionKey: () => string };
  /** Replaces the platform's own. */
  readonly fetch?: typeof fetch;
  /** Milliseconds that one attempt of a request may take; 30 seconds by default. */
  readonly timeout?: number;
  /**
   * Milliseconds for which a request is repeated while a service that answered before does not, or
   * says that it is busy; 60 seconds by default, 0 repeats nothing.
   */
  readonly patience?: number;
}

export interface HttpRequest {
  readonly method: string;
  /** With its query, starting with a slash. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array<ArrayBuffer>;
  /** Whether the service may get it twice without harm. */
  readonly repeatable: boolean;
  readonly authorized: boolean;
  /** The answer is a stream: the time limit ends with its headers, `signal` ends it later. */
  readonly streaming?: boolean;
  readonly signal?: AbortSignal;
  readonly timeout?: number;
}

/** An answer whose body is still coming. `close` ends the connection. */
export interface OpenAnswer {
  readonly body: ReadableStream<Uint8Array<ArrayBuffer>>;
  close(): void;
}

/** Answers that promise that the request had no effect. */
const REFUSED_UNTOUCHED: ReadonlySet<ErrorCode> = new Set([
  "RESOURCE_LOCKED",
  "SERVICE_BUSY",
  "SERVICE_STOPPING",
  "STORAGE_FULL",
  "TOO_MANY_REQUESTS",
]);
const DEFAULT_PATIENCE = 60_000;
/** A service that answers 500 again and again is broken, not busy. */
const MAX_INTERNAL_ERRORS = 2;
const RETRY_INITIAL = 100;
const RETRY_MAXIMUM = 5_000;

type Attempt<T> =
  | { readonly kind: "ok"; readonly value: T }
  | {
    readonly kind: "failed";
    readonly error: FuncxError;
    readonly again: boolean;
    /** Milliseconds, as the service asked for. */
    readonly retryAfter?: number;
  };

export class Transport {
  /** Without a slash at its end. */
  readonly url: string;
  readonly #options: TransportOptions;
  readonly #fetch: typeof fetch;
  #token: Promise<string> | undefined;
  /** An answer has come from this service, so it is worth waiting for it. */
  #reached = false;

  /** Whether the service has ever answered, whatever it said. */
  get reached(): boolean {
    return this.#reached;
  }

  constructor(options: TransportOptions) {
    this.url = options.url.replace(/\/+$/, "");
    this.#options = options;
    // Browsers refuse a `fetch` that is called with another `this`.
    this.#fetch = options.fetch ?? ((input, init) => fetch(input, init));
  }

  /** The body of a 2xx answer: JSON or msgpack decoded, `undefined` when empty. */
  send(request: HttpRequest): Promise<unknown> {
    return this.#repeat(request, async (response) => {
      const body = await decodeBody(response);
      if (!response.ok) throw new RefusedAnswer(response, body);
      return body;
    });
  }

  /** The body of a 2xx answer as it is. */
  octets(request: HttpRequest): Promise<Uint8Array<ArrayBuffer>> {
    return this.#repeat(request, async (response) => {
      if (!response.ok) throw new RefusedAnswer(response, await decodeBody(response));
      return new Uint8Array(await response.arrayBuffer());
    });
  }

  /** Like `send`, for a stream: the time limit ends with the headers of the answer. */
  async open(request: HttpRequest): Promise<OpenAnswer> {
    const connection = new AbortController();
    const onAbort = (): void => connection.abort(request.signal?.reason);
    if (request.signal?.aborted) onAbort();
    request.signal?.addEventListener("abort", onAbort, { once: true });
    const close = (): void => {
      request.signal?.removeEventListener("abort", onAbort);
      connection.abort();
    };
    try {
      const linked = { ...request, streaming: true, signal: connection.signal };
      const body = await this.#repeat(linked, (response) => streamOf(response, this.url));
      return { body, close };
    } catch (thrown) {
      close();
      throw thrown;
    }
  }

  async #repeat<T>(
    request: HttpRequest,
    consume: (response: Response) => Promise<T>,
  ): Promise<T> {
    const deadline = performance.now() + (this.#options.patience ?? DEFAULT_PATIENCE);
    const backoff = new Backoff({
      initial: RETRY_INITIAL,
      maximum: RETRY_MAXIMUM,
      minimumUptime: 0,
    });
    for (let internalErrors = 0;;) {
      const attempt = await this.#attempt(request, consume);
      if (attempt.kind === "ok") return attempt.value;
      if (attempt.error.code === "INTERNAL_ERROR") internalErrors++;
      const wait = attempt.retryAfter ?? backoff.next();
      const late = performance.now() + wait >= deadline;
      if (!attempt.again || late || internalErrors > MAX_INTERNAL_ERRORS) throw attempt.error;
      await delay(wait, request.signal);
    }
  }

  async #attempt<T>(
    request: HttpRequest,
    consume: (response: Response) => Promise<T>,
  ): Promise<Attempt<T>> {
    const headers: Record<string, string> = { ...request.headers };
    if (request.authorized) {
      try {
        Object.assign(headers, await this.#credentials());
      } catch (thrown) {
        // Nothing was sent, so whoever is waited for may be asked again.
        if (!(thrown instanceof FuncxError)) throw thrown;
        return { kind: "failed", error: thrown, again: thrown.kind.retryable && this.#reached };
      }
    }
    const limit = timeLimit(
      request.timeout ?? this.#options.timeout ?? REQUEST_TIMEOUT,
      request.signal,
    );
    try {
      const response = await this.#fetch(this.url + request.path, {
        method: request.method,
        headers,
        body: request.body,
        signal: limit.signal,
        // A token must not follow a redirect to somebody else.
        redirect: "manual",
      });
      this.#reached = true;
      return { kind: "ok", value: await consume(response) };
    } catch (thrown) {
      if (thrown instanceof RefusedAnswer) return this.#refused(request, thrown);
      if (thrown instanceof FuncxError || request.signal?.aborted) throw thrown;
      return this.#lost(request, thrown, limit.signal.aborted);
    } finally {
      limit.stopClock();
      if (!request.streaming) limit.unlink();
    }
  }

  async #credentials(): Promise<Record<string, string>> {
    const { token } = this.#options;
    if (typeof token === "object") return { [SESSION_HEADER]: token.sessionKey() };
    if (typeof token === "function") {
      this.#token ??= token();
      this.#token.catch(() => this.#token = undefined);
    }
    return { authorization: `Bearer ${await (this.#token ?? token)}` };
  }

  #refused<T>(request: HttpRequest, answer: RefusedAnswer): Attempt<T> {
    const { status, headers } = answer.response;
    const error = errorOfAnswer(this.url, status, answer.body, headers.get("location"));
    const untouched = REFUSED_UNTOUCHED.has(error.code);
    return {
      kind: "failed",
      error,
      again: error.kind.retryable && (untouched || request.repeatable),
      retryAfter: retryAfterOf(headers),
    };
  }

  #lost<T>(request: HttpRequest, thrown: unknown, timedOut: boolean): Attempt<T> {
    this.#token = undefined;
    const error = timedOut
      ? new FuncxError({
        code: "TIMED_OUT",
        message: `${this.url}${request.path} did not answer in time`,
        hint: "try again; the service or the way to it is overloaded",
      })
      : unreachable(this.url, thrown);
    return { kind: "failed", error, again: request.repeatable && this.#reached };
  }
}

/** An answer that is not 2xx, on its way out of the code that reads bodies. */
class RefusedAnswer extends Error {
  constructor(readonly response: Response, readonly body: unknown) {
    super(`status ${response.status}`);
  }
}

/**
 * The limit as a signal. It is linked by hand to the caller's: `AbortSignal.any` keeps each of
 * thousands of requests alive for as long as a long-lived signal is.
 */
function timeLimit(
  milliseconds: number,
  outer: AbortSignal | undefined,
): { signal: AbortSignal; stopClock: () => void; unlink: () => void } {
  const controller = new AbortController();
  const onAbort = (): void => controller.abort(outer?.reason);
  if (outer?.aborted) onAbort();
  outer?.addEventListener("abort", onAbort, { once: true });
  const stopClock = after(milliseconds, () => controller.abort());
  return {
    signal: controller.signal,
    stopClock,
    unlink: () => outer?.removeEventListener("abort", onAbort),
  };
}

async function decodeBody(response: Response): Promise<unknown> {
  const type = response.headers.get("content-type") ?? "";
  if (type.startsWith("application/msgpack")) {
    const { decode } = await import("../contract/protocol/codec.ts");
    return decode(new Uint8Array(await response.arrayBuffer()));
  }
  const text = await response.text();
  if (!/\bjson\b/.test(type)) return undefined;
  try {
    return text === "" ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}

async function streamOf(
  response: Response,
  url: string,
): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> {
  if (!response.ok) throw new RefusedAnswer(response, await decodeBody(response));
  const type = response.headers.get("content-type") ?? "";
  if (response.body !== null && type.startsWith("text/event-stream")) return response.body;
  await response.body?.cancel();
  throw new FuncxError({
    code: "PROTOCOL_VIOLATION",
    message: `${url} answered with ${type || "no content type"} where a stream of events is due`,
    hint: "check that the address is that of a funcX service, and what stands before it",
  });
}

/** Seconds or a date (RFC 9110, section 10.2.3), as milliseconds from now. */
function retryAfterOf(headers: Headers): number | undefined {
  const value = headers.get("retry-after");
  if (value === null) return undefined;
  const seconds = Number(value);
  const milliseconds = Number.isFinite(seconds) ? seconds * 1_000 : Date.parse(value) - Date.now();
  return Number.isFinite(milliseconds) ? Math.max(0, milliseconds) : undefined;
}
