/** What a process has left in its pipes when it ends. */
import { withTimeout } from "../../lib/async.ts";

/** What a descriptor that another process holds open may still deliver after the end, milliseconds. */
const DRAIN_TIME = 250;
/** In so many parts, so that a stall of this process does not use it up with nothing read. */
const DRAIN_LOOKS = 5;

/** Resolves with `drained`, the end of all its streams, or when nothing more is waited for. */
export async function untilDrained(drained: Promise<unknown>): Promise<void> {
  for (let look = 0; look < DRAIN_LOOKS; look++) {
    if (await withTimeout(drained, DRAIN_TIME / DRAIN_LOOKS) !== "timeout") return;
  }
}
