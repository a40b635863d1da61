/** What is wrong with a profile's values: each key with what was found, expected, and the mend. */
import * as v from "valibot";
import { closest } from "../lib/closest.ts";
import { type KeyHelp, KEYS, keysUnder } from "./keys.ts";
import type { Scheduler } from "./profile.d.ts";
import { SCHEDULERS } from "./schedulers.ts";
import { ProfileSchema, type RawProfile } from "./schema.ts";

export interface ProfileProblem {
  /** Dotted; empty for the profile as a whole. */
  readonly key: string;
  /** Counted from 1; left out where the key stands more than once, or not as such. */
  readonly line?: number;
  readonly found: string;
  readonly expected: string;
  readonly mend: string;
}

/** The profile, or all that is wrong with it; `source` serves to tell lines. */
export function checkProfile(
  value: unknown,
  source: string,
): { readonly profile: RawProfile } | { readonly problems: readonly ProfileProblem[] } {
  const checked = v.safeParse(ProfileSchema, value);
  if (checked.success) return { profile: checked.output };
  const byKey = new Map<string, ProfileProblem>();
  for (const issue of checked.issues) {
    const path = (issue.path ?? []).map((item) => String(item.key));
    const key = path.join(".");
    if (byKey.has(key)) continue;
    byKey.set(key, { key, ...lineOf(path.at(-1), source), ...explain(path, issue) });
  }
  return { problems: withoutFollowUps([...byKey.values()], value) };
}

/** A scheduler's own keys are not held against a profile that names the scheduler. */
function withoutFollowUps(problems: ProfileProblem[], value: unknown): ProfileProblem[] {
  if (!namesScheduler(value)) return problems;
  return problems.filter(({ key }) =>
    !key.startsWith("executor.provider.") || key === "executor.provider.type"
  );
}

function namesScheduler(value: unknown): boolean {
  const raw = value as { executor?: { provider?: { type?: unknown } | null } | null } | null;
  return schedulerNamed(raw?.executor?.provider?.type) !== undefined;
}

function schedulerNamed(value: unknown): Scheduler | undefined {
  return SCHEDULERS.find((name) => name === value);
}

type Explained = Omit<ProfileProblem, "key" | "line">;

function explain(path: readonly string[], issue: v.BaseIssue<unknown>): Explained {
  if (issue.type === "never") return unknownKey(path);
  const found = describe(issue.input);
  const scheduler = schedulerNamed(issue.input);
  if (path.join(".") === "executor.provider.type" && scheduler !== undefined) {
    return { found, ...schedulerHelp(scheduler) };
  }
  // A missing key has that origin too, but nothing was found there.
  const isName = issue.path?.at(-1)?.origin === "key" && issue.input !== undefined;
  return { found, ...helpOf(isName ? path.slice(0, -1) : path) };
}

function schedulerHelp(scheduler: Scheduler): KeyHelp {
  return {
    expected: '"local"',
    mend: `This version does not submit jobs to ${scheduler}: ` +
      'write { type: "local" }, which runs workers on this machine.',
  };
}

function unknownKey(path: readonly string[]): Explained {
  const name = path.at(-1) ?? "";
  const known = keysUnder(path.slice(0, -1).join("."));
  return {
    found: `the unknown key "${name}"`,
    expected: known.length === 1 ? known[0] : `one of ${known.join(", ")}`,
    mend: mendOfUnknown(name, known),
  };
}

function mendOfUnknown(name: string, known: readonly string[]): string {
  const meant = closest(name, known);
  if (meant !== undefined) return `Did you mean "${meant}"?`;
  const elsewhere = Object.keys(KEYS).find((key) => key.endsWith(`.${name}`));
  if (elsewhere !== undefined) return `Move it to "${elsewhere}".`;
  return "Remove it; profile.d.ts explains all keys.";
}

/** Of the key itself, or of the nearest one above it that has a text. */
function helpOf(path: readonly string[]): KeyHelp {
  const own = KEYS[path.join(".")] ?? KEYS[[...path.slice(0, -1), "*"].join(".")];
  return own ?? helpOf(path.slice(0, -1));
}

const LONGEST_FOUND = 80;

/** The value as JSON, cut off. */
function describe(value: unknown): string {
  if (value === undefined) return "nothing";
  const text = JSON.stringify(value);
  return text.length > LONGEST_FOUND ? `${text.slice(0, LONGEST_FOUND)}…` : text;
}

/** The only line of `source` on which a key of this name is set. */
function lineOf(name: string | undefined, source: string): { line?: number } {
  if (name === undefined || !/^[A-Za-z_$][\w$]*$/.test(name)) return {};
  const setting = new RegExp(`(^|[{,\\s])["']?${name.replaceAll("$", "\\$")}["']?\\s*:`);
  const matching = source.split("\n").flatMap((text, index) =>
    setting.test(text) ? [index + 1] : []
  );
  return matching.length === 1 ? { line: matching[0] } : {};
}
