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

interface Named {
  readonly source: FunctionSource;
  /** What it is registered as, and all that is registered. */
  readonly key: string;
}

export class FunctionRegistry {
  readonly #client: Client;
  readonly #named = new WeakMap<FunctionSource | TaskFunction, Named>();
  /** By key: a function that is written in a loop is another object each time, with the same source. */
  readonly #ids = new Map<string, FunctionId | Promise<FunctionId>>();

  constructor(client: Client) {
    this.#client = client;
  }

  /** At once when it is known. Rejects when it has no source, or the service refuses it. */
  idOf(fn: RemoteFunction): FunctionId | Promise<FunctionId> {
    if (typeof fn === "string") return fn;
    if ("functionId" in fn) return fn.functionId;
    try {
      const named = this.#namedOf(fn);
      return this.#ids.get(named.key) ?? this.#registering(named);
    } catch (thrown) {
      return Promise.reject(thrown);
    }
  }

  #namedOf(fn: FunctionSource | TaskFunction): Named {
    const known = this.#named.get(fn);
    if (known !== undefined) return known;
    const source = typeof fn === "function" ? sourceOf(fn) : fn;
    const named = { source, key: `${source.name}\n${source.code}` };
    this.#named.set(fn, named);
    return named;
  }

  #registering(named: Named): Promise<FunctionId> {
    const registering = this.#register(named);
    this.#ids.set(named.key, registering);
    return registering;
  }

  async #register({ source, key }: Named): Promise<FunctionId> {
    try {
      const { functionId } = await this.#client.register(source);
      this.#ids.set(key, functionId);
      return functionId;
    } catch (thrown) {
      this.#ids.delete(key);
      throw thrown;
    }
  }
}
