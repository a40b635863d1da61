/** Gives user code a console, and `Deno.stdout` and `Deno.stderr`, that write to its task's output. */
import { Console } from "node:console";
import type { Stream } from "../ipc.ts";

/** Takes what the task that runs has written. */
export type OutputSink = (stream: Stream, data: Uint8Array) => void;

const encoder = new TextEncoder();

export function captureOutput(sink: OutputSink): void {
  const console = new Console({
    stdout: textStream("stdout", sink),
    stderr: textStream("stderr", sink),
    colorMode: false,
  });
  define(globalThis, "console", console);
  define(Deno, "stdout", byteStream("stdout", sink));
  define(Deno, "stderr", byteStream("stderr", sink));
}

function define(target: object, name: string, value: unknown): void {
  Object.defineProperty(target, name, { value, configurable: true, writable: true });
}

/** As much of Node's stream as its `Console` calls. */
function textStream(stream: Stream, sink: OutputSink): NodeJS.WritableStream {
  const ignore = (): void => {};
  const text = {
    write(chunk: string): boolean {
      sink(stream, encoder.encode(chunk));
      return true;
    },
    on: ignore,
    once: ignore,
    removeListener: ignore,
  };
  return text as unknown as NodeJS.WritableStream;
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
