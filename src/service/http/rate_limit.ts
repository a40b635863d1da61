/**
 * How many requests one user may send: a bucket that holds so many tokens, loses one with each request
 * and fills evenly. Nothing here has a clock or a timer of its own.
 */
import { FuncxError } from "../../contract/errors.ts";
import type { UserId } from "../../contract/ids.ts";

/** So many requests at once, and as many again in each period. */
export interface RateLimit {
  readonly requests: number;
  readonly seconds: number;
}

/** A request that came too early; the answer says when the next one is taken. */
export class RateLimitError extends FuncxError {
  /** Whole seconds from now, as Retry-After has them. */
  readonly retryAfter: number;

  constructor({ requests, seconds }: RateLimit, wait: number) {
    const retryAfter = Math.max(1, Math.ceil(wait / 1_000));
    super({
      code: "TOO_MANY_REQUESTS",
      message: `this service takes ${requests} requests in ${seconds} s from each user; ` +
        "this one had no effect",
      hint:
        `Send it again after ${retryAfter} s; submit tasks in batches and ask for many at once.`,
    });
    this.retryAfter = retryAfter;
  }
}

/** A user's bucket: tokens that were missing at a time. */
interface Bucket {
  readonly missing: number;
  /** Milliseconds. */
  readonly at: number;
}

/**
 * The buckets of all users. Those that are full again are forgotten, once in a period, so there are as
 * many as users came in two of them.
 */
export class RateLimiter {
  readonly #limit: RateLimit;
  /** Milliseconds in which one token comes back. */
  readonly #interval: number;
  readonly #buckets = new Map<UserId, Bucket>();
  #sweptAt = -Infinity;

  constructor(limit: RateLimit) {
    this.#limit = limit;
    this.#interval = limit.seconds * 1_000 / limit.requests;
  }

  /** Users whose bucket is known. */
  get size(): number {
    return this.#buckets.size;
  }

  /**
   * Takes one token. Throws {@link RateLimitError} when there is none, and takes nothing then. `now`
   * is in milliseconds of a clock that may also be set back.
   */
  take(user: UserId, now: number): void {
    this.#forgetFull(now);
    const bucket = this.#buckets.get(user);
    const missing = bucket === undefined ? 0 : this.#missing(bucket, now);
    const excess = missing + 1 - this.#limit.requests;
    const isTaken = excess <= ROUNDING;
    this.#buckets.set(user, { missing: isTaken ? missing + 1 : missing, at: now });
    if (!isTaken) throw new RateLimitError(this.#limit, excess * this.#interval);
  }

  #missing({ missing, at }: Bucket, now: number): number {
    return Math.max(0, missing - Math.max(0, now - at) / this.#interval);
  }

  #forgetFull(now: number): void {
    const since = now - this.#sweptAt;
    if (since >= 0 && since < this.#limit.seconds * 1_000) return;
    this.#sweptAt = now;
    for (const [user, bucket] of this.#buckets) {
      if (this.#missing(bucket, now) === 0) this.#buckets.delete(user);
    }
  }
}

/** What fractions of tokens may come to by being added. */
const ROUNDING = 1e-6;
