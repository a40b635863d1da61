/**
 * Keeps the one link to the service up.
 *
 * 1. There is at most one attempt or session at a time.
 * 2. After every end comes another attempt, until `stop`; nothing else ends the loop.
 * 3. Between two attempts lies a delay of the backoff, which begins anew only after a session of the
 *    minimum uptime; after a failure that is fatal it is minutes instead, since somebody has to mend
 *    something. `news` ends any delay.
 * 4. Where the service refuses our version and names an older one, that one is offered next.
 */
import { FuncxError } from "../../contract/errors.ts";
import { REDIAL_INITIAL, REDIAL_MAXIMUM, REDIAL_MINIMUM_UPTIME } from "../../contract/limits.ts";
import { stepDown } from "../../contract/protocol/handshake.ts";
import type { Reject } from "../../contract/protocol/messages.ts";
import { PROTOCOL_VERSION } from "../../contract/protocol/version.ts";
import { withTimeout } from "../../lib/async.ts";
import { Backoff } from "../../lib/backoff.ts";
import { logger } from "../../lib/log.ts";
import { type Failure, messageOf, type Outcome, retryable } from "../../lib/outcome.ts";
import type { Connection, Ending } from "./connection.ts";

const log = logger("agent", "forwarder");

/** Milliseconds until an attempt is made again that the service called useless. */
export const FATAL_RETRY = 5 * 60_000;

/** Milliseconds that an attempt gets to notice that it is to end. */
const STOP_GRACE = 1_000;

export type LinkState =
  | { readonly kind: "connecting"; readonly problem: Failure | null }
  | { readonly kind: "connected"; readonly connection: Connection }
  | { readonly kind: "waiting"; readonly problem: Failure; readonly delay: number }
  | { readonly kind: "stopped" };

export interface SupervisorOptions {
  /** One attempt, offering this version; what it throws counts as `retryable`. */
  readonly connect: (
    version: number,
    signal: AbortSignal,
  ) => Promise<Outcome<Connection, Failure | Reject>>;
  readonly onState: (state: LinkState) => void;
  /** Calls back when an attempt is worth while before its time; returns what ends the watch. */
  readonly watch?: (news: () => void) => () => void;
  readonly backoff?: Backoff;
  /** Milliseconds; for tests. */
  readonly fatalRetry?: number;
}

export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #backoff: Backoff;
  readonly #stopping = new AbortController();
  #state: LinkState = { kind: "connecting", problem: null };
  #version = PROTOCOL_VERSION;
  #running: Promise<void> | undefined;

  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#backoff = options.backoff ?? new Backoff({
      initial: REDIAL_INITIAL,
      maximum: REDIAL_MAXIMUM,
      minimumUptime: REDIAL_MINIMUM_UPTIME,
    });
  }

  get state(): LinkState {
    return this.#state;
  }

  start(): void {
    this.#running ??= this.#run();
  }

  /** Says goodbye and returns when the link is down; no attempt follows. */
  async stop(reason: string): Promise<void> {
    this.#stopping.abort();
    if (this.#state.kind === "connected") this.#state.connection.leave(reason);
    // A service that does not answer must not keep an agent from ending.
    if (this.#running !== undefined) await withTimeout(this.#running, STOP_GRACE);
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      const { problem, delay } = await this.#attempt(signal);
      if (signal.aborted) break;
      this.#move({ kind: "waiting", problem, delay });
      await this.#pause(delay, signal);
      if (!signal.aborted) this.#move({ kind: "connecting", problem });
    }
    this.#move({ kind: "stopped" });
  }

  #move(state: LinkState): void {
    this.#state = state;
    this.#options.onState(state);
  }

  /** From dialling to the end of the session, or of the hope for one (1). */
  async #attempt(signal: AbortSignal): Promise<{ problem: Failure; delay: number }> {
    const outcome = await this.#connect(signal);
    if (outcome.kind !== "ok") return this.#failed(outcome.failure, outcome.kind === "fatal");
    const connection = outcome.value;
    if (signal.aborted) connection.leave("the endpoint stops");
    else this.#move({ kind: "connected", connection });
    const since = performance.now();
    const ending = await connection.ended;
    const uptime = performance.now() - since;
    this.#backoff.connectionEnded(uptime);
    const problem = problemOf(ending);
    log.info("disconnected after {uptime} ms: {message}", { uptime, message: problem.message });
    return { problem, delay: this.#backoff.next() };
  }

  /** What is thrown, such as a full disk's error, is no end either: it may be mended meanwhile (2). */
  async #connect(signal: AbortSignal): ReturnType<SupervisorOptions["connect"]> {
    try {
      return await this.#options.connect(this.#version, signal);
    } catch (thrown) {
      return retryable(thrown instanceof FuncxError ? thrown : unexpected(thrown));
    }
  }

  #failed(failure: Failure | Reject, isFatal: boolean): { problem: Failure; delay: number } {
    const lower = "type" in failure ? stepDown(failure, this.#version) : undefined;
    const { code, message, hint } = failure;
    const problem: Failure = { code, message, ...(hint === undefined ? {} : { hint }) };
    if (lower !== undefined) {
      log.warning("{message}; offering version {lower}", { message, lower });
      this.#version = lower;
      return { problem, delay: 0 };
    }
    // A service that was replaced by a newer one may speak ours again (4).
    this.#version = PROTOCOL_VERSION;
    const delay = isFatal ? this.#options.fatalRetry ?? FATAL_RETRY : this.#backoff.next();
    log.warning("not connected: {message}; next attempt in {delay} ms", { code, message, delay });
    return { problem, delay };
  }

  async #pause(milliseconds: number, signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, milliseconds);
    const unwatch = this.#options.watch?.(resolve);
    const onAbort = (): void => resolve();
    signal.addEventListener("abort", onAbort, { once: true });
    try {
      await promise;
    } finally {
      clearTimeout(timer);
      signal.removeEventListener("abort", onAbort);
      unwatch?.();
    }
  }
}

function unexpected(thrown: unknown): Failure {
  return {
    code: "INTERNAL_ERROR",
    message: `the service could not be called: ${messageOf(thrown)}`,
    hint: "See the agent's log; it is tried again.",
  };
}

function problemOf(ending: Ending): Failure {
  const code = "SERVICE_UNAVAILABLE";
  const hint = "The endpoint connects again by itself.";
  switch (ending.kind) {
    case "left":
      return { code, message: "the endpoint closed the connection" };
    case "goodbye":
      return { code, message: `the service closed the connection: ${ending.reason}`, hint };
    case "accused":
      return {
        code: "PROTOCOL_VIOLATION",
        message: `the service closed the connection: ${ending.reason}`,
        hint: "Use the same version of funcx-endpoint on both sides; it connects again by itself.",
      };
    case "violation":
      return {
        code: "PROTOCOL_VIOLATION",
        message: `the service broke the protocol: ${ending.reason}`,
        hint: "Use the same version of funcx-endpoint on both sides.",
      };
    case "silent": {
      const seconds = Math.round(ending.milliseconds / 1_000);
      return { code, message: `nothing was heard of the service for ${seconds} s`, hint };
    }
    case "unread": {
      const megabytes = Math.round(ending.bytes / 1e6);
      return { code, message: `the service does not read: ${megabytes} MB waited for it`, hint };
    }
    case "broken":
      return {
        code,
        message: `the connection broke (${ending.code}${ending.reason && ` ${ending.reason}`})`,
        hint,
      };
  }
}
