/** The primitive values of AMQP 0-9-1: what reads and writes them, bounded in every direction. */
import { AmqpError } from "./replies.ts";

export type FieldValue =
  | string
  | number
  | boolean
  | null
  | Uint8Array
  | readonly FieldValue[]
  | { readonly [name: string]: FieldValue };
export type FieldTable = { readonly [name: string]: FieldValue };

const MAX_TABLE_DEPTH = 8;
const decoder = new TextDecoder();
const encoder = new TextEncoder();

/** Reads one after the other; throws `SYNTAX_ERROR` past the end. */
export class ByteReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #position = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get left(): number {
    return this.#bytes.length - this.#position;
  }

  octet(): number {
    return this.#view.getUint8(this.#take(1));
  }

  short(): number {
    return this.#view.getUint16(this.#take(2));
  }

  long(): number {
    return this.#view.getUint32(this.#take(4));
  }

  /** Whole numbers that fit no double are no tag and no length that was ever given out. */
  longlong(): number {
    const value = this.#view.getBigUint64(this.#take(8));
    if (value <= BigInt(Number.MAX_SAFE_INTEGER)) return Number(value);
    throw new AmqpError("SYNTAX_ERROR", `${value} is too large a number`);
  }

  shortstr(): string {
    return decoder.decode(this.#slice(this.octet()));
  }

  longstr(): Uint8Array {
    return this.#slice(this.long());
  }

  table(depth = 0): FieldTable {
    if (depth > MAX_TABLE_DEPTH) throw new AmqpError("SYNTAX_ERROR", "a table nests too deep");
    const inner = new ByteReader(this.longstr());
    const entries: [string, FieldValue][] = [];
    while (inner.left > 0) entries.push([inner.shortstr(), inner.#field(depth + 1)]);
    return Object.fromEntries(entries);
  }

  #array(depth: number): readonly FieldValue[] {
    if (depth > MAX_TABLE_DEPTH) throw new AmqpError("SYNTAX_ERROR", "a table nests too deep");
    const inner = new ByteReader(this.longstr());
    const values: FieldValue[] = [];
    while (inner.left > 0) values.push(inner.#field(depth + 1));
    return values;
  }

  /** By the letters that RabbitMQ and its clients use. */
  #field(depth: number): FieldValue {
    const kind = String.fromCharCode(this.octet());
    switch (kind) {
      case "t":
        return this.octet() !== 0;
      case "b":
        return this.#view.getInt8(this.#take(1));
      case "B":
        return this.octet();
      case "s":
        return this.#view.getInt16(this.#take(2));
      case "u":
        return this.short();
      case "I":
        return this.#view.getInt32(this.#take(4));
      case "i":
        return this.long();
      case "l":
      case "L":
        return Number(this.#view.getBigInt64(this.#take(8)));
      case "f":
        return this.#view.getFloat32(this.#take(4));
      case "d":
        return this.#view.getFloat64(this.#take(8));
      case "D":
        return this.octet() === 0 ? this.long() : this.long();
      case "S":
        return decoder.decode(this.longstr());
      case "x":
        return this.longstr();
      case "T":
        return this.longlong();
      case "F":
        return this.table(depth);
      case "A":
        return this.#array(depth);
      case "V":
        return null;
      default:
        throw new AmqpError("SYNTAX_ERROR", `a table has a value of kind ${JSON.stringify(kind)}`);
    }
  }

  #slice(length: number): Uint8Array {
    const start = this.#take(length);
    return this.#bytes.subarray(start, start + length);
  }

  #take(length: number): number {
    const start = this.#position;
    if (length > this.left) throw new AmqpError("SYNTAX_ERROR", "a frame ends within a value");
    this.#position += length;
    return start;
  }
}

export class ByteWriter {
  #bytes = new Uint8Array(256);
  #length = 0;

  finish(): Uint8Array<ArrayBuffer> {
    return this.#bytes.slice(0, this.#length);
  }

  octet(value: number): void {
    this.#view(1).setUint8(0, value);
  }

  short(value: number): void {
    this.#view(2).setUint16(0, value);
  }

  long(value: number): void {
    this.#view(4).setUint32(0, value);
  }

  longlong(value: number): void {
    this.#view(8).setBigUint64(0, BigInt(value));
  }

  shortstr(value: string): void {
    const bytes = encoder.encode(value);
    if (bytes.length > 255) throw new RangeError("a short string has at most 255 bytes");
    this.octet(bytes.length);
    this.#append(bytes);
  }

  longstr(value: Uint8Array): void {
    this.long(value.length);
    this.#append(value);
  }

  table(value: FieldTable): void {
    const inner = new ByteWriter();
    for (const [name, field] of Object.entries(value)) {
      inner.shortstr(name);
      inner.#field(field);
    }
    this.longstr(inner.finish());
  }

  #field(value: FieldValue): void {
    if (typeof value === "string") this.#tagged("S", () => this.longstr(encoder.encode(value)));
    else if (typeof value === "boolean") this.#tagged("t", () => this.octet(value ? 1 : 0));
    else if (typeof value === "number") {
      this.#tagged("d", () => this.#view(8).setFloat64(0, value));
    } else if (value === null) this.#tagged("V", () => {});
    else if (value instanceof Uint8Array) this.#tagged("x", () => this.longstr(value));
    else if (Array.isArray(value)) {
      const inner = new ByteWriter();
      for (const item of value as readonly FieldValue[]) inner.#field(item);
      this.#tagged("A", () => this.longstr(inner.finish()));
    } else this.#tagged("F", () => this.table(value as FieldTable));
  }

  #tagged(kind: string, write: () => void): void {
    this.octet(kind.charCodeAt(0));
    write();
  }

  #append(bytes: Uint8Array): void {
    this.#grow(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  #view(length: number): DataView {
    this.#grow(length);
    const view = new DataView(this.#bytes.buffer, this.#length, length);
    this.#length += length;
    return view;
  }

  #grow(length: number): void {
    if (this.#length + length <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(2 * this.#bytes.length, this.#length + length));
    larger.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = larger;
  }
}
