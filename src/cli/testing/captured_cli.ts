/** The command line in this process, with streams, environment and home of a test. */
import { COMMANDS } from "../app.ts";
import type { Surroundings } from "../context.ts";
import { readGlobalOptions } from "../global_options.ts";
import { runCommand } from "../router.ts";
import { OutputClosedError, type TextSink } from "../terminal.ts";

export interface CliOutcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A scratch home; `using` removes it. */
export class CapturedCli implements Disposable {
  readonly home = Deno.makeTempDirSync();

  /** `env` beside the scratch home. */
  constructor(readonly env: Readonly<Record<string, string>> = {}) {}

  [Symbol.dispose](): void {
    Deno.removeSync(this.home, { recursive: true });
  }

  /** A file in the scratch home. */
  file(name: string, text: string): string {
    const path = `${this.home}/${name}`;
    Deno.writeTextFileSync(path, text);
    return path;
  }

  /**
   * Runs one command. With `linesTaken` the reader of its output goes away after so many writes.
   */
  async run(
    args: readonly string[],
    options: { readonly stdin?: string; readonly linesTaken?: number } = {},
  ): Promise<CliOutcome> {
    const stdout = new TextKeeper(options.linesTaken);
    const stderr = new TextKeeper();
    const surroundings: Surroundings = {
      env: (name) => ({ FUNCX_USER_DIR: `${this.home}/.funcx`, ...this.env })[name],
      stdout,
      stderr,
      stdin: {
        isTerminal: false,
        readable: ReadableStream.from([new TextEncoder().encode(options.stdin ?? "")]),
      },
    };
    const { options: global, rest } = readGlobalOptions(args);
    const code = await runCommand(COMMANDS, rest, surroundings, global);
    return { code, stdout: stdout.text, stderr: stderr.text };
  }
}

class TextKeeper implements TextSink {
  readonly isTerminal = false;
  readonly color = false;
  readonly columns = 80;
  text = "";

  constructor(private writesLeft = Infinity) {}

  write(text: string): void {
    if (this.writesLeft-- <= 0) throw new OutputClosedError("output was closed");
    this.text += text;
  }
}
