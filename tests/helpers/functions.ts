/** Functions on real input, in each runtime, for tests and the demo to run. */

export const WORD_COUNT_TS = `/** How often each word occurs, most frequent first. */
export default function countWords(text: string): [string, number][] {
  const counts = new Map<string, number>();
  for (const word of text.toLowerCase().match(/[a-z]+/g) ?? []) {
    counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  return [...counts].sort((a, b) => b[1] - a[1] || a[0].localeCompare(b[0]));
}

export function shout(text: string): string {
  console.log("shouting", text);
  return text.toUpperCase();
}

export function fail(message: string): never {
  throw new RangeError(message);
}

export function square(n: number): number {
  return n * n;
}
`;

export const STATISTICS_PY = `import statistics


def summary(values):
    """Mean and standard deviation of a list of numbers."""
    return {"mean": statistics.mean(values), "stdev": statistics.stdev(values)}


def divide(a, b=1):
    print("dividing", a)
    return a / b


def wait_for(path):
    import os
    import time
    while not os.path.exists(path):
        time.sleep(0.01)
    return "done"


def die():
    import os
    import signal
    os.kill(os.getpid(), signal.SIGKILL)
`;

export const GREET_SH = `echo "Hello, {name}"; echo "to whom it may concern" >&2; exit {code}\n`;
