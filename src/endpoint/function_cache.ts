/** The code of functions: each once in memory, so that all its tasks share it, and the rest on disk. */
import type { FunctionId } from "../contract/ids.ts";
import type { Tasks } from "../contract/protocol/messages.ts";

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

  /** Keeps copies of what came in a message, and returns them. */
  take(functions: Tasks["functions"]): Tasks["functions"] {
    // Copies, because the decoder gives views of the whole frame.
    const copies = functions.map(({ function_id, code }) => ({
      function_id,
      code: new Uint8Array(code),
    }));
    for (const { function_id, code } of copies) this.set(function_id, code);
    return copies;
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
