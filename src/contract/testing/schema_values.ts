/**
 * Values that a schema of the contract takes, for properties that have to hold for any of them. A
 * message or route that is added is covered without a line here.
 */
import fc from "fast-check";
import * as v from "valibot";

/** What is read of a valibot schema or of an action in its pipe. */
interface Part {
  readonly type: string;
  readonly pipe?: readonly Part[];
  readonly entries?: Readonly<Record<string, Part>>;
  readonly item?: Part;
  readonly items?: readonly Part[];
  readonly key?: Part;
  readonly value?: Part;
  readonly wrapped?: Part;
  readonly literal?: unknown;
  readonly options?: readonly unknown[];
  readonly requirement?: unknown;
}

/** Lists and texts stay short; what is long has tests of its own. */
const MAX_ITEMS = 3;
const MAX_TEXT = 30;

/** Values as they come before the schema's transformations. */
export function valuesOf<T>(schema: v.GenericSchema<T>): fc.Arbitrary<T> {
  return values(schema as unknown as Part) as fc.Arbitrary<T>;
}

function values(part: Part): fc.Arbitrary<unknown> {
  if (part.pipe === undefined) return plainValues(part, []);
  const [base, ...actions] = part.pipe;
  const taken = (value: unknown): boolean => v.is(part as unknown as v.GenericSchema, value);
  return plainValues(base!, actions).filter(taken);
}

function plainValues(part: Part, actions: readonly Part[]): fc.Arbitrary<unknown> {
  const limit = (type: string): unknown =>
    actions.find((action) => action.type === type)?.requirement;
  const minimum = limit("min_value") as number | undefined;
  const maximum = limit("max_value") as number | undefined;
  switch (part.type) {
    case "string":
      return texts(actions);
    case "number":
      return actions.some(({ type }) => type === "integer")
        ? fc.integer({ min: minimum ?? -1_000_000, max: maximum ?? (minimum ?? 0) + 1_000_000 })
        : fc.double({ min: minimum ?? -1e15, max: maximum ?? 1e15, noNaN: true });
    case "boolean":
      return fc.boolean();
    case "instance":
      return fc.uint8Array({ maxLength: MAX_TEXT });
    case "literal":
      return fc.constant(part.literal);
    case "picklist":
      return fc.constantFrom(...part.options!);
    case "optional":
      return fc.option(values(part.wrapped!), { nil: undefined });
    case "nullable":
      return fc.option(values(part.wrapped!), { nil: null });
    case "array":
      return fc.array(values(part.item!), {
        minLength: Number(limit("min_length") ?? 0),
        maxLength: MAX_ITEMS,
      });
    case "tuple":
      return fc.tuple(...part.items!.map(values));
    case "object":
      return objects(part.entries!);
    case "record":
      return fc.dictionary(values(part.key!) as fc.Arbitrary<string>, values(part.value!), {
        maxKeys: MAX_ITEMS,
        noNullPrototype: true,
      });
    case "unknown":
      return fc.jsonValue({ maxDepth: 2 });
    case "union":
    case "variant":
      return fc.oneof(...part.options!.map((option) => values(option as Part)));
  }
  throw new Error(`no values are known for a schema of type ${part.type}`);
}

function texts(actions: readonly Part[]): fc.Arbitrary<string> {
  const pattern = actions.find(({ type }) => type === "regex")?.requirement as RegExp | undefined;
  if (actions.some(({ type }) => type === "uuid")) return fc.uuid();
  if (pattern !== undefined && !pattern.source.includes("\\P")) return fc.stringMatching(pattern);
  return fc.string({ unit: "grapheme", maxLength: MAX_TEXT });
}

/** An optional entry is left out rather than undefined. */
function objects(entries: Readonly<Record<string, Part>>): fc.Arbitrary<unknown> {
  const all = Object.entries(entries);
  const required = all.filter(([, part]) => part.type !== "optional").map(([key]) => key);
  const model = all.map(([key, part]) =>
    [key, values(part.type === "optional" ? part.wrapped! : part)] as const
  );
  return fc.record(Object.fromEntries(model), { requiredKeys: required, noNullPrototype: true });
}

const LEFT_OUT = ["__proto__", "prototype", "constructor"];

/** Whether it has a key that a schema leaves out of a record, so that such a record is not usual. */
export function hasKeyLeftOut(record: object): boolean {
  return LEFT_OUT.some((key) => Object.hasOwn(record, key));
}
