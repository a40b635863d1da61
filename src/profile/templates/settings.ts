/** Values put into a template's profile before it is written: `--set`, `--fill`, answers. */
import { FuncxError } from "../../contract/errors.ts";
import { closest } from "../../lib/closest.ts";
import { placeholdersIn, problemsBesides, withFilled } from "../placeholders.ts";
import type { Profile } from "../profile.d.ts";
import type { ProfileProblem } from "../problems.ts";

export interface Setting {
  /** As the user wrote it, for messages. */
  readonly text: string;
  /** Parts of the dotted key. */
  readonly path: readonly string[];
  readonly value: string;
}

type Plain = { readonly [key: string]: unknown };

/**
 * The profile with every setting in it, in whatever order they fit. A value is read as JSON, and as
 * text when it is none or when text is what belongs there. Throws a `FuncxError` of code USAGE for
 * an unknown key or a value that does not fit.
 */
export function applySettings(profile: Profile, settings: readonly Setting[]): Profile {
  let changed: Profile = profile;
  let waiting = settings;
  while (waiting.length > 0) {
    const refused: Refused[] = [];
    for (const setting of waiting) {
      const applied = applySetting(changed, setting);
      if ("profile" in applied) changed = applied.profile;
      else refused.push({ setting, ...applied });
    }
    if (refused.length === waiting.length) {
      throw unfitting(refused[0].setting.text, refused[0].problem);
    }
    waiting = refused.map(({ setting }) => setting);
  }
  return changed;
}

interface Refused {
  readonly setting: Setting;
  readonly problem: ProfileProblem;
}

function applySetting(
  profile: Profile,
  { value, path }: Setting,
): { readonly profile: Profile } | { readonly problem: ProfileProblem } {
  const candidates = [parseJson(value), value].filter((candidate) => candidate !== undefined);
  const attempts = candidates.map((candidate) => {
    const changed = withValue(profile as Plain, path, candidate) as Profile;
    return { profile: changed, problem: problemsBesides(changed)[0] };
  });
  return attempts.find(({ problem }) => problem === undefined) ?? { problem: attempts[0].problem };
}

/** Of `KEY=VALUE`. Throws a `FuncxError` of code USAGE for anything else. */
export function parseSetting(text: string): Setting {
  const [, key, value] = /^([^=]*)=(.*)$/s.exec(text) ?? [];
  const path = key?.split(".") ?? [];
  if (path.length > 0 && path.every((part) => PART.test(part))) {
    return { text: `--set ${text}`, path, value };
  }
  throw new FuncxError({
    code: "USAGE",
    message: `--set ${text}: expected KEY=VALUE with a dotted key`,
    hint: "Write it as --set executor.workersPerNode=4.",
  });
}

/** Not a name that means something to every object. */
const PART = /^(?!(__proto__|constructor|prototype)$)[A-Za-z_][\w-]*$/;

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** A copy in which `value` stands at `path`; whatever is in the way becomes an object. */
function withValue(object: Plain, [key, ...rest]: readonly string[], value: unknown): Plain {
  if (rest.length === 0) return { ...object, [key]: value };
  const inner = object[key];
  const isPlain = typeof inner === "object" && inner !== null && !Array.isArray(inner);
  return { ...object, [key]: withValue(isPlain ? inner as Plain : {}, rest, value) };
}

function unfitting(what: string, { key, found, expected, mend }: ProfileProblem): FuncxError {
  return new FuncxError({
    code: "USAGE",
    message: `${what}: ${key}: found ${found}, expected ${expected}`,
    hint: mend,
  });
}

/**
 * The profile with `text` in place of the placeholder `name`. Throws a `FuncxError` of code USAGE
 * when there is no such placeholder, or the text does not fit.
 */
export function fillIn(profile: Profile, name: string, text: string): Profile {
  const names = [...new Set(placeholdersIn(profile).map((placeholder) => placeholder.name))];
  if (!names.includes(name)) throw notThere(name, names);
  const filled = withFilled(profile, name, text);
  const [problem] = problemsBesides(filled);
  if (problem === undefined) return filled;
  throw unfitting(`<${name}>`, problem);
}

function notThere(name: string, names: readonly string[]): FuncxError {
  const meant = closest(name, names);
  return new FuncxError({
    code: "USAGE",
    message: `this profile has no placeholder <${name}>`,
    hint: names.length === 0
      ? "Nothing has to be filled in; use --set KEY=VALUE for its keys."
      : meant === undefined
      ? `It has ${names.join(", ")}.`
      : `Did you mean ${meant}?`,
  });
}
