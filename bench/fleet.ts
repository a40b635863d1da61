/** Processes that stand for thousands of peers, each with a link of its own. */
import { fromFileUrl } from "../src/lib/path.ts";

const CONFIG = fromFileUrl(new URL("../deno.json", import.meta.url));
/** Descriptors of a process that are no link. */
const OTHER_DESCRIPTORS = 200;

/** A process that dials for many, and redials; it prints how many are connected when that changes. */
export class Fleet implements AsyncDisposable {
  connected = 0;
  readonly size: number;
  readonly #child: Deno.ChildProcess;
  readonly #reading: Promise<void>;

  constructor(program: string, size: number, args: readonly string[]) {
    this.size = size;
    this.#child = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--quiet", "--no-check", `--config=${CONFIG}`, program, ...args],
      stdin: "null",
      stdout: "piped",
    }).spawn();
    this.#reading = this.#read();
  }

  async #read(): Promise<void> {
    let text = "";
    for await (const piece of this.#child.stdout.pipeThrough(new TextDecoderStream())) {
      text += piece;
      const lines = text.split("\n");
      text = lines.pop()!;
      if (lines.length > 0) this.connected = Number(lines.at(-1));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#child.status;
    await this.#reading;
  }
}

/** As many as are wanted, or what this user's limit of open files allows one process. */
export async function connectionsAllowed(wanted: number): Promise<number> {
  const { stdout } = await new Deno.Command("sh", { args: ["-c", "ulimit -n"] }).output();
  const limit = Number(new TextDecoder().decode(stdout));
  return Number.isNaN(limit) ? wanted : Math.min(wanted, limit - OTHER_DESCRIPTORS);
}
