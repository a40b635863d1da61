/** Gives user code a console, and `Deno.stdout` and `Deno.stderr`, that write to its task's output. */
import type { Stream } from "../ipc.ts";

/** Takes what the task that runs has written. */
export type OutputSink = (stream: Stream, data: Uint8Array) => void;

const encoder = new TextEncoder();

export function captureOutput(sink: OutputSink): void {
  define(
    globalThis,
    "console",
    denoConsole((text, level) => {
      sink(level > HIGHEST_STDOUT_LEVEL ? "stderr" : "stdout", encoder.encode(text));
    }),
  );
  define(Deno, "stdout", byteStream("stdout", sink));
  define(Deno, "stderr", byteStream("stderr", sink));
}

/** Debug, then log and info; warn and error are above. */
const HIGHEST_STDOUT_LEVEL = 1;

/**
 * Deno's own console with another end. It has no public constructor; Node's, which has one, takes
 * five times as long for a line.
 */
function denoConsole(print: (text: string, level: number) => void): Console {
  const { internal } = Deno as unknown as { readonly internal: symbol };
  const inside = (Deno as unknown as Record<symbol, {
    readonly Console: new (print: (text: string, level: number) => void) => Console;
  }>)[internal]!;
  return new inside.Console(print);
}

function define(target: object, name: string, value: unknown): void {
  Object.defineProperty(target, name, { value, configurable: true, writable: true });
}

function byteStream(stream: Stream, sink: OutputSink): Pick<
  typeof Deno.stdout,
  "write" | "writeSync" | "isTerminal" | "close" | "writable"
> {
  const writeSync = (data: Uint8Array): number => {
    sink(stream, data);
    return data.length;
  };
  return {
    writeSync,
    write: (data: Uint8Array): Promise<number> => Promise.resolve(writeSync(data)),
    isTerminal: (): boolean => false,
    close: (): void => {},
    get writable(): WritableStream<Uint8Array<ArrayBuffer>> {
      return new WritableStream({ write: (data): void => void writeSync(data) });
    },
  };
}
