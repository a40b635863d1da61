/** What was entered on the page, in whichever way, as arguments. */
import { english } from "../texts/english.ts";
import type { Draft } from "./draft.ts";
import { parseJson } from "./json_text.ts";
import {
  argumentsOf,
  enteredOf,
  type FormArguments,
  type ParameterField,
  readableArguments,
} from "./parameter_fields.ts";

export type ReadArguments = FormArguments;

export function readArguments(
  draft: Draft,
  fields: readonly ParameterField[] | undefined,
  runtime: string,
): ReadArguments {
  if (fields !== undefined && draft.mode === "form") {
    return argumentsOf(fields, draft.entered, runtime);
  }
  return readJsonArguments(draft.args, draft.kwargs);
}

/** `wrong` is by `args` and `kwargs`. Empty text is no arguments. */
export function readJsonArguments(args: string, kwargs: string): ReadArguments {
  const wrong: Record<string, string> = {};
  const positional = read(args, "[]", (message) => wrong.args = message);
  const keyword = read(kwargs, "{}", (message) => wrong.kwargs = message);
  if (wrong.args === undefined && !Array.isArray(positional)) wrong.args = english.run.wrong.array;
  if (wrong.kwargs === undefined && !isObject(keyword)) wrong.kwargs = english.run.wrong.object;
  if (Object.keys(wrong).length > 0) return { ok: false, wrong };
  return { ok: true, args: positional as unknown[], kwargs: keyword as Record<string, unknown> };
}

/** With the form's fields as JSON, but for those that are empty or wrong. */
export function asJson(draft: Draft, fields: readonly ParameterField[], runtime: string): Draft {
  return { ...draft, mode: "json", ...jsonOf(draft, fields, runtime) };
}

/**
 * With the form filled from the JSON; undefined when that does not fit it. While the JSON is still
 * what the fields gave, they stay as they are: also those of which the JSON has nothing.
 */
export function asForm(
  draft: Draft,
  fields: readonly ParameterField[],
  runtime: string,
): Draft | undefined {
  const { args, kwargs } = jsonOf(draft, fields, runtime);
  if (args === draft.args && kwargs === draft.kwargs) return { ...draft, mode: "form" };
  const read = readJsonArguments(draft.args, draft.kwargs);
  const entered = read.ok ? enteredOf(fields, read.args, read.kwargs) : undefined;
  return entered && { ...draft, mode: "form", entered };
}

function jsonOf(
  { entered }: Draft,
  fields: readonly ParameterField[],
  runtime: string,
): Pick<Draft, "args" | "kwargs"> {
  const { args, kwargs } = readableArguments(fields, entered, runtime);
  return { args: JSON.stringify(args, null, 2), kwargs: JSON.stringify(kwargs, null, 2) };
}

function read(text: string, byDefault: string, onWrong: (message: string) => void): unknown {
  const parsed = parseJson(text.trim() === "" ? byDefault : text);
  if (parsed.ok) return parsed.value;
  onWrong(parsed.message);
  return undefined;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
