/** Drives an {@link EndpointHistory} with the time. */
import { type EndpointHistory, STEP } from "./endpoint_history.ts";

export class HistoryClock {
  readonly #history: EndpointHistory;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #running: Promise<void>;
  #stopped = false;

  constructor(history: EndpointHistory) {
    this.#history = history;
    this.#running = history.start();
    this.#wait();
  }

  /** Resolves when all that happened is stored. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#running;
    await this.#history.close();
  }

  /** Until the next step begins. */
  #wait(): void {
    if (this.#stopped) return;
    this.#timer = setTimeout(() => {
      this.#running = this.#history.tick().finally(() => this.#wait());
    }, STEP - Date.now() % STEP);
  }
}
