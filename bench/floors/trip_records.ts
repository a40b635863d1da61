/** Records between the bare agent of `trip.ts` and its workers: four bytes of length, then msgpack. */
import { pack, unpack } from "msgpackr";

const LENGTH_BYTES = 4;

export function record(value: unknown): Uint8Array {
  const content = pack(value);
  const bytes = new Uint8Array(LENGTH_BYTES + content.length);
  new DataView(bytes.buffer).setUint32(0, content.length);
  bytes.set(content, LENGTH_BYTES);
  return bytes;
}

/** Takes a stream apart; a record that is not whole yet is held until the rest comes. */
export class RecordReader<T> {
  #held = new Uint8Array();

  *read(chunk: Uint8Array): Generator<T, void> {
    const bytes = this.#held.length === 0 ? chunk : joined(this.#held, chunk);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    let start = 0;
    while (start + LENGTH_BYTES <= bytes.length) {
      const end = start + LENGTH_BYTES + view.getUint32(start);
      if (end > bytes.length) break;
      yield unpack(bytes.subarray(start + LENGTH_BYTES, end));
      start = end;
    }
    this.#held = bytes.slice(start);
  }
}

function joined(one: Uint8Array, other: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(one.length + other.length);
  bytes.set(one);
  bytes.set(other, one.length);
  return bytes;
}
