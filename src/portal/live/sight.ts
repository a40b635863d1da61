/**
 * Whether somebody may be looking at the page. A browser has six connections to a service that speaks
 * HTTP/1.1, for all of its tabs: one that is hidden must not keep those that it listens on.
 */
import { type ReadonlySignal, signal } from "@preact/signals";

/** Milliseconds for which a hidden page goes on: somebody may be going back and forth. */
const PATIENCE = 10_000;

const seen = signal(true);
/** False when the page has been hidden for a while. */
export const isSeen: ReadonlySignal<boolean> = seen;

let timer: ReturnType<typeof setTimeout> | undefined;

function look(): void {
  clearTimeout(timer);
  if (document.hidden) timer = setTimeout(() => seen.value = false, PATIENCE);
  else seen.value = true;
}

document.addEventListener("visibilitychange", look);
look();
