/** The jobs of an imitated scheduler, in a file that its programs and a test share. */
import { readIfPresent } from "../../../src/lib/files.ts";

export type ImitatedState = "queued" | "running" | "completed" | "failed" | "cancelled";

interface Content {
  last: number;
  /** Of PBS: the server does not keep what has ended. */
  hasNoHistory?: boolean;
  readonly states: Record<string, ImitatedState>;
  readonly scripts: Record<string, string>;
}

export class Jobs {
  readonly #file: string;
  readonly #calls: string;

  constructor(folder: string) {
    this.#file = `${folder}/jobs.json`;
    this.#calls = `${folder}/calls`;
  }

  /** The new job's id. */
  add(script: string, suffix = ""): string {
    const content = this.#read();
    content.last += 1;
    const id = `${content.last}${suffix}`;
    content.states[id] = "queued";
    content.scripts[id] = script;
    this.#write(content);
    return id;
  }

  stateOf(id: string): ImitatedState | undefined {
    return this.#read().states[id];
  }

  scriptOf(id: string): string {
    return this.#read().scripts[id];
  }

  set(id: string, state: ImitatedState): void {
    const content = this.#read();
    content.states[id] = state;
    this.#write(content);
  }

  get hasHistory(): boolean {
    return this.#read().hasNoHistory !== true;
  }

  /** The server is one that keeps no history. */
  keepNoHistory(): void {
    this.#write({ ...this.#read(), hasNoHistory: true });
  }

  /** Whether there was something to cancel. */
  cancel(id: string, state: ImitatedState): boolean {
    if (state !== "queued" && state !== "running") return false;
    this.set(id, "cancelled");
    return true;
  }

  called(program: string, args: readonly string[]): void {
    Deno.writeTextFileSync(this.#calls, `${program} ${args.join(" ")}\n`, { append: true });
  }

  /** All commands so far, each in a line. */
  get calls(): readonly string[] {
    return (readIfPresent(this.#calls) ?? "").split("\n").filter((line) => line !== "");
  }

  #read(): Content {
    const text = readIfPresent(this.#file);
    return text === undefined ? { last: 100, states: {}, scripts: {} } : JSON.parse(text);
  }

  #write(content: Content): void {
    Deno.writeTextFileSync(this.#file, JSON.stringify(content));
  }
}
