/** Values and bytes that were right before something happened to them. */
import fc from "fast-check";

/** What breaks programs that expected something else. */
export const NASTY: readonly unknown[] = [
  "",
  "\0",
  "a\0b",
  "\ud800",
  "💥".repeat(100),
  "x".repeat(10_000),
  "__proto__",
  "../../etc/passwd",
  "' OR 1=1 --",
  "%00",
  "1e999",
  -1,
  0,
  0.1,
  1e308,
  -0,
  2 ** 31,
  2 ** 53,
  2 ** 63,
  null,
  true,
  [],
  {},
  JSON.parse('{"__proto__": {"polluted": true}}'),
  { constructor: { prototype: { polluted: true } } },
  [[[[[[]]]]]],
];

type Change = "replace" | "remove" | "add" | "repeat";

interface Spoiling {
  /** Which child to go into at each level, counted around. */
  readonly path: readonly number[];
  readonly change: Change;
  readonly nasty: unknown;
}

const SPOILING: fc.Arbitrary<Spoiling> = fc.record({
  path: fc.array(fc.nat(20), { maxLength: 4 }),
  change: fc.constantFrom<Change[]>("replace", "remove", "add", "repeat"),
  nasty: fc.oneof(fc.constantFrom(...NASTY), fc.jsonValue({ maxDepth: 2 })),
});

/** One place of the value is replaced, missing, doubled, or has a neighbour that nobody expects. */
export function spoilt(whole: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  return fc.tuple(whole, SPOILING).map(([value, spoiling]) => spoil(value, spoiling, 0));
}

function spoil(value: unknown, spoiling: Spoiling, level: number): unknown {
  const { path, nasty } = spoiling;
  const isTree = typeof value === "object" && value !== null && !(value instanceof Uint8Array);
  if (!isTree || level === path.length) return level === 0 ? nasty : spoiling.nasty;
  const entries = Object.entries(value);
  const index = path[level]! % Math.max(entries.length, 1);
  const chosen = entries[index];
  if (chosen === undefined) return Array.isArray(value) ? [nasty] : { unknown_field: nasty };
  const changed = level === path.length - 1
    ? changeEntry(entries, index, spoiling)
    : entries.with(index, [chosen[0], spoil(chosen[1], spoiling, level + 1)]);
  return Array.isArray(value) ? changed.map(([, item]) => item) : Object.fromEntries(changed);
}

function changeEntry(
  entries: [string, unknown][],
  index: number,
  { change, nasty }: Spoiling,
): [string, unknown][] {
  const [key, value] = entries[index]!;
  switch (change) {
    case "replace":
      return entries.with(index, [key, nasty]);
    case "remove":
      return entries.toSpliced(index, 1);
    case "add":
      return entries.toSpliced(index, 0, [`unknown_${key}`, nasty]);
    case "repeat":
      return entries.toSpliced(index, 0, [`${key}_again`, value]);
  }
}

interface Edit {
  readonly at: number;
  readonly kind: "flip" | "insert" | "remove" | "cut" | "repeat";
  readonly bytes: Uint8Array;
}

const EDIT: fc.Arbitrary<Edit> = fc.record({
  at: fc.nat(),
  kind: fc.constantFrom("flip", "insert", "remove", "cut", "repeat"),
  bytes: fc.uint8Array({ minLength: 1, maxLength: 8 }),
});

/** Some bytes of the frame are flipped, new, gone, cut off or doubled. */
export function spoiltBytes(frame: fc.Arbitrary<Uint8Array>): fc.Arbitrary<Uint8Array> {
  return fc.tuple(frame, fc.array(EDIT, { minLength: 1, maxLength: 4 }))
    .map(([bytes, edits]) => edits.reduce(editBytes, bytes));
}

function editBytes(whole: Uint8Array, { at, kind, bytes }: Edit): Uint8Array {
  const position = at % (whole.length + 1);
  const before = whole.subarray(0, position);
  const after = whole.subarray(position);
  switch (kind) {
    case "flip":
      return joinBytes(before, bytes, after.subarray(bytes.length));
    case "insert":
      return joinBytes(before, bytes, after);
    case "remove":
      return joinBytes(before, after.subarray(bytes.length));
    case "cut":
      return before;
    case "repeat":
      return joinBytes(before, after.subarray(0, bytes.length), after);
  }
}

export function joinBytes(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let position = 0;
  for (const part of parts) {
    whole.set(part, position);
    position += part.length;
  }
  return whole;
}
