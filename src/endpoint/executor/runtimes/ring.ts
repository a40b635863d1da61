/**
 * A ring of bytes between two threads: the one that runs user code writes whole records, the main
 * thread takes all that is there. Either side may be in the middle of something long, so neither
 * waits for the other but when the ring is full.
 *
 * Only one thread writes and one takes. `head` is moved by the writer, `tail` by the taker; both are
 * published with `Atomics`, which orders them with the bytes.
 */

const HEAD = 0;
const TAIL = 1;
/** Where the bytes end that were written before the head went back to the start. */
const WRAP = 2;
const CELLS = 3;

export interface RingMemory {
  readonly bytes: SharedArrayBuffer;
  readonly cells: SharedArrayBuffer;
}

export function newRing(capacity: number): RingMemory {
  return {
    bytes: new SharedArrayBuffer(capacity),
    cells: new SharedArrayBuffer(CELLS * Int32Array.BYTES_PER_ELEMENT),
  };
}

export class RingWriter {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly #cells: Int32Array;
  readonly #onFull: () => void;
  #head = 0;
  /** Where the bytes before a wrap end; published with the commit that wraps. */
  #wrapAt = -1;

  /** @param onFull has to make the taker look, from wherever it is. */
  constructor(memory: RingMemory, onFull: () => void) {
    this.bytes = new Uint8Array(memory.bytes);
    this.view = new DataView(memory.bytes);
    this.#cells = new Int32Array(memory.cells);
    this.#onFull = onFull;
  }

  /** The most that one `reserve` can ask for: beyond it, both ends together may never fit. */
  get largest(): number {
    return (this.bytes.length >> 1) - 1;
  }

  /**
   * The position of `length` bytes in a row that are free; blocks this thread until they are.
   * Nothing is visible to the taker before `commit`.
   */
  reserve(length: number): number {
    for (;;) {
      const tail = Atomics.load(this.#cells, TAIL);
      const position = this.#fit(length, tail);
      if (position >= 0) return position;
      this.#onFull();
      Atomics.wait(this.#cells, TAIL, tail);
    }
  }

  /** One byte always stays free, so that equal positions mean an empty ring. */
  #fit(length: number, tail: number): number {
    this.#wrapAt = -1;
    if (this.#head < tail) return this.#head + length < tail ? this.#head : -1;
    if (this.#head + length < this.bytes.length) return this.#head;
    if (length >= tail) return -1;
    this.#wrapAt = this.#head;
    return 0;
  }

  /** Hands over everything up to `end`. */
  commit(end: number): void {
    if (this.#wrapAt >= 0) Atomics.store(this.#cells, WRAP, this.#wrapAt);
    this.#wrapAt = -1;
    this.#head = end;
    Atomics.store(this.#cells, HEAD, end);
  }
}

export class RingTaker {
  readonly #bytes: Uint8Array;
  readonly #cells: Int32Array;

  constructor(memory: RingMemory) {
    this.#bytes = new Uint8Array(memory.bytes);
    this.#cells = new Int32Array(memory.cells);
  }

  get isEmpty(): boolean {
    return Atomics.load(this.#cells, HEAD) === Atomics.load(this.#cells, TAIL);
  }

  /** A copy of all whole records that are there; empty when there is none. */
  take(): Uint8Array<ArrayBuffer> {
    const head = Atomics.load(this.#cells, HEAD);
    const tail = Atomics.load(this.#cells, TAIL);
    const wrapped = head < tail;
    const end = wrapped ? Atomics.load(this.#cells, WRAP) : head;
    const taken = new Uint8Array(end - tail + (wrapped ? head : 0));
    taken.set(this.#bytes.subarray(tail, end));
    if (wrapped) taken.set(this.#bytes.subarray(0, head), end - tail);
    if (head !== tail) {
      Atomics.store(this.#cells, TAIL, head);
      Atomics.notify(this.#cells, TAIL);
    }
    return taken;
  }
}
