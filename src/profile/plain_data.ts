/** Copies what a profile gave, if it is plain data: what JSON can hold, within bounds. */
import { MAX_DEPTH, MAX_PROFILE_SIZE } from "../contract/limits.ts";
import type { ProfileProblem } from "./problems.ts";

/** Properties that are `undefined` are left out, as JSON does. */
export function plainCopy(
  value: unknown,
): { readonly value: unknown } | { readonly problems: readonly ProfileProblem[] } {
  const copier = new Copier();
  try {
    const copy = copier.copy(value, []);
    return copier.problems.length === 0 ? { value: copy } : copier;
  } catch (thrown) {
    if (thrown instanceof StopCopying) return copier;
    throw thrown;
  }
}

/** Nothing more is worth looking at: the value is too large, or has very many problems. */
class StopCopying extends Error {}

const MAX_PROBLEMS = 100;
/** What a value counts beside its text. */
const VALUE_SIZE = 16;

const EXPECTED = "a string, a finite number, a boolean, null, an array or a plain object";

class Copier {
  readonly problems: ProfileProblem[] = [];
  #size = 0;
  readonly #around = new Set<object>();

  copy(value: unknown, path: readonly string[]): unknown {
    this.#grow(VALUE_SIZE, path);
    switch (typeof value) {
      case "string":
        this.#grow(value.length, path);
        return value;
      case "boolean":
      case "undefined":
        return value;
      case "number":
        return Number.isFinite(value) ? value : this.#refuse(path, String(value));
      case "object":
        return value === null ? null : this.#copyObject(value, path);
      default:
        return this.#refuse(path, `a ${typeof value}`);
    }
  }

  #copyObject(value: object, path: readonly string[]): unknown {
    if (this.#around.has(value)) return this.#refuse(path, "an object that contains itself");
    if (path.length >= MAX_DEPTH) this.#stop(path, `more than ${MAX_DEPTH} levels`);
    if (!Array.isArray(value) && !isPlain(value)) return this.#refuse(path, nameOf(value));
    this.#around.add(value);
    const copy = Array.isArray(value)
      ? value.map((item, index) => this.copy(item, [...path, String(index)]))
      : this.#copyEntries(value, path);
    this.#around.delete(value);
    return copy;
  }

  #copyEntries(value: object, path: readonly string[]): unknown {
    const entries = Object.entries(value).map(([key, item]) => {
      this.#grow(key.length, path);
      return [key, this.copy(item, [...path, key])] as const;
    });
    return Object.fromEntries(entries.filter(([, item]) => item !== undefined));
  }

  #grow(size: number, path: readonly string[]): void {
    this.#size += size;
    if (this.#size > MAX_PROFILE_SIZE) this.#stop(path, `more than ${MAX_PROFILE_SIZE} characters`);
  }

  #refuse(path: readonly string[], found: string): undefined {
    this.problems.push({ key: path.join("."), found, expected: EXPECTED, mend: mendOf(found) });
    if (this.problems.length >= MAX_PROBLEMS) throw new StopCopying();
  }

  #stop(path: readonly string[], found: string): never {
    this.problems.push({
      key: path.join("."),
      found,
      expected: `at most ${MAX_PROFILE_SIZE} characters in at most ${MAX_DEPTH} levels`,
      mend: "Keep large data in files that tasks read; a profile only describes the endpoint.",
    });
    throw new StopCopying();
  }
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype;
}

function nameOf(value: object): string {
  if (value instanceof Promise) return "a promise";
  const { name } = value.constructor ?? {};
  return typeof name === "string" && name !== "" ? `an instance of ${name}` : "an unusual object";
}

function mendOf(found: string): string {
  switch (found) {
    case "a function":
      return "Call it, or write the value itself.";
    case "a promise":
      return "Wait for it at the top of the file: `const data = await …;`.";
    case "an object that contains itself":
      return "Write the values that are needed from it.";
    default:
      return "Turn it into text or a number.";
  }
}
