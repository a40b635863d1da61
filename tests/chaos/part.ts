/** A process of a seed that is killed, frozen and started again, by the harness or by itself. */
import { Signal } from "../../src/lib/async.ts";
import type { Finished, Running } from "../helpers/running.ts";

export interface PartOptions {
  readonly spawn: () => Running;
  /** It ended though nobody had told it to; whether it is started again. */
  readonly onEnd: (finished: Finished) => Promise<boolean>;
}

type State =
  | { readonly kind: "down" }
  | { readonly kind: "up"; readonly running: Running; readonly ended: Promise<Finished> }
  /** It was told to end. */
  | { readonly kind: "ending" };

/** The largest delay of a timer: its end is waited for as long as it lives. */
const FOREVER = 2 ** 31 - 1;

export class Part {
  readonly #options: PartOptions;
  readonly #changed = new Signal();
  #state: State = { kind: "down" };
  #startedAt = 0;
  #said: Running | undefined;

  constructor(options: PartOptions) {
    this.#options = options;
  }

  /** Milliseconds since its last start in which it was not frozen. */
  get age(): number {
    return performance.now() - this.#startedAt;
  }

  /** What it has printed since its last start. */
  get said(): string {
    return this.#said?.stderr ?? "";
  }

  /** Undefined while it is down. */
  get pid(): number | undefined {
    return this.#state.kind === "up" ? this.#state.running.pid : undefined;
  }

  start(): void {
    if (this.#state.kind !== "down") return;
    this.#startedAt = performance.now();
    const running = this.#options.spawn();
    this.#said = running;
    const ended = running.finished(FOREVER);
    const state: State = { kind: "up", running, ended };
    this.#enter(state);
    void ended.then((finished) =>
      this.#state === state ? this.#endedByItself(finished) : undefined
    );
  }

  /** SIGKILL, or SIGTERM, and waits for its end. */
  async end(name: "SIGKILL" | "SIGTERM"): Promise<Finished | undefined> {
    if (this.#state.kind !== "up") return undefined;
    const { running, ended } = this.#state;
    this.#enter({ kind: "ending" });
    running.signal(name);
    const finished = await ended;
    this.#enter({ kind: "down" });
    return finished;
  }

  /** What is done to it from outside does not count as its own end. */
  async endedFromOutside(action: () => Promise<void>): Promise<Finished | undefined> {
    if (this.#state.kind !== "up") return void await action();
    const { ended } = this.#state;
    this.#enter({ kind: "ending" });
    await action();
    const finished = await ended;
    this.#enter({ kind: "down" });
    return finished;
  }

  /** Returns what lets it go on. */
  freeze(): () => void {
    if (this.#state.kind !== "up") return () => {};
    const { state, running } = { state: this.#state, running: this.#state.running };
    const since = performance.now();
    running.signal("SIGSTOP");
    return () => {
      if (this.#state !== state) return;
      running.signal("SIGCONT");
      this.#startedAt += performance.now() - since;
    };
  }

  /** Resolves when it is down and stays so. */
  async down(): Promise<void> {
    while (this.#state.kind !== "down") await this.#changed.next();
  }

  #enter(state: State): void {
    this.#state = state;
    this.#changed.notify();
  }

  async #endedByItself(finished: Finished): Promise<void> {
    this.#enter({ kind: "ending" });
    const again = await this.#options.onEnd(finished);
    this.#enter({ kind: "down" });
    if (again) this.start();
  }
}
