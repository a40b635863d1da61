/** How far a long work is, on a terminal. */
import process from "node:process";
import { duration } from "../format.ts";
import type { TextSink } from "../terminal.ts";

export interface ProgressBar extends AsyncDisposable {
  advance(): void;
  /** Takes it away, before something else is written. */
  stop(): void;
}

/** What is used of cli-progress, which comes without types. */
interface SingleBar {
  start(total: number, value: number): void;
  increment(): void;
  stop(): void;
}
interface CliProgress {
  readonly SingleBar: new (options: Readonly<Record<string, unknown>>) => SingleBar;
}

/**
 * @param total undefined when it is not known: then only the number and the rate are shown. Nothing
 * is shown where there is no `sink`, or it is no terminal.
 */
export async function progressBar(
  sink: TextSink | undefined,
  total: number | undefined,
): Promise<ProgressBar> {
  if (sink === undefined || !sink.isTerminal) return SILENT;
  const { default: library } = await import("cli-progress") as unknown as { default: CliProgress };
  const startedAt = performance.now();
  const bar = new library.SingleBar({
    // On a terminal that is standard error; the library wants Node's stream.
    stream: process.stderr,
    clearOnComplete: true,
    hideCursor: true,
    fps: 10,
    format: (_options: unknown, { value }: { value: number }) =>
      line({ value, total, seconds: (performance.now() - startedAt) / 1_000 }, sink.columns),
  });
  bar.start(total ?? 0, 0);
  let isStopped = false;
  const stop = (): void => {
    if (!isStopped) bar.stop();
    isStopped = true;
  };
  return {
    advance: () => bar.increment(),
    stop,
    [Symbol.asyncDispose]: () => Promise.resolve(stop()),
  };
}

const SILENT: ProgressBar = {
  advance: () => {},
  stop: () => {},
  [Symbol.asyncDispose]: () => Promise.resolve(),
};

interface Position {
  readonly value: number;
  readonly total: number | undefined;
  /** Since the start. */
  readonly seconds: number;
}

const WIDTH = 30;

/** One line for a terminal of so many columns. */
export function line({ value, total, seconds }: Position, columns: number): string {
  const rate = seconds > 0 ? value / seconds : 0;
  const speed = `${Math.round(rate)}/s`;
  if (total === undefined) return `${value} tasks, ${speed}`.slice(0, columns - 1);
  const share = total === 0 ? 1 : Math.min(1, value / total);
  const bar = "#".repeat(Math.floor(share * WIDTH)).padEnd(WIDTH, ".");
  const left = rate === 0 ? "" : `, ${duration((total - value) / rate * 1_000)} left`;
  return `[${bar}] ${Math.floor(share * 100)} % ${value}/${total}, ${speed}${left}`
    .slice(0, columns - 1);
}
