/**
 * Which of the tasks in a TypeScript worker may begin, agreed between the main thread (the host) and
 * the Web Worker that runs them (the guest).
 *
 * The host promises the manager, before it opens the gate, up to which task something may have
 * begun: when the process is killed, no task that ran is taken for one that did not. Tasks that the
 * guest has not claimed can be taken back at any moment, even while it is stuck in one.
 *
 * Sequences are contiguous; that of a task is claimed exactly once, by the guest or by the host.
 */

/** Sequence of the next task to be claimed. */
const NEXT = 0;
/** Tasks from this sequence on may not begin yet. */
const LIMIT = 1;
/** 1 while the host looks at the ring by itself, so that the guest need not wake it. */
const WATCHED = 2;
/** Large records that the host has taken. */
const TAKEN = 3;
/** The one above the sequence of the claimed task that runs; 0 while none does. */
const RUNNING = 4;
const CELLS = 5;

export class Gate {
  readonly memory: SharedArrayBuffer;
  readonly #cells: Int32Array;

  constructor(memory = new SharedArrayBuffer(CELLS * Int32Array.BYTES_PER_ELEMENT)) {
    this.memory = memory;
    this.#cells = new Int32Array(memory);
  }

  get next(): number {
    return Atomics.load(this.#cells, NEXT);
  }

  get limit(): number {
    return Atomics.load(this.#cells, LIMIT);
  }

  /** Host: tasks below `limit` may begin. */
  open(limit: number): void {
    Atomics.store(this.#cells, LIMIT, limit);
  }

  /** Guest: whether the task may begin as far as the host has said. */
  allows(sequence: number): boolean {
    return sequence < Atomics.load(this.#cells, LIMIT);
  }

  /** Guest: false when the host has taken the task back; else it runs until `ended`. */
  claim(sequence: number): boolean {
    // First, so that the host never sees a claimed task that does not seem to run.
    Atomics.store(this.#cells, RUNNING, sequence + 1);
    if (Atomics.compareExchange(this.#cells, NEXT, sequence, sequence + 1) === sequence) {
      return true;
    }
    this.ended();
    return false;
  }

  /** Guest: the task that it claimed has ended. */
  ended(): void {
    Atomics.store(this.#cells, RUNNING, 0);
  }

  get isRunning(): boolean {
    return Atomics.load(this.#cells, RUNNING) !== 0;
  }

  /**
   * Host: every task below this has ended or was taken back. The one that runs may be far below
   * `next`, when all behind it were taken back.
   */
  get first(): number {
    const next = this.next;
    // Asked after `next`: all that was claimed before it has ended when nothing runs now.
    const running = Atomics.load(this.#cells, RUNNING);
    return running === 0 ? next : running - 1;
  }

  /** Host: claims every task up to `upTo` that the guest has not; gives the first of them. */
  takeBack(upTo: number): number {
    for (;;) {
      const next = this.next;
      if (next > upTo) return next;
      if (Atomics.compareExchange(this.#cells, NEXT, next, upTo + 1) === next) return next;
    }
  }

  /** Host: says whether it looks at the ring by itself from now on. */
  watch(on: boolean): void {
    Atomics.store(this.#cells, WATCHED, on ? 1 : 0);
  }

  /** Guest: true when it has to wake the host, which counts as watching from then on. */
  needsWaking(): boolean {
    return Atomics.exchange(this.#cells, WATCHED, 1) === 0;
  }

  get taken(): number {
    return Atomics.load(this.#cells, TAKEN);
  }

  /** Host: a large record is out of the guest's hands. */
  countTaken(): void {
    Atomics.add(this.#cells, TAKEN, 1);
    Atomics.notify(this.#cells, TAKEN);
  }

  /** Guest: blocks until the host has taken more than `before`. */
  waitForTaken(before: number): void {
    Atomics.wait(this.#cells, TAKEN, before);
  }
}
