/** The code of functions: each once in memory, so that all its tasks share it, and the rest on disk. */
import type { FunctionId } from "../contract/ids.ts";

const MAX_BYTES = 32 * 1024 * 1024;

export class FunctionCache {
  readonly #read: (functionId: FunctionId) => Uint8Array | undefined;
  /** Least recently used first. */
  readonly #codes = new Map<FunctionId, Uint8Array>();
  #bytes = 0;

  /** `read` asks the spool. */
  constructor(read: (functionId: FunctionId) => Uint8Array | undefined) {
    this.#read = read;
  }

  get(functionId: FunctionId): Uint8Array | undefined {
    const code = this.#codes.get(functionId) ?? this.#read(functionId);
    if (code !== undefined) this.set(functionId, code);
    return code;
  }

  set(functionId: FunctionId, code: Uint8Array): void {
    this.#bytes += code.length - (this.#codes.get(functionId)?.length ?? 0);
    this.#codes.delete(functionId);
    this.#codes.set(functionId, code);
    for (const [oldest, { length }] of this.#codes) {
      if (this.#bytes <= MAX_BYTES || oldest === functionId) break;
      this.#codes.delete(oldest);
      this.#bytes -= length;
    }
  }
}
