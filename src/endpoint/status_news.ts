/**
 * Tells the service of a changed status before the next heartbeat is due, so that whoever watches the
 * endpoint sees it at once: what changes together is told together, and not too often.
 */
import { STATUS_NEWS_INTERVAL } from "../contract/limits.ts";
import { encodeMessage } from "../contract/protocol/codec.ts";
import type { EndpointStatus } from "../contract/protocol/messages.ts";
import type { Session } from "./session.ts";

/** Changes that come within so many milliseconds are one. */
const GATHER_TIME = 50;
/** A larger picture is told of less often: bytes in a millisecond, on average. */
const BYTES_PER_MILLISECOND = 64;

export interface StatusNewsOptions {
  readonly status: () => EndpointStatus;
  readonly now: () => number;
}

export class StatusNews {
  readonly #options: StatusNewsOptions;
  #session: Session | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** By `performance.now()`; earliest time of the next one. */
  #notBefore = 0;

  constructor(options: StatusNewsOptions) {
    this.#options = options;
  }

  opened(session: Session): void {
    this.#session = session;
    this.changed();
  }

  closed(): void {
    this.#session = undefined;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** Something of the status may be another than before. */
  changed(): void {
    if (this.#session === undefined || this.#timer !== undefined) return;
    const wait = Math.max(GATHER_TIME, this.#notBefore - performance.now());
    this.#timer = setTimeout(() => this.#tell(), wait);
  }

  #tell(): void {
    this.#timer = undefined;
    const session = this.#session;
    // The next heartbeat tells a service that has much to read already.
    if (session === undefined || session.bufferedBytes > 0) return;
    const { status, now } = this.#options;
    const frame = encodeMessage({ type: "heartbeat", at: now(), status: status() });
    const pause = Math.max(STATUS_NEWS_INTERVAL, frame.length / BYTES_PER_MILLISECOND);
    this.#notBefore = performance.now() + pause;
    session.sendFrame(frame);
  }
}
