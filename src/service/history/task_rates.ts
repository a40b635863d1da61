/** How many tasks ended at each endpoint in each of the last minutes; of endpoints where any did. */
import type { EndpointId } from "../../contract/ids.ts";

const MINUTE = 60_000;
/** Minutes that are remembered, the running one among them. */
export const RATE_MINUTES = 30;
/** Minutes whose mean is the rate by which endpoints are ordered: the running one and those before. */
const RECENT_MINUTES = 5;

/** Counts of the minutes up to `last`; that of a minute is at its number modulo their number. */
interface Ring {
  last: number;
  /** Of the last task that has ended. */
  ended: number;
  readonly counts: Uint32Array;
}

export class TaskRates {
  readonly #rings = new Map<EndpointId, Ring>();

  /** @param at milliseconds since 1970 */
  add(endpointId: EndpointId, at: number, count: number): void {
    const minute = Math.floor(at / MINUTE);
    const ring = this.#rings.get(endpointId) ??
      { last: minute, ended: minute, counts: new Uint32Array(RATE_MINUTES) };
    this.#rings.set(endpointId, ring);
    advance(ring, minute);
    ring.ended = Math.max(ring.ended, minute);
    if (minute > ring.last - RATE_MINUTES) ring.counts[minute % RATE_MINUTES]! += count;
  }

  /** Of each of the last minutes, the running one last; empty when no task has ended in them. */
  perMinute(endpointId: EndpointId, now: number): number[] {
    const ring = this.#ring(endpointId, now);
    if (ring === undefined) return [];
    return Array.from(
      { length: RATE_MINUTES },
      (_, index) => ring.counts[(ring.last + 1 + index) % RATE_MINUTES]!,
    );
  }

  /** Tasks in the last few minutes. */
  recent(endpointId: EndpointId, now: number): number {
    const ring = this.#ring(endpointId, now);
    let sum = 0;
    for (let back = 0; ring !== undefined && back < RECENT_MINUTES; back++) {
      sum += ring.counts[(ring.last - back) % RATE_MINUTES]!;
    }
    return sum;
  }

  #ring(endpointId: EndpointId, now: number): Ring | undefined {
    const ring = this.#rings.get(endpointId);
    if (ring === undefined) return undefined;
    const minute = Math.floor(now / MINUTE);
    if (minute - ring.ended >= RATE_MINUTES) {
      this.#rings.delete(endpointId);
      return undefined;
    }
    advance(ring, minute);
    return ring;
  }
}

/** Makes room for the minutes that have begun since; a clock that was set back changes nothing. */
function advance(ring: Ring, minute: number): void {
  for (const first = Math.max(ring.last + 1, minute - RATE_MINUTES + 1); ring.last < minute;) {
    ring.last = Math.max(ring.last + 1, first);
    ring.counts[ring.last % RATE_MINUTES] = 0;
  }
}
