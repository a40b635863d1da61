/** What a template leaves for its user to fill in, such as `<ACCOUNT>`. */
import type { Executor, Profile } from "./profile.d.ts";
import { checkProfile, lineOf, type ProfileProblem } from "./problems.ts";

export interface Placeholder {
  /** The dotted key whose value has it. */
  readonly key: string;
  /** Without its brackets. */
  readonly name: string;
}

/** What they stand for, for people who are asked for it. */
const MEANINGS: Readonly<Record<string, string>> = {
  ACCOUNT: "the account or project that is charged",
  PARTITION: "the partition that jobs go to",
  QUEUE: "the queue that jobs go to",
  NAMESPACE: "the namespace that pods are made in",
  IMAGE: "the container image",
  PROJECT_NAME: "the name of your project",
  GPUS_PER_NODE: "the number of GPUs of a node",
};

const PLACEHOLDER = /<([A-Z][A-Z0-9_]*)>/g;

/** Nobody means anything else by angle brackets in what is said to a scheduler. */
const SECTION = "provider";

/**
 * All that is left to be filled in, in the profile's order.
 * @param profile plain data, not necessarily valid
 */
export function placeholdersIn(profile: unknown): Placeholder[] {
  const executor = (profile as { executor?: Record<string, unknown> | null } | null)?.executor;
  return search(executor?.[SECTION], `executor.${SECTION}`);
}

function search(value: unknown, key: string): Placeholder[] {
  if (typeof value === "string") {
    return [...value.matchAll(PLACEHOLDER)].map(([, name]) => ({ key, name }));
  }
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([name, item]) => search(item, `${key}.${name}`));
}

/** A copy in which `text` stands wherever the placeholder of that name stood. */
export function withFilled(profile: Profile, name: string, text: string): Profile {
  const provider = replaceIn(profile.executor?.[SECTION], name, text) as Executor["provider"];
  return { ...profile, executor: { ...profile.executor, [SECTION]: provider } };
}

function replaceIn(value: unknown, name: string, text: string): unknown {
  if (typeof value === "string") return value.replaceAll(`<${name}>`, () => text);
  if (Array.isArray(value)) return value.map((item) => replaceIn(item, name, text));
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value);
  return Object.fromEntries(entries.map(([key, item]) => [key, replaceIn(item, name, text)]));
}

/** "the account or project that is charged"; its own name for one that is not known. */
export function meaningOf(name: string): string {
  return MEANINGS[name] ?? name.toLowerCase().replaceAll("_", " ");
}

/** What is wrong with a profile beside what is yet to be filled in. */
export function problemsBesides(profile: unknown): readonly ProfileProblem[] {
  const checked = checkProfile(profile, "");
  const left = new Set(placeholdersIn(profile).map(({ key }) => key));
  return "problems" in checked ? checked.problems.filter(({ key }) => !left.has(key)) : [];
}

/** {@link checkProfile}, which refuses as well what is yet to be filled in, by its own message. */
export function checkFilledProfile(
  value: unknown,
  source: string,
): ReturnType<typeof checkProfile> {
  const checked = checkProfile(value, source);
  const left = placeholdersIn(value).map((placeholder) => unfilled(placeholder, source));
  if (left.length === 0) return checked;
  const keys = new Set(left.map(({ key }) => key));
  const others = "problems" in checked ? checked.problems : [];
  return { problems: [...left, ...others.filter(({ key }) => !keys.has(key))] };
}

function unfilled({ key, name }: Placeholder, source: string): ProfileProblem {
  return {
    key,
    ...lineOf(key.split(".").at(-1), source),
    found: `the placeholder <${name}>`,
    expected: meaningOf(name),
    mend: `Write yours in place of <${name}>.`,
  };
}
