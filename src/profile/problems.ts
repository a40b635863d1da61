/** What is wrong with a profile's values: each key with what was found, expected, and the mend. */
import * as v from "valibot";
import { closest } from "../lib/closest.ts";
import { containerConflicts } from "./container.ts";
import { type KeyHelp, KEYS, keysUnder } from "./keys.ts";
import { conflictsOf } from "./provider_checks.ts";
import { meantBy, providerKeyHelp } from "./provider_keys.ts";
import {
  PROVIDER_ENTRIES,
  PROVIDER_TYPES,
  type ProviderType,
  providerType,
} from "./provider_schema.ts";
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
  if (checked.success) return withoutConflicts(checked.output, source);
  const type = providerType((value as Provided)?.executor?.provider);
  const byKey = new Map<string, ProfileProblem>();
  for (const issue of checked.issues) {
    const path = (issue.path ?? []).map((item) => String(item.key));
    const key = path.join(".");
    if (byKey.has(key)) continue;
    byKey.set(key, { key, ...lineOf(path.at(-1), source), ...explain(path, issue, type) });
  }
  return { problems: [...byKey.values()] };
}

/** As far as it has a provider. */
type Provided = { readonly executor?: { readonly provider?: unknown } | null } | null | undefined;

function withoutConflicts(profile: RawProfile, source: string): ReturnType<typeof checkProfile> {
  const found = [
    ...conflictsOf(profile).map((conflict) => ({ parent: PROVIDER, ...conflict })),
    ...containerConflicts(profile.executor?.container).map((conflict) => ({
      parent: "executor.container",
      ...conflict,
    })),
  ];
  const problems = found.map(({ parent, key, ...rest }) => ({
    key: `${parent}.${key}`,
    ...lineOf(key, source),
    ...rest,
  }));
  return problems.length === 0 ? { profile } : { problems };
}

const PROVIDER = "executor.provider";

type Explained = Omit<ProfileProblem, "key" | "line">;

function explain(
  path: readonly string[],
  issue: v.BaseIssue<unknown>,
  type: ProviderType | undefined,
): Explained {
  if (issue.type === "never") return unknownKey(path, type);
  const found = describe(issue.input);
  if (path.join(".") === `${PROVIDER}.type`) return { found, ...helpOfType(issue.input) };
  // A missing key has that origin too, but nothing was found there.
  const isName = issue.path?.at(-1)?.origin === "key" && issue.input !== undefined;
  return { found, ...helpOf(isName ? path.slice(0, -1) : path, type) };
}

function helpOfType(found: unknown): KeyHelp {
  const help = helpOf([...PROVIDER.split("."), "type"], undefined);
  const meant = typeof found === "string" ? closest(found, PROVIDER_TYPES) : undefined;
  return meant === undefined ? help : { ...help, mend: `Did you mean "${meant}"?` };
}

function unknownKey(path: readonly string[], type: ProviderType | undefined): Explained {
  const name = path.at(-1) ?? "";
  const parent = path.slice(0, -1).join(".");
  if (parent === PROVIDER && type !== undefined) return unknownProviderKey(name, type);
  const known = keysUnder(parent);
  if (known.includes(name)) return keyOfOther(name, known);
  return {
    found: `the unknown key "${name}"`,
    expected: oneOf(known),
    mend: mendOfUnknown(name, known),
  };
}

/** One that belongs to another type of the same section. */
function keyOfOther(name: string, known: readonly string[]): Explained {
  return {
    found: `the key "${name}", which belongs to another type`,
    expected: oneOf(known.filter((other) => other !== name)),
    mend: "Remove it, or choose that type.",
  };
}

/** Unknown there, or known to other types only. */
function unknownProviderKey(name: string, type: ProviderType): Explained {
  const known = keysOfType(type);
  const isOther = PROVIDER_TYPES.some((other) => keysOfType(other).includes(name));
  const other = `Remove it, or choose another type than "${type}".`;
  return {
    found: isOther
      ? `the key "${name}", which "${type}" does not have`
      : `the unknown key "${name}"`,
    expected: oneOf(known),
    mend: meantBy(type, name) ?? (isOther ? other : mendOfUnknown(name, known)),
  };
}

function keysOfType(type: ProviderType): readonly string[] {
  return Object.keys(PROVIDER_ENTRIES[type]);
}

function oneOf(known: readonly string[]): string {
  return known.length === 1 ? known[0] : `one of ${known.join(", ")}`;
}

function mendOfUnknown(name: string, known: readonly string[]): string {
  const meant = closest(name, known);
  if (meant !== undefined) return `Did you mean "${meant}"?`;
  const elsewhere = Object.keys(KEYS).find((key) => key.endsWith(`.${name}`));
  if (elsewhere !== undefined) return `Move it to "${elsewhere}".`;
  return "Remove it; profile.d.ts explains all keys.";
}

/** Of the key itself, or of the nearest one above it that has a text. */
function helpOf(path: readonly string[], type: ProviderType | undefined): KeyHelp {
  const key = path.join(".");
  const ofType = key.startsWith(`${PROVIDER}.`)
    ? providerKeyHelp(type, key.slice(PROVIDER.length + 1))
    : undefined;
  const own = ofType ?? KEYS[key] ?? KEYS[[...path.slice(0, -1), "*"].join(".")];
  return own ?? helpOf(path.slice(0, -1), type);
}

const LONGEST_FOUND = 80;

/** The value as JSON, cut off. */
function describe(value: unknown): string {
  if (value === undefined) return "nothing";
  const text = JSON.stringify(value);
  return text.length > LONGEST_FOUND ? `${text.slice(0, LONGEST_FOUND)}…` : text;
}

/** The only line of `source` on which a key of this name is set. */
export function lineOf(name: string | undefined, source: string): { line?: number } {
  if (name === undefined || !/^[A-Za-z_$][\w$]*$/.test(name)) return {};
  const setting = new RegExp(`(^|[{,\\s])["']?${name.replaceAll("$", "\\$")}["']?\\s*:`);
  const matching = source.split("\n").flatMap((text, index) =>
    setting.test(text) ? [index + 1] : []
  );
  return matching.length === 1 ? { line: matching[0] } : {};
}
