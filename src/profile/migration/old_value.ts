/**
 * What an old configuration says, whether YAML or Python said it: values that know where they stand,
 * of which some could not be read.
 */

/** Where something stands in an old configuration. */
export interface Place {
  /** As people know it: `config.yaml`. */
  readonly file: string;
  /** Counted from 1. */
  readonly line: number;
}

export type OldValue =
  | { readonly kind: "scalar"; readonly value: Scalar; readonly place: Place }
  | { readonly kind: "list"; readonly items: readonly OldValue[]; readonly place: Place }
  | OldMap
  | OldUnknown;

export type Scalar = string | number | boolean | null;

/** A mapping, or an object that a call constructs. */
export interface OldMap {
  readonly kind: "map";
  /** Name of the class that is constructed: `type` in YAML. */
  readonly type?: string;
  readonly entries: ReadonlyMap<string, OldValue>;
  readonly place: Place;
}

/** What has no value as long as nothing is run. */
export interface OldUnknown {
  readonly kind: "unknown";
  /** The source. */
  readonly text: string;
  /** Such as "a call of a function". */
  readonly why: string;
  readonly place: Place;
}

/** More than any configuration has; bounds the time for what was made to be slow. */
export const MAX_VALUES = 100_000;
export const MAX_DEPTH = 64;

/** As JSON; what could not be read is null. */
export function plainOf(value: OldValue): unknown {
  switch (value.kind) {
    case "scalar":
      return value.value;
    case "list":
      return value.items.map(plainOf);
    case "map":
      return Object.fromEntries([...value.entries].map(([key, item]) => [key, plainOf(item)]));
    case "unknown":
      return null;
  }
}

/** The first thing inside that could not be read. */
export function unknownIn(value: OldValue): OldUnknown | undefined {
  switch (value.kind) {
    case "unknown":
      return value;
    case "list":
      return firstUnknown(value.items);
    case "map":
      return firstUnknown([...value.entries.values()]);
    case "scalar":
      return undefined;
  }
}

function firstUnknown(values: readonly OldValue[]): OldUnknown | undefined {
  for (const value of values) {
    const found = unknownIn(value);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** For people: the value in one line, cut off. */
export function textOf(value: OldValue): string {
  const text = value.kind === "unknown"
    ? value.text.replace(/\s+/g, " ")
    : value.kind === "map" && value.type !== undefined
    ? value.type
    : JSON.stringify(plainOf(value));
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
}

const LONGEST = 60;
