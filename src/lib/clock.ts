/** Wall-clock time with fractions of a millisecond. */

/** Beyond it the system's clock was set or slewed, and is followed. */
const MAX_DRIFT = 5;

let origin = performance.timeOrigin;

/** Milliseconds since 1970, never more than a few off `Date.now()`. */
export function wallClock(): number {
  const elapsed = performance.now();
  const system = Date.now();
  if (Math.abs(system - origin - elapsed) > MAX_DRIFT) origin = system - elapsed;
  return origin + elapsed;
}
