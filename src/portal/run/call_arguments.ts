/** What was entered on the page, in whichever way, as arguments. */
import { english } from "../texts/english.ts";
import type { Draft } from "./draft.ts";
import { parseJson } from "./json_text.ts";
import { argumentsOf, type FormArguments, type ParameterField } from "./parameter_fields.ts";

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

function read(text: string, byDefault: string, onWrong: (message: string) => void): unknown {
  const parsed = parseJson(text.trim() === "" ? byDefault : text);
  if (parsed.ok) return parsed.value;
  onWrong(parsed.message);
  return undefined;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
