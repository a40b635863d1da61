/** A profile while it is made of an old configuration, with all that there is to tell of it. */
import { problemsBesides } from "../placeholders.ts";
import type { Profile } from "../profile.d.ts";
import {
  type OldMap,
  type OldValue,
  type Place,
  plainOf,
  shortened,
  textOf,
  unknownIn,
} from "./old_value.ts";

/**
 * - `no-equivalent`: it means something, and a profile has no key for that.
 * - `not-needed`: nothing has to be said here for what it asks.
 * - `not-read`: its value is known only when the old configuration is run, or fits nothing.
 * - `changed`: it is taken over, and means a little different.
 * - `default`: nobody said it; the old default is written, since the one of profiles is another.
 */
export type NoteKind = "no-equivalent" | "not-needed" | "not-read" | "changed" | "default";

export interface MigrationNote {
  readonly kind: NoteKind;
  /** Dotted, as the old configuration calls it. */
  readonly key: string;
  /** Null for what does not stand there. */
  readonly place: Place | null;
  /** The old value, cut off. */
  readonly found: string;
  /** What follows, or what to do instead. */
  readonly instead: string;
}

/** A key of the profile, and what it was made of. */
export interface Origin {
  readonly target: string;
  readonly key: string;
  readonly place: Place;
  /** The old program took it before other keys that say the same. */
  readonly isFirst?: boolean;
}

/** What may be known of the user without asking anybody. */
export interface MigrationSite {
  readonly user: string;
  readonly home: string;
}

type Section = { [key: string]: unknown };

export class Draft {
  readonly notes: MigrationNote[] = [];
  readonly origins: Origin[] = [];
  #profile: Section = {};

  constructor(readonly site: MigrationSite) {}

  get profile(): Profile {
    return this.#profile as Profile;
  }

  set profile(profile: Profile) {
    this.#profile = profile as Section;
  }

  /** @param target dotted */
  set(target: string, value: unknown, origin?: Omit<Origin, "target">): void {
    const path = target.split(".");
    const last = path.pop() ?? "";
    let section = this.#profile;
    for (const part of path) section = (section[part] ??= {}) as Section;
    section[last] = value;
    if (origin !== undefined) this.origins.push({ target, ...origin });
  }

  /**
   * What an old key says. Of two keys that say the same, the later one is taken, but that one of which
   * the old program let go of the other; who loses is told.
   * @param isFirst it came before others, wherever it stood
   */
  say(target: string, value: unknown, origin: Omit<Origin, "target">, isFirst = false): void {
    const before = this.origins.find((each) => each.target === target);
    const was = this.get(target);
    if (before === undefined || JSON.stringify(was) === JSON.stringify(value)) {
      return this.set(target, value, isFirst ? { ...origin, isFirst } : origin);
    }
    const isTaken = isFirst || !before.isFirst;
    const [winner, loser, lost] = isTaken ? [origin, before, was] : [before, origin, value];
    if (isTaken) {
      this.origins.splice(this.origins.indexOf(before), 1);
      this.set(target, value, { ...origin, isFirst });
    }
    this.notes.push({
      kind: "changed",
      key: loser.key,
      place: loser.place,
      found: shortened(JSON.stringify(lost)),
      instead: `${winner.key} in line ${winner.place.line} says the same, and is taken: ` +
        `${target} is ${shortened(JSON.stringify(this.get(target)))}.`,
    });
  }

  get(target: string): unknown {
    return target.split(".").reduce<unknown>(
      (section, part) => (section as Section | undefined)?.[part],
      this.#profile,
    );
  }

  /** A default of the old configuration, where nothing was said. */
  assume(target: string, value: unknown, key: string, why: string): void {
    if (this.get(target) !== undefined) return;
    this.set(target, value);
    this.notes.push({
      kind: "default",
      key,
      place: null,
      found: "",
      instead: `${target} is ${JSON.stringify(value)}: ${why}`,
    });
  }

  /** A default of the old configuration that a profile has no key for. */
  miss(key: string, instead: string): void {
    this.notes.push({ kind: "no-equivalent", key, place: null, found: "", instead });
  }

  note(kind: NoteKind, { key, value }: Entry, instead: string): void {
    this.notes.push({ kind, key, place: value.place, found: textOf(value), instead });
  }

  /** Takes out a key with all that is below it, and tells those that somebody had said. */
  drop(target: string, kind: NoteKind, instead: string): void {
    for (const origin of this.origins) {
      if (origin.target !== target && !origin.target.startsWith(`${target}.`)) continue;
      const value = this.get(origin.target);
      if (value === undefined) continue;
      const found = shortened(JSON.stringify(value));
      this.notes.push({ kind, key: origin.key, place: origin.place, found, instead });
    }
    this.#remove(target);
  }

  /** Takes out what a profile would refuse, and tells it; afterwards the profile is valid. */
  dropUnfit(): void {
    for (
      let [problem] = problemsBesides(this.#profile);
      problem !== undefined;
      [problem] = problemsBesides(this.#profile)
    ) {
      const target = this.#nearest(problem.key);
      const origin = this.origins.find((each) => each.target === target);
      this.notes.push({
        kind: "not-read",
        key: origin?.key ?? target,
        place: origin?.place ?? null,
        found: problem.found,
        instead: `${target} takes ${problem.expected}. ${problem.mend}`,
      });
      this.#remove(target);
    }
  }

  /** The key itself where it stands, else the nearest one above it. */
  #nearest(key: string): string {
    if (this.origins.some(({ target }) => target === key)) return key;
    const above = this.origins.find(({ target }) => key.startsWith(`${target}.`));
    if (above !== undefined) return above.target;
    const path = key.split(".");
    while (path.length > 1 && this.get(path.join(".")) === undefined) path.pop();
    return path.join(".");
  }

  #remove(target: string): void {
    const path = target.split(".");
    const last = path.pop() ?? "";
    const section = path.length === 0 ? this.#profile : this.get(path.join(".")) as Section;
    delete section[last];
  }
}

/** One key of an old configuration. */
export interface Entry {
  /** Dotted. */
  readonly key: string;
  readonly value: OldValue;
}

/** What becomes of one key. */
export type Rule =
  | {
    readonly to: string;
    readonly as?: (value: unknown, draft: Draft, entry: Entry) => unknown;
    /** The old program took it before other keys that say the same. */
    readonly isFirst?: boolean;
  }
  | { readonly none: string }
  | { readonly unneeded: string }
  /** For what has parts of its own, which may be unknown. */
  | { readonly by: (draft: Draft, entry: Entry) => void };

export type Rules = Readonly<Record<string, Rule>>;

/** Carries out the rules for all keys of a section. */
export function follow(rules: Rules, draft: Draft, section: OldMap, prefix: string): void {
  for (const [name, value] of section.entries) {
    const entry = { key: prefix === "" ? name : `${prefix}.${name}`, value };
    if (isNothing(value)) continue;
    const rule = Object.hasOwn(rules, name) ? rules[name] : undefined;
    if (rule === undefined) draft.note("no-equivalent", entry, UNKNOWN_KEY);
    else apply(rule, draft, entry);
  }
}

const UNKNOWN_KEY = "This key is not known. All that a profile may say is in profile.d.ts.";

function apply(rule: Rule, draft: Draft, entry: Entry): void {
  if ("none" in rule) draft.note("no-equivalent", entry, rule.none);
  else if ("unneeded" in rule) draft.note("not-needed", entry, rule.unneeded);
  else if ("by" in rule) rule.by(draft, entry);
  else if (!refused(draft, entry, rule.to) && !leftToUser(draft, entry, rule.to)) {
    const value = rule.as?.(plainOf(entry.value), draft, entry) ??
      (rule.as === undefined ? plainOf(entry.value) : undefined);
    if (value !== undefined) {
      draft.say(rule.to, value, { key: entry.key, place: entry.value.place }, rule.isFirst);
    }
  }
}

/** Tells what could not be read. */
export function refused(draft: Draft, entry: Entry, target: string): boolean {
  const unknown = unknownIn(entry.value);
  if (unknown === undefined) return false;
  draft.notes.push({
    kind: "not-read",
    key: entry.key,
    place: unknown.place,
    found: textOf(unknown),
    instead: `This is ${unknown.why}. Write its value as ${target}.`,
  });
  return true;
}

/** Texts that may be left out; angle brackets would mean something in them. */
const FREE_TEXTS = new Set([
  "executor.provider.schedulerOptions",
  "executor.provider.imagePullSecret",
]);

/** A placeholder is left only where a profile refuses to start with one. */
function leftToUser(draft: Draft, entry: Entry, target: string): boolean {
  const { value } = entry;
  if (value.kind !== "scalar" || typeof value.value !== "string") return false;
  if (!/^\s*<[A-Z][A-Z0-9_]*>\s*$/.test(value.value)) return false;
  if (target.startsWith("executor.provider.") && !FREE_TEXTS.has(target)) return false;
  draft.note("not-read", entry, `Only you know it. Write it as ${target}, if you need it.`);
  return true;
}

/** Empty texts and lists, and None, ask for nothing. */
function isNothing(value: OldValue): boolean {
  if (value.kind === "list") return value.items.length === 0;
  return value.kind === "scalar" && (value.value === null || value.value === "");
}
