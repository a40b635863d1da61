/** Small pieces for waiting on events; nothing here polls. Browsers run them too. */

/** A promise with its resolvers, by the name of the proposal it follows. */
export type Deferred<T> = PromiseWithResolvers<T>;

/** `Promise.withResolvers`, which Node 20 has not: the client runs there too. */
export function deferred<T>(): Deferred<T> {
  let settle: Pick<Deferred<T>, "resolve" | "reject"> | undefined;
  const promise = new Promise<T>((resolve, reject) => {
    settle = { resolve, reject };
  });
  return { promise, ...settle! };
}

/** Milliseconds that `setTimeout` can hold, 24 days; what is longer fires at once. */
const LONGEST_TIMER = 2 ** 31 - 1;

/** Calls `action` once after `milliseconds`, however many they are. @returns what calls that off */
export function after(milliseconds: number, action: () => void): () => void {
  let timer: ReturnType<typeof setTimeout>;
  const wait = (left: number): void => {
    const part = Math.min(left, LONGEST_TIMER);
    timer = setTimeout(() => left > part ? wait(left - part) : action(), part);
  };
  wait(milliseconds);
  return () => clearTimeout(timer);
}

/** `AbortSignal.timeout`, but for what a timer cannot hold: that is aborted after 24 days. */
export function timeLimit(milliseconds: number): AbortSignal {
  return AbortSignal.timeout(Math.min(milliseconds, LONGEST_TIMER));
}

/** Resolves after `milliseconds`, or rejects with the signal's reason as soon as it is aborted. */
export function delay(milliseconds: number, signal?: AbortSignal): Promise<void> {
  const { promise, resolve, reject } = deferred<void>();
  if (signal?.aborted) {
    reject(signal.reason);
    return promise;
  }
  const callOff = after(milliseconds, () => {
    signal?.removeEventListener("abort", onAbort);
    resolve();
  });
  const onAbort = (): void => {
    callOff();
    reject(signal?.reason);
  };
  signal?.addEventListener("abort", onAbort, { once: true });
  return promise;
}

/** Resolves to `"timeout"` when `promise` has not settled within `milliseconds`. */
export async function withTimeout<T>(
  promise: Promise<T>,
  milliseconds: number,
): Promise<T | "timeout"> {
  const { promise: expired, resolve } = deferred<"timeout">();
  const callOff = after(milliseconds, () => resolve("timeout"));
  try {
    return await Promise.race([promise, expired]);
  } finally {
    callOff();
  }
}

/** Wakes everyone who waits. A `notify` with nobody waiting is not remembered: check, then wait. */
export class Signal {
  #waiting = deferred<void>();

  notify(): void {
    const waiting = this.#waiting;
    this.#waiting = deferred<void>();
    waiting.resolve();
  }

  /** The next `notify`; take the promise before checking the condition. */
  next(): Promise<void> {
    return this.#waiting.promise;
  }
}

/** Runs `action` after what the event loop has at hand; browsers, which lack it, take a timer. */
export const soon: (action: () => void) => void = typeof globalThis.setImmediate === "function"
  ? (action) => void globalThis.setImmediate(action)
  : (action) => void setTimeout(action, 0);

/** Gathers what is added within one turn of the event loop, or `milliseconds`, into one flush. */
export class Batcher<T> {
  #items: T[] = [];
  #scheduled = false;
  readonly #flush: (items: T[]) => void;
  readonly #maximum: number;
  readonly #milliseconds: number;

  constructor(options: { flush: (items: T[]) => void; maximum: number; milliseconds?: number }) {
    this.#flush = options.flush;
    this.#maximum = options.maximum;
    this.#milliseconds = options.milliseconds ?? 0;
  }

  add(item: T): void {
    this.#items.push(item);
    if (this.#items.length >= this.#maximum) this.flush();
    else if (!this.#scheduled) {
      this.#scheduled = true;
      if (this.#milliseconds === 0) soon(() => this.flush());
      else setTimeout(() => this.flush(), this.#milliseconds);
    }
  }

  flush(): void {
    this.#scheduled = false;
    if (this.#items.length === 0) return;
    const items = this.#items;
    this.#items = [];
    this.#flush(items);
  }
}

/** At most so many actions at a time; the others wait for their turn. */
export class Slots {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(count: number) {
    this.#free = count;
  }

  async run<T>(action: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free--;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await action();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#free++;
      else next();
    }
  }
}

/** One action at a time for each key, in the order in which they were asked for. */
export class KeyedLock<Key> {
  readonly #last = new Map<Key, Promise<void>>();

  async run<T>(key: Key, action: () => Promise<T>): Promise<T> {
    const before = this.#last.get(key) ?? Promise.resolve();
    const { promise, resolve } = deferred<void>();
    this.#last.set(key, promise);
    await before;
    try {
      return await action();
    } finally {
      resolve();
      if (this.#last.get(key) === promise) this.#last.delete(key);
    }
  }
}
