/** The last bytes of a stream, in memory that does not grow with it. */

const INITIAL_CAPACITY = 1024;

export class TailBuffer {
  #bytes = new Uint8Array(INITIAL_CAPACITY);
  #filled = 0;
  #total = 0;
  readonly #limit: number;

  /** @param limit bytes that are kept. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Bytes of the stream so far, kept or not. */
  get total(): number {
    return this.#total;
  }

  push(data: Uint8Array): void {
    this.#total += data.length;
    if (data.length >= this.#limit) {
      this.#bytes = data.slice(data.length - this.#limit);
      this.#filled = this.#limit;
      return;
    }
    if (this.#filled + data.length > this.#bytes.length) this.#makeRoom(data.length);
    this.#bytes.set(data, this.#filled);
    this.#filled += data.length;
  }

  /** Grows up to twice the limit, so that old bytes are moved once for each `limit` new ones. */
  #makeRoom(length: number): void {
    const kept = this.#bytes.subarray(Math.max(0, this.#filled - this.#limit), this.#filled);
    const wanted = Math.max(kept.length + length, this.#bytes.length * 2);
    const grown = new Uint8Array(Math.min(wanted, this.#limit * 2));
    grown.set(kept);
    this.#bytes = grown;
    this.#filled = kept.length;
  }

  /** A copy of what is kept. Where bytes were dropped, it begins with a whole UTF-8 character. */
  bytes(): Uint8Array<ArrayBuffer> {
    let start = Math.max(0, this.#filled - this.#limit);
    if (this.#total > this.#filled - start) {
      const first = start;
      while (start < this.#filled && start - first < 4 && isContinuation(this.#bytes[start]!)) {
        start++;
      }
    }
    return this.#bytes.slice(start, this.#filled);
  }
}

function isContinuation(byte: number): boolean {
  return (byte & 0xc0) === 0x80;
}
