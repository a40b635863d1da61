/** The three standard streams, as commands see them. */

/** Where text goes: a terminal, a file or a pipe. */
export interface TextSink {
  /** Writes all of it before it returns. Throws {@link OutputClosedError} when nobody reads on. */
  write(text: string): void;
  readonly isTerminal: boolean;
  /** Whether colour and cursor movement may be written: a terminal, and no NO_COLOR. */
  readonly color: boolean;
  /** Width in characters; 80 where it is not known. */
  readonly columns: number;
}

export interface TextSource {
  readonly isTerminal: boolean;
  readonly readable: ReadableStream<Uint8Array<ArrayBuffer>>;
}

/** The reader of a pipe went away, as with `| head`: the command ends quietly. */
export class OutputClosedError extends Error {
  override readonly name = "OutputClosedError";
}

interface SyncStream {
  writeSync(bytes: Uint8Array): number;
  isTerminal(): boolean;
}

const encoder = new TextEncoder();

export function sink(stream: SyncStream, env: (name: string) => string | undefined): TextSink {
  const isTerminal = stream.isTerminal();
  return {
    isTerminal,
    color: isTerminal && (env("NO_COLOR") ?? "") === "" && env("TERM") !== "dumb",
    get columns(): number {
      return isTerminal ? widthOfTerminal() : 80;
    },
    write: (text) => writeAll(stream, encoder.encode(text)),
  };
}

function widthOfTerminal(): number {
  try {
    return Deno.consoleSize().columns || 80;
  } catch {
    // Standard input is not the terminal, which is what Deno asks.
    return 80;
  }
}

function writeAll(stream: SyncStream, bytes: Uint8Array): void {
  try {
    for (let written = 0; written < bytes.length;) {
      written += stream.writeSync(bytes.subarray(written));
    }
  } catch (thrown) {
    if (thrown instanceof Deno.errors.BrokenPipe) throw new OutputClosedError("output was closed");
    throw thrown;
  }
}
