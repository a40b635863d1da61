/**
 * The events of one live stream. Whatever changes only marks the views that it concerns; a marked
 * view is read when its interval is over, and only when the reader has taken the event before. So
 * 10,000 changes a second cost as many marks and four reads, and a reader that does not read costs
 * nothing: it gets the newest when it does.
 */
import type { LiveEvent } from "../../contract/api.ts";
import { LIVE_INTERVAL } from "../../contract/limits.ts";
import { Signal, withTimeout } from "../../lib/async.ts";
import type { Change, View } from "./views.ts";

/** A view that takes long to read is read less often: it has this part of the time at most. */
const MAX_SHARE = 1 / 20;

export interface LiveStreamOptions {
  readonly views: readonly View[];
  /** Calls `listener` at each change. Returns the end of it. */
  readonly watch: (listener: (change: Change) => void) => () => void;
  readonly signal: AbortSignal;
}

interface Watched {
  readonly view: View;
  isMarked: boolean;
  /** By the monotonic clock; it is not read before. */
  readAfter: number;
}

/** Ends when the signal is aborted. */
export async function* liveEvents(
  { views, watch, signal }: LiveStreamOptions,
): AsyncGenerator<LiveEvent, void> {
  const watched: Watched[] = views.map((view) => ({ view, isMarked: true, readAfter: 0 }));
  const marked = new Signal();
  const wake = (): void => marked.notify();
  const unwatch = watch((change) => mark(watched, change) && wake());
  signal.addEventListener("abort", wake, { once: true });
  try {
    while (!signal.aborted) {
      // Taken before a look at the marks, so that none is made in between unnoticed.
      const next = marked.next();
      const due = earliest(watched);
      const wait = (due?.readAfter ?? Infinity) - performance.now();
      if (due === undefined) await next;
      else if (wait > 0) await withTimeout(next, wait);
      else {
        const event = await readNow(due);
        if (event !== undefined) yield event;
      }
    }
  } finally {
    unwatch();
    signal.removeEventListener("abort", wake);
  }
}

/** Whether a view was marked that was not yet. */
function mark(watched: readonly Watched[], change: Change): boolean {
  let isNew = false;
  for (const one of watched) {
    if (one.isMarked || !one.view.isConcerned(change)) continue;
    one.isMarked = true;
    isNew = true;
  }
  return isNew;
}

function earliest(watched: readonly Watched[]): Watched | undefined {
  let first: Watched | undefined;
  for (const one of watched) {
    if (one.isMarked && (first === undefined || one.readAfter < first.readAfter)) first = one;
  }
  return first;
}

async function readNow(watched: Watched): Promise<LiveEvent | undefined> {
  // Before the reading: what changes during it is perhaps not in it.
  watched.isMarked = false;
  const start = performance.now();
  const event = await watched.view.read();
  const cost = performance.now() - start;
  watched.readAfter = start + Math.max(LIVE_INTERVAL, cost / MAX_SHARE);
  return event;
}
