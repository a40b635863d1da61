/** The wall clock with the resolution of the monotonic one. */

/** Milliseconds by which the two clocks may differ before the wall clock is followed again. */
const MAX_DRIFT = 2;

let origin = performance.timeOrigin;

/** Milliseconds since 1970 with fractions; follows the wall clock when that is set or sleeps. */
export function wallClock(): number {
  const monotonic = performance.now();
  const coarse = Date.now();
  const drift = coarse - (origin + monotonic);
  if (Math.abs(drift) > MAX_DRIFT) origin += drift;
  return origin + monotonic;
}
