/** Cuts a captured stream at the markers that a worker writes after each task. */

const SEQUENCE_BYTES = 4;
const MARKER_BYTES = 16;
/** No text has it, in UTF-8 or ASCII. */
const NOT_TEXT = 0xff;

export interface SplitterEvents {
  /** Bytes of the task that follows the last marker; valid during the call only. */
  data(bytes: Uint8Array): void;
  /** Everything that the task with this sequence wrote has been handed over. */
  marker(sequence: number): void;
}

/**
 * Bytes that user code cannot know. Output that ends as a marker begins is held back until more
 * comes, so a marker begins with what no text ends with: live output is never short of its last
 * newline.
 */
export function newOutputMarker(): Uint8Array {
  const marker = crypto.getRandomValues(new Uint8Array(MARKER_BYTES));
  marker[0] = NOT_TEXT;
  return marker;
}

export class OutputSplitter {
  readonly #marker: Uint8Array;
  readonly #events: SplitterEvents;
  /** Bytes at the end of a chunk that may be the beginning of a marker. */
  #rest: Uint8Array = new Uint8Array(0);

  /** @param marker that the worker writes, of `newOutputMarker`. */
  constructor(marker: Uint8Array, events: SplitterEvents) {
    this.#marker = marker;
    this.#events = events;
  }

  push(chunk: Uint8Array): void {
    const bytes = this.#rest.length > 0 ? joined(this.#rest, chunk) : chunk;
    const whole = this.#marker.length + SEQUENCE_BYTES;
    let position = 0;
    for (;;) {
      const found = this.#find(bytes, position);
      if (found < 0 || found + whole > bytes.length) {
        const end = found < 0 ? bytes.length : found;
        if (end > position) this.#events.data(bytes.subarray(position, end));
        this.#rest = bytes.slice(end);
        return;
      }
      if (found > position) this.#events.data(bytes.subarray(position, found));
      const view = new DataView(bytes.buffer, bytes.byteOffset + found + this.#marker.length);
      this.#events.marker(view.getUint32(0, true));
      position = found + whole;
    }
  }

  /** What is left when the stream has ended. */
  end(): void {
    if (this.#rest.length > 0) this.#events.data(this.#rest);
    this.#rest = new Uint8Array(0);
  }

  /** Where the next marker begins, whole or cut off by the end of `bytes`; -1 if there is none. */
  #find(bytes: Uint8Array, from: number): number {
    for (
      let start = bytes.indexOf(this.#marker[0]!, from);
      start >= 0;
      start = bytes.indexOf(this.#marker[0]!, start + 1)
    ) {
      if (this.#matches(bytes, start)) return start;
    }
    return -1;
  }

  #matches(bytes: Uint8Array, start: number): boolean {
    const length = Math.min(this.#marker.length, bytes.length - start);
    for (let index = 1; index < length; index++) {
      if (bytes[start + index] !== this.#marker[index]) return false;
    }
    return true;
  }
}

function joined(left: Uint8Array, right: Uint8Array): Uint8Array {
  const both = new Uint8Array(left.length + right.length);
  both.set(left);
  both.set(right, left.length);
  return both;
}
