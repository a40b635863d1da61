/** Options of a run, as they are typed. */
import { isUuid } from "../../contract/ids.ts";
import { MAX_ATTEMPTS, MAX_PRIORITY, MIN_PRIORITY } from "../../contract/limits.ts";
import { english } from "../texts/english.ts";
import { parseJson } from "./json_text.ts";
import type { CallOptions } from "./snippets.ts";

/** Empty ones are left to the endpoint. */
export interface TypedOptions {
  readonly walltime: string;
  readonly priority: string;
  readonly attempts: string;
  readonly resources: string;
  readonly count: string;
  readonly group: string;
}

export const NO_OPTIONS: TypedOptions = {
  walltime: "",
  priority: "",
  attempts: "",
  resources: "",
  count: "",
  group: "",
};
/** Runs of one call at once; more is the work of a program. */
export const MAX_COUNT = 1_000;

export interface ReadOptions {
  readonly options: CallOptions;
  readonly count: number;
  /** By field; empty when all is right. */
  readonly wrong: Partial<Record<keyof TypedOptions, string>>;
}

export function readOptions(typed: TypedOptions): ReadOptions {
  const wrong: Partial<Record<keyof TypedOptions, string>> = {};
  const number = (
    key: keyof TypedOptions,
    fits: (value: number) => boolean,
    message: string,
  ): number | undefined => {
    const text = typed[key].trim();
    if (text === "") return undefined;
    const value = Number(text);
    if (/^[+-]?\d*\.?\d+$/.test(text) && fits(value)) return value;
    wrong[key] = message;
    return undefined;
  };
  const whole = (least: number, most: number) => (value: number): boolean =>
    Number.isInteger(value) && value >= least && value <= most;
  const { optionWrong } = english.run;
  const options: CallOptions = {
    walltime_seconds: number("walltime", (value) => value >= 0.001, optionWrong.walltime),
    priority: number(
      "priority",
      whole(MIN_PRIORITY, MAX_PRIORITY),
      optionWrong.between(MIN_PRIORITY, MAX_PRIORITY),
    ),
    max_attempts: number("attempts", whole(1, MAX_ATTEMPTS), optionWrong.between(1, MAX_ATTEMPTS)),
    resource_specification: resourcesOf(typed.resources, (message) => wrong.resources = message),
    task_group_id: groupOf(typed.group, (message) => wrong.group = message),
  };
  const count = number("count", whole(1, MAX_COUNT), optionWrong.between(1, MAX_COUNT)) ?? 1;
  return { options, count, wrong };
}

function resourcesOf(
  text: string,
  onWrong: (message: string) => void,
): Record<string, unknown> | undefined {
  if (text.trim() === "") return undefined;
  const parsed = parseJson(text);
  if (!parsed.ok) onWrong(parsed.message);
  else if (
    typeof parsed.value !== "object" || parsed.value === null || Array.isArray(parsed.value)
  ) {
    onWrong(english.run.wrong.object);
  } else return parsed.value as Record<string, unknown>;
  return undefined;
}

function groupOf(text: string, onWrong: (message: string) => void): string | undefined {
  const id = text.trim().toLowerCase();
  if (id === "") return undefined;
  if (isUuid(id)) return id;
  onWrong(english.run.optionWrong.group);
  return undefined;
}
