/** How far an upload is, on a terminal, once it takes longer than a moment. */
import type { OnProgress } from "../../contract/blob_transfer.ts";
import type { CliContext } from "../context.ts";

/** Milliseconds. */
const MOMENT = 1_000;
const MEGABYTE = 1_000_000;

export interface UploadBar extends AsyncDisposable {
  readonly told: OnProgress;
  /** Takes it away, before something else is written. */
  stop(): void;
}

/** Nothing is shown where standard error is no terminal, and with `--json`. */
export function uploadBar({ stderr, output }: CliContext): UploadBar {
  const startedAt = performance.now();
  let isShown = false;
  const stop = (): void => {
    if (isShown) stderr.write("\r\x1b[K");
    isShown = false;
  };
  return {
    told: (done, total) => {
      const isQuick = performance.now() - startedAt < MOMENT;
      if (isQuick || output.json || !stderr.isTerminal) return;
      isShown = true;
      const share = Math.floor(100 * done / Math.max(1, total));
      stderr.write(`\r\x1b[Kuploading: ${share} % of ${Math.ceil(total / MEGABYTE)} MB`);
    },
    stop,
    [Symbol.asyncDispose]: () => Promise.resolve(stop()),
  };
}
