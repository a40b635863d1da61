/** Timers that end when a test says so, for what was set while this is there. */

interface Timer {
  readonly due: number;
  readonly action: () => void;
}

export class TestTime implements Disposable {
  readonly #timers = new Map<number, Timer>();
  readonly #real = { setTimeout: globalThis.setTimeout, clearTimeout: globalThis.clearTimeout };
  #now = 0;
  #last = 0;

  constructor() {
    const set = (action: () => void, milliseconds = 0): number => {
      this.#timers.set(++this.#last, { due: this.#now + milliseconds, action });
      return this.#last;
    };
    const clear = (timer?: number): void => void this.#timers.delete(timer ?? 0);
    Object.assign(globalThis, { setTimeout: set, clearTimeout: clear });
  }

  /** Lets that much time go by: what is due in it happens, in order. */
  pass(milliseconds: number): void {
    const end = this.#now + milliseconds;
    for (;;) {
      const due = [...this.#timers].filter(([, timer]) => timer.due <= end)
        .toSorted(([, one], [, other]) => one.due - other.due);
      const [next] = due;
      if (next === undefined) break;
      const [id, { due: at, action }] = next;
      this.#timers.delete(id);
      this.#now = at;
      action();
    }
    this.#now = end;
  }

  [Symbol.dispose](): void {
    Object.assign(globalThis, this.#real);
  }
}
