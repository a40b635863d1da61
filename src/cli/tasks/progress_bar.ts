/** How far a long work is, on a terminal. */
import process from "node:process";
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
 * is shown where `sink` is no terminal.
 */
export async function progressBar(
  sink: TextSink,
  total: number | undefined,
): Promise<ProgressBar> {
  if (!sink.isTerminal) return SILENT;
  const { default: library } = await import("cli-progress") as unknown as { default: CliProgress };
  const startedAt = performance.now();
  const bar = new library.SingleBar({
    // On a terminal that is standard error; the library wants Node's stream.
    stream: process.stderr,
    clearOnComplete: true,
    hideCursor: true,
    fps: 10,
    format: (_options: unknown, { value, eta }: { value: number; eta: number }) =>
      line({ value, total, eta, seconds: (performance.now() - startedAt) / 1_000 }, sink),
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
  /** Seconds. */
  readonly eta: number;
  readonly seconds: number;
}

const WIDTH = 30;

/** One line for the terminal. */
export function line({ value, total, eta, seconds }: Position, { columns }: TextSink): string {
  const rate = seconds > 0 ? Math.round(value / seconds) : 0;
  if (total === undefined) return `${value} tasks, ${rate}/s`.slice(0, columns - 1);
  const share = total === 0 ? 1 : Math.min(1, value / total);
  const filled = Math.round(share * WIDTH);
  const bar = "#".repeat(filled) + ".".repeat(WIDTH - filled);
  const left = Number.isFinite(eta) ? `, ${Math.ceil(eta)} s left` : "";
  return `[${bar}] ${Math.floor(share * 100)} % ${value}/${total}, ${rate}/s${left}`
    .slice(0, columns - 1);
}
