/** Registers each function of a program once. */
import type { FunctionId } from "../contract/ids.ts";
import type { Client } from "./client.ts";
import {
  type FunctionHandle,
  type FunctionSource,
  sourceOf,
  type TaskFunction,
} from "./functions.ts";

/** What is run: a function id, a registered function, source, or a function of this program. */
export type RemoteFunction = FunctionId | FunctionHandle | FunctionSource | TaskFunction;

export class FunctionRegistry {
  readonly #client: Client;
  readonly #ids = new WeakMap<FunctionSource | TaskFunction, FunctionId | Promise<FunctionId>>();

  constructor(client: Client) {
    this.#client = client;
  }

  /** At once when it is known. Rejects when the service refuses the function. */
  idOf(fn: RemoteFunction): FunctionId | Promise<FunctionId> {
    if (typeof fn === "string") return fn;
    if ("functionId" in fn) return fn.functionId;
    const known = this.#ids.get(fn);
    if (known !== undefined) return known;
    const registering = this.#register(fn);
    this.#ids.set(fn, registering);
    return registering;
  }

  async #register(fn: FunctionSource | TaskFunction): Promise<FunctionId> {
    try {
      const source = typeof fn === "function" ? sourceOf(fn) : fn;
      const { functionId } = await this.#client.register(source);
      this.#ids.set(fn, functionId);
      return functionId;
    } catch (thrown) {
      this.#ids.delete(fn);
      throw thrown;
    }
  }
}
