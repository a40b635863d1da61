/**
 * Gives memory back in a worker that has nothing to do. V8 collects when something is allocated, so
 * without this an idle worker keeps what its last tasks have left: ten megabytes and more.
 */

/** Of V8: makes its collector a function of the global scope. */
export const COLLECTOR_FLAG = "--expose-gc";

/** Collects all that can be, and gives the pages back; some ten milliseconds for a small heap. */
export type Collector = () => void;

type ExposedCollector = (options: {
  readonly type: "major";
  readonly execution: "sync";
  readonly flavor: "last-resort";
}) => void;

/** Takes the collector out of this thread's global scope, where user code is not to find it. */
export function takeCollector(): Collector {
  const scope = globalThis as { gc?: ExposedCollector | undefined };
  const collect = scope.gc;
  // It cannot be deleted.
  scope.gc = undefined;
  return () => collect?.({ type: "major", execution: "sync", flavor: "last-resort" });
}

/** How long after the last sign of work a thread counts as idle, milliseconds. */
const IDLE_TIME = 1_000;

/** Calls back once when nothing has been noted for a while. */
export class IdleTimer {
  readonly #idle: () => void;
  #noted = 0;
  #armed = false;

  constructor(idle: () => void) {
    this.#idle = idle;
  }

  /** There is work. Cheap: what runs is one timer, however often this is called. */
  note(): void {
    this.#noted = performance.now();
    if (this.#armed) return;
    this.#armed = true;
    this.#wait(IDLE_TIME);
  }

  #wait(time: number): void {
    setTimeout(() => {
      const left = this.#noted + IDLE_TIME - performance.now();
      if (left > 0) return this.#wait(left);
      this.#armed = false;
      this.#idle();
    }, time);
  }
}
