/** A list of parameters taken apart at its commas, colons and equals signs. */
import type { BlankedSource } from "../source_scan.ts";

/** As it stands in the source, without white space around. */
export interface ParameterText {
  readonly name: string;
  readonly type?: string;
  readonly value?: string;
}

const OPENING = "([{";
const CLOSING = ")]}";
/** Type arguments of a call, in which `<` is no comparison. */
const TYPE_ARGUMENTS = /<[\w\s,.[\]|]*>(?=\()/y;

/** The index of what closes the bracket at `open`; -1 when nothing does. */
export function closingOf(code: string, open: number): number {
  let depth = 0;
  for (let index = open; index < code.length; index++) {
    if (OPENING.includes(code[index]!)) depth++;
    else if (CLOSING.includes(code[index]!) && --depth === 0) return index;
  }
  return -1;
}

/** As {@link closingOf}, for the angle brackets of TypeScript; `=>` is none. */
export function closingAngle(code: string, open: number): number {
  let depth = 0;
  for (let index = open; index < code.length; index++) {
    if (code[index] === "<") depth++;
    else if (code[index] === ">" && code[index - 1] !== "=" && --depth === 0) return index;
  }
  return -1;
}

/** Cuts at `separator` where it stands in no brackets, angle brackets included. */
export function splitOutside({ code, text }: BlankedSource, separator: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let start = 0;
  for (let index = 0; index < code.length; index++) {
    const character = code[index]!;
    if (OPENING.includes(character) || character === "<") depth++;
    else if (CLOSING.includes(character)) depth--;
    else if (character === ">" && code[index - 1] !== "=") depth--;
    else if (character === separator && depth === 0) {
      parts.push(text.slice(start, index).trim());
      start = index + 1;
    }
  }
  return [...parts, text.slice(start).trim()];
}

type Part = "name" | "type" | "value";

/** @param list what stands between the parentheses */
export function splitParameters(list: BlankedSource): ParameterText[] {
  const found: ParameterText[] = [];
  let parts: Partial<Record<Part, string>> = {};
  let part: Part = "name";
  let start = 0;
  const end = (index: number, next: Part): void => {
    parts[part] = list.text.slice(start, index).trim();
    part = next;
    start = index + 1;
  };
  const endParameter = (index: number): void => {
    end(index, "name");
    const { name = "", type, value } = parts;
    parts = {};
    // A comma may follow the last one.
    if (name !== "" || index < list.code.length) found.push({ name, type, value });
  };
  for (const { index, mark } of marks(list.code, () => part)) {
    if (mark === ",") endParameter(index);
    else end(index, mark === ":" ? "type" : "value");
  }
  endParameter(list.code.length);
  return found;
}

/** Where a parameter ends, and where its type and its value begin. */
function* marks(
  code: string,
  partNow: () => Part,
): Generator<{ readonly index: number; readonly mark: "," | ":" | "=" }> {
  let depth = 0;
  let inLambda = false;
  for (let index = 0; index < code.length; index++) {
    const character = code[index]!;
    const part = partNow();
    if (OPENING.includes(character)) depth++;
    else if (CLOSING.includes(character)) depth--;
    else if (part === "type" && character === "<") depth++;
    else if (part === "type" && character === ">" && code[index - 1] !== "=") depth--;
    else if (part === "value" && character === "<") index = pastTypeArguments(code, index);
    else if (depth > 0) continue;
    else if (part === "value" && isLambda(code, index)) inLambda = true;
    else if (character === ":" && inLambda) inLambda = false;
    else if (character === "," && !inLambda) yield { index, mark: "," };
    else if (character === ":" && part === "name") yield { index, mark: ":" };
    else if (character === "=" && part !== "value" && code[index + 1] !== ">") {
      yield { index, mark: "=" };
    }
  }
}

function pastTypeArguments(code: string, index: number): number {
  TYPE_ARGUMENTS.lastIndex = index;
  return TYPE_ARGUMENTS.test(code) ? TYPE_ARGUMENTS.lastIndex - 1 : index;
}

/** Python's, whose parameters have commas of their own. */
function isLambda(code: string, index: number): boolean {
  return code.startsWith("lambda", index) && !/[\w.]/.test(code[index - 1] ?? "") &&
    !/\w/.test(code[index + 6] ?? "");
}
