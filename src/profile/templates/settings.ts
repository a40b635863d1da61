/** `--set key=value`: values put into a template's profile before it is written. */
import { FuncxError } from "../../contract/errors.ts";
import { checkProfile, type ProfileProblem } from "../problems.ts";

interface Setting {
  readonly text: string;
  /** Parts of the dotted key. */
  readonly path: readonly string[];
  readonly value: string;
}

type Plain = { readonly [key: string]: unknown };

/**
 * The profile with every setting in it. A value is read as JSON, and as text when it is none or
 * when text is what belongs there. Throws a `FuncxError` of code USAGE for an unknown key or a
 * value that does not fit.
 */
export function applySettings(profile: object, settings: readonly string[]): object {
  return settings.map(parseSetting).reduce<Plain>(applySetting, { ...profile });
}

function applySetting(profile: Plain, setting: Setting): Plain {
  const candidates = [parseJson(setting.value), setting.value].filter((value) =>
    value !== undefined
  );
  const attempts = candidates.map((value) => {
    const changed = withValue(profile, setting.path, value);
    return { changed, problem: problemIn(changed) };
  });
  const fitting = attempts.find(({ problem }) => problem === undefined);
  if (fitting !== undefined) return fitting.changed;
  throw unfitting(setting, attempts[0].problem);
}

function parseSetting(text: string): Setting {
  const [, key, value] = /^([^=]*)=(.*)$/s.exec(text) ?? [];
  const path = key?.split(".") ?? [];
  if (path.length > 0 && path.every((part) => PART.test(part))) return { text, path, value };
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

function problemIn(profile: Plain): ProfileProblem | undefined {
  const checked = checkProfile(profile, "");
  return "problems" in checked ? checked.problems[0] : undefined;
}

function unfitting({ text }: Setting, problem: ProfileProblem | undefined): FuncxError {
  if (problem === undefined) return new FuncxError({ code: "USAGE", message: `--set ${text}` });
  const { key, found, expected, mend } = problem;
  return new FuncxError({
    code: "USAGE",
    message: `--set ${text}: ${key}: found ${found}, expected ${expected}`,
    hint: mend,
  });
}
