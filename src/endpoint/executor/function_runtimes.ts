/** What a function needs, read once from its code. */
import { EnvelopeError, functionBuffers, runtimeOf } from "../../contract/envelope.ts";
import type { FunctionId } from "../../contract/ids.ts";
import type { TaskAttempt } from "./executor.ts";
import type { RuntimeName } from "./runtimes/runtime.ts";

const MAX_KNOWN_FUNCTIONS = 10_000;
const NEWLINE = 0x0a;

export interface FunctionNeeds {
  readonly runtime: RuntimeName;
  /** As it was sent, not checked; null when it names no container. */
  readonly image: string | null;
}

export class FunctionRuntimes {
  readonly #known = new Map<FunctionId, FunctionNeeds>();

  of({ functionId, code }: Pick<TaskAttempt, "functionId" | "code">): FunctionNeeds {
    const known = this.#known.get(functionId);
    if (known !== undefined) return known;
    const needs = needsOf(code);
    if (this.#known.size >= MAX_KNOWN_FUNCTIONS) this.#known.clear();
    this.#known.set(functionId, needs);
    return needs;
  }
}

function needsOf(code: Uint8Array): FunctionNeeds {
  // The header follows the length of the first buffer.
  const start = code.indexOf(NEWLINE) + 1;
  const runtime = runtimeOf(String.fromCharCode(...code.subarray(start, start + 2)));
  const length = Number(String.fromCharCode(...code.subarray(0, Math.max(0, start - 1))));
  // Then it is all there is, and in ASCII.
  if (start + length === code.length) return { runtime, image: null };
  return { runtime, image: imageIn(new TextDecoder().decode(code)) };
}

/** What cannot be read is for its worker to refuse, which reads it the same way. */
function imageIn(code: string): string | null {
  try {
    return functionBuffers(code).image;
  } catch (thrown) {
    if (thrown instanceof EnvelopeError) return null;
    throw thrown;
  }
}
