/** A program of a test that runs beside it. */
import { Signal, withTimeout } from "../../src/lib/async.ts";
import { signal } from "./processes.ts";

export interface Finished {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  /** Wall time in milliseconds. */
  readonly took: number;
}

/** Its output is kept and can be waited for; disposing of it kills its process group. */
export class Running implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #command: readonly string[];
  readonly #begun = performance.now();
  readonly #grown = new Signal();
  readonly #output = { stdout: "", stderr: "" };
  readonly #ended: Promise<Finished>;
  #over = false;

  constructor(command: readonly string[], options: Deno.CommandOptions & { input?: string }) {
    this.#command = command;
    this.#child = new Deno.Command(command[0], {
      ...options,
      args: command.slice(1),
      stdin: options.input === undefined ? "null" : "piped",
      stdout: "piped",
      stderr: "piped",
      // A session of its own: a signal to the test runner does not reach it, nor its to the runner.
      detached: true,
    }).spawn();
    if (options.input !== undefined) this.#feed(options.input);
    this.#ended = this.#end();
  }

  get pid(): number {
    return this.#child.pid;
  }

  get stdout(): string {
    return this.#output.stdout;
  }

  get stderr(): string {
    return this.#output.stderr;
  }

  /** Waits until a line or a part of one is printed; throws when the program ends before. */
  async untilPrinted(pattern: RegExp, stream: "stdout" | "stderr" = "stdout"): Promise<string> {
    for (;;) {
      const grown = this.#grown.next();
      const match = pattern.exec(this.#output[stream]);
      if (match !== null) return match[0];
      if (this.#over) {
        throw new Error(`${this.#name} ended without printing ${pattern}\n${this.#said}`);
      }
      if (await withTimeout(grown, 60_000) === "timeout") {
        throw new Error(`${this.#name} did not print ${pattern} in time\n${this.#said}`);
      }
    }
  }

  signal(name: Deno.Signal): void {
    signal(this.#child.pid, name);
  }

  /** Its end; kills it and throws when it takes longer than `timeout` milliseconds. */
  async finished(timeout = 60_000): Promise<Finished> {
    const finished = await withTimeout(this.#ended, timeout);
    if (finished !== "timeout") return finished;
    this.#killGroup();
    throw new Error(`${this.#name} took longer than ${timeout} ms\n${this.#said}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#over) this.#killGroup();
    await this.#child.status;
  }

  get #name(): string {
    return this.#command.join(" ");
  }

  get #said(): string {
    return `--- stdout\n${this.#output.stdout}\n--- stderr\n${this.#output.stderr}`;
  }

  #killGroup(): void {
    signal(-this.#child.pid, "SIGKILL");
  }

  async #feed(input: string): Promise<void> {
    const writer = this.#child.stdin.getWriter();
    try {
      await writer.write(new TextEncoder().encode(input));
      await writer.close();
    } catch (thrown) {
      // A program may end without reading all of its input.
      if (!(thrown instanceof Deno.errors.BrokenPipe)) throw thrown;
    }
  }

  async #end(): Promise<Finished> {
    const [status] = await Promise.all([
      this.#child.status,
      this.#collect("stdout"),
      this.#collect("stderr"),
    ]);
    this.#over = true;
    this.#grown.notify();
    return { ...this.#output, code: status.code, took: performance.now() - this.#begun };
  }

  async #collect(stream: "stdout" | "stderr"): Promise<void> {
    for await (const text of this.#child[stream].pipeThrough(new TextDecoderStream())) {
      this.#output[stream] += text;
      this.#grown.notify();
    }
  }
}
