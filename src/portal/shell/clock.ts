/** The time at the service: ages are told by its clock, since a browser's may be off. */
import { signal } from "@preact/signals";

/** Seconds that the browser's clock is behind the service's. */
const offset = signal(0);
/** A browser whose clock is off by more is told so, seconds. */
const NOTABLE_OFFSET = 120;

/** Seconds since 1970 at the service, as of the last full second. */
export const now = signal(Date.now() / 1_000);

setInterval(tick, 1_000);

function tick(): void {
  now.value = Date.now() / 1_000 + offset.value;
}

/** @param milliseconds since 1970, as the service told it just now */
export function setServiceTime(milliseconds: number): void {
  offset.value = (milliseconds - Date.now()) / 1_000;
  tick();
}

/** Seconds that the browser's clock is off, when that is worth telling; else 0. */
export function notableOffset(): number {
  return Math.abs(offset.value) > NOTABLE_OFFSET ? offset.value : 0;
}
