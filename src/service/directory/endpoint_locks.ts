/** Endpoints that were stopped by the official SDK and are not to come back at once. In memory only. */
import { FuncxError } from "../../contract/errors.ts";
import type { EndpointId } from "../../contract/ids.ts";
import { ENDPOINT_LOCK_TIME } from "../../contract/limits.ts";

export class EndpointLocks {
  readonly #now: () => number;
  /** Until when, milliseconds since 1970; in the order in which they end. */
  readonly #until = new Map<EndpointId, number>();

  constructor(now: () => number) {
    this.#now = now;
  }

  /** How many there are. */
  get size(): number {
    return this.#until.size;
  }

  /** Returns when the lock ends, milliseconds since 1970. */
  lock(endpointId: EndpointId): number {
    const now = this.#now();
    this.#forgetEnded(now);
    const until = now + ENDPOINT_LOCK_TIME;
    this.#until.delete(endpointId);
    this.#until.set(endpointId, until);
    return until;
  }

  /** Throws `RESOURCE_LOCKED`, 423. */
  requireOpen(endpointId: EndpointId): void {
    this.#forgetEnded(this.#now());
    const until = this.#until.get(endpointId);
    if (until === undefined) return;
    throw new FuncxError({
      code: "RESOURCE_LOCKED",
      message: `endpoint ${endpointId} was stopped from afar and cannot be registered before ` +
        new Date(until).toISOString(),
      hint: `Try again in ${Math.ceil((until - this.#now()) / 1_000)} s.`,
    });
  }

  #forgetEnded(now: number): void {
    for (const [endpointId, until] of this.#until) {
      if (until > now) return;
      this.#until.delete(endpointId);
    }
  }
}
