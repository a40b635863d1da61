/** Waiting for what gives no event: another process's death, a file that it writes. */
import { delay } from "../../src/lib/async.ts";

const INTERVAL = 20;

/**
 * The first value of `probe` that is neither undefined nor false. Throws, naming `what`, when there
 * is none within `timeout` milliseconds.
 */
export async function until<T>(
  what: string,
  probe: () => T | undefined | false | Promise<T | undefined | false>,
  timeout = 20_000,
): Promise<T> {
  const deadline = performance.now() + timeout;
  for (;;) {
    const value = await probe();
    if (value !== undefined && value !== false) return value;
    if (performance.now() > deadline) throw new Error(`waited ${timeout} ms in vain for ${what}`);
    await delay(INTERVAL);
  }
}
