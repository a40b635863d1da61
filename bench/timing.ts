/** Timing calls that follow each other. */

/** Milliseconds of each of `count` calls, one after the other. */
export async function timed(count: number, call: () => PromiseLike<unknown>): Promise<number[]> {
  const times: number[] = [];
  for (let done = 0; done < count; done++) {
    const begun = performance.now();
    await call();
    times.push(performance.now() - begun);
  }
  return times;
}
