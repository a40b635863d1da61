/** Which runtime a function needs, read once from its header. */
import { runtimeOf } from "../../contract/envelope.ts";
import type { FunctionId } from "../../contract/ids.ts";
import type { TaskAttempt } from "./executor.ts";
import type { RuntimeName } from "./runtimes/runtime.ts";

const MAX_KNOWN_FUNCTIONS = 10_000;

export class FunctionRuntimes {
  readonly #known = new Map<FunctionId, RuntimeName>();

  of({ functionId, code }: TaskAttempt): RuntimeName {
    const known = this.#known.get(functionId);
    if (known !== undefined) return known;
    // The header follows the length of the one packed buffer.
    const header = code.indexOf(0x0a) + 1;
    const runtime = runtimeOf(String.fromCharCode(...code.subarray(header, header + 2)));
    if (this.#known.size >= MAX_KNOWN_FUNCTIONS) this.#known.clear();
    this.#known.set(functionId, runtime);
    return runtime;
  }
}
