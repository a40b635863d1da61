/** Many tasks, few at a time, given out in the order of their input. */
import { Signal } from "../lib/async.ts";
import { Fifo } from "./fifo.ts";

/** A task that runs. */
export interface OrderedTask<R> {
  /** Never rejects. `bytes` is what its result takes in memory, about. */
  readonly outcome: Promise<{ readonly value: R; readonly bytes: number }>;
  /** Present when no more input is to be read before it resolves, since that takes memory. */
  readonly room?: Promise<void>;
  cancel(): void;
}

export interface WindowLimits {
  /** Tasks that were started and not given out. */
  readonly tasks: number;
  /** What their results may take together, about: a window for large results is smaller. */
  readonly bytes: number;
}

/** Tasks that are started before the size of the first results is known. */
const FIRST_WINDOW = 256;

/** How many tasks may be on their way: by the sizes of the results so far. */
class Window {
  readonly #limits: WindowLimits;
  #average: number | undefined;

  constructor(limits: WindowLimits) {
    this.#limits = limits;
  }

  get tasks(): number {
    const { tasks, bytes } = this.#limits;
    if (this.#average === undefined) return Math.min(tasks, FIRST_WINDOW);
    return Math.max(1, Math.min(tasks, Math.floor(bytes / Math.max(1, this.#average))));
  }

  /** Larger results count at once, smaller ones little by little. */
  sized(bytes: number): void {
    const average = this.#average ?? bytes;
    this.#average = bytes > average ? bytes : average + (bytes - average) / 64;
  }
}

type SourceEnd = { readonly kind: "done" } | { readonly kind: "threw"; readonly error: unknown };

/**
 * Starts a task for each item and gives out their outcomes in the same order. Input is read only as
 * far as the window allows, so memory does not grow with its length. When the loop is left, the
 * tasks that it did not see are cancelled. An error of `items` comes after the outcomes before it.
 */
export async function* inOrder<I, R>(
  items: Iterable<I> | AsyncIterable<I>,
  start: (item: I) => OrderedTask<R>,
  limits: WindowLimits,
): AsyncGenerator<R> {
  const window = new Window(limits);
  const started = new Fifo<OrderedTask<R>>();
  const changed = new Signal();
  let left = false;

  const fill = async (): Promise<SourceEnd> => {
    try {
      for await (const item of items) {
        while (!left && started.size >= window.tasks) await changed.next();
        if (left) break;
        const task = start(item);
        started.push(task);
        changed.notify();
        if (task.room !== undefined) await task.room;
      }
      return { kind: "done" };
    } catch (error) {
      return { kind: "threw", error };
    }
  };

  let end: SourceEnd | undefined;
  fill().then((how) => {
    end = how;
    changed.notify();
  });
  try {
    while (true) {
      const head = started.peek();
      if (head !== undefined) {
        const { value, bytes } = await head.outcome;
        started.shift();
        window.sized(bytes);
        changed.notify();
        yield value;
      } else if (end === undefined) await changed.next();
      else if (end.kind === "threw") throw end.error;
      else return;
    }
  } finally {
    left = true;
    changed.notify();
    for (const task of started.drain()) task.cancel();
  }
}
