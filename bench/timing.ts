/** Timing calls that follow each other. */

/** Milliseconds of each of `count` calls, one after the other; of fewer after `limit` milliseconds. */
export async function timed(
  count: number,
  call: () => PromiseLike<unknown>,
  limit = Infinity,
): Promise<number[]> {
  const times: number[] = [];
  const deadline = performance.now() + limit;
  while (times.length < count && performance.now() < deadline) {
    const begun = performance.now();
    await call();
    times.push(performance.now() - begun);
  }
  return times;
}
