/**
 * Binds what a thread starts to processors. A child inherits the affinity of the thread that forks
 * it, from its first instruction on and for all its threads, which binding it afterwards could not
 * promise; so this thread takes the affinity for the moment of the start. sched_setaffinity(2).
 */
import { type Libc, openLibc } from "./libc.ts";

/** Starts something with this thread bound to processors, within the call. */
export type Binding = <T>(start: () => T) => T;

/** As many processors as glibc's `cpu_set_t` has room for, eight times. */
const SET_BYTES = 1_024;
const THIS_THREAD = 0;

export class ThreadAffinity {
  readonly #libc: Libc;
  readonly #call: Libc["symbols"];
  readonly #own = new Uint8Array(SET_BYTES);

  private constructor(libc: Libc) {
    this.#libc = libc;
    this.#call = libc.symbols;
  }

  /** Null where the system does not offer it. */
  static open(): ThreadAffinity | null {
    const libc = openLibc();
    if (libc === null) return null;
    const affinity = new ThreadAffinity(libc);
    const isKnown = libc.symbols.sched_getaffinity(THIS_THREAD, SIZE, affinity.#own) === 0;
    if (isKnown) return affinity;
    affinity.close();
    return null;
  }

  close(): void {
    this.#libc.close();
  }

  /**
   * Children that `start` starts in this thread, before it returns, run on these processors only;
   * where none of them may be used, they run as this thread does.
   */
  during<T>(cpus: readonly number[], start: () => T): T {
    const set = new Uint8Array(SET_BYTES);
    for (const cpu of cpus) if (cpu < SET_BYTES * 8) set[cpu >> 3]! |= 1 << (cpu & 7);
    this.#call.sched_setaffinity(THIS_THREAD, SIZE, set);
    try {
      return start();
    } finally {
      this.#call.sched_setaffinity(THIS_THREAD, SIZE, this.#own);
    }
  }
}

const SIZE = BigInt(SET_BYTES);
