/** The end of a daemon, whoever asks for it first. */

const SIGNALS = ["SIGTERM", "SIGINT"] as const;

export class StopSignal implements Disposable {
  readonly #requested = Promise.withResolvers<void>();
  readonly #outer: AbortSignal;
  readonly #listeners = SIGNALS.map((name) => ({
    name,
    listener: (): void => this.request(`got ${name}`),
  }));
  #reason: string | undefined;
  #timeout: number | undefined;

  /** Also listens to the process's own signals until it is disposed. */
  constructor(outer: AbortSignal) {
    this.#outer = outer;
    if (outer.aborted) this.#onAbort();
    outer.addEventListener("abort", this.#onAbort, { once: true });
    for (const { name, listener } of this.#listeners) Deno.addSignalListener(name, listener);
  }

  readonly #onAbort = (): void => this.request("told by its starter");

  /** Resolves at the first request. */
  get requested(): Promise<void> {
    return this.#requested.promise;
  }

  get reason(): string | undefined {
    return this.#reason;
  }

  /** Milliseconds that the one who asked gives; undefined when he said nothing. */
  get timeout(): number | undefined {
    return this.#timeout;
  }

  /** The first request counts. */
  request(reason: string, timeout?: number): void {
    if (this.#reason !== undefined) return;
    this.#reason = reason;
    this.#timeout = timeout;
    this.#requested.resolve();
  }

  [Symbol.dispose](): void {
    this.#outer.removeEventListener("abort", this.#onAbort);
    for (const { name, listener } of this.#listeners) Deno.removeSignalListener(name, listener);
  }
}
