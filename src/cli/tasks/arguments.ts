/** Arguments of functions, as they are typed. */
import { FuncxError } from "../../contract/errors.ts";
import type { CallArguments } from "../../client/executor.ts";
import { isRawNumber, parseKeepingNumbers } from "../../lib/exact_json.ts";

/** A JSON value where the word is one, with its numbers as they are typed, else the word itself. */
export function parseArgument(word: string): unknown {
  try {
    return parseKeepingNumbers(word);
  } catch {
    return word;
  }
}

/** The value of `--kwargs`; throws `INPUT_INVALID`. */
export function parseKeywordArguments(text: string | undefined): Record<string, unknown> {
  if (text === undefined) return {};
  const value = parseJson(text, "--kwargs");
  if (isObject(value)) return value;
  throw new FuncxError({
    code: "INPUT_INVALID",
    message: `--kwargs is ${nameOf(value)}, not an object`,
    hint: `Write it as '{"name": value}'.`,
  });
}

/** One line of the input of `map`: an array of arguments, or an object of keyword arguments. */
export function parseCall({ text, number }: InputLine): CallArguments {
  const value = parseJson(text, `line ${number}`);
  if (Array.isArray(value)) return { args: value };
  if (isObject(value)) return { kwargs: value };
  throw new FuncxError({
    code: "INPUT_INVALID",
    message: `line ${number} is ${nameOf(value)}, not an array of arguments`,
    hint: `Write [${text.trim().slice(0, 40)}] for one argument.`,
  });
}

/** A line of input, counted from 1. */
export interface InputLine {
  readonly number: number;
  readonly text: string;
}

function parseJson(text: string, where: string): unknown {
  try {
    return parseKeepingNumbers(text);
  } catch (thrown) {
    throw new FuncxError({
      code: "INPUT_INVALID",
      message: `${where} is not JSON: ${(thrown as Error).message}`,
      hint: "Names and strings need double quotes in JSON.",
    });
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value) &&
    !isRawNumber(value);
}

function nameOf(value: unknown): string {
  if (value === null) return "null";
  if (isRawNumber(value)) return "a number";
  return Array.isArray(value) ? "an array" : `a ${typeof value}`;
}
