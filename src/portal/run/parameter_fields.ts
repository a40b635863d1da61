/** The parameters of a function as fields of a form, and what was entered as arguments. */
import type { CallArguments } from "../../client/mod.ts";
import { english } from "../texts/english.ts";
import { isRounded, parseJson } from "./json_text.ts";

export type FieldKind =
  | "string"
  | "number"
  | "integer"
  | "boolean"
  | "choice"
  /** JSON of one kind. */
  | "array"
  | "object"
  /** JSON, and what is none is a string, as on the command line. */
  | "any"
  /** More arguments by position, an array. */
  | "rest"
  /** More arguments by name, an object. */
  | "named";

export interface ParameterField {
  readonly name: string;
  readonly title: string;
  readonly kind: FieldKind;
  readonly description?: string;
  readonly required: boolean;
  /** Null is a value that it takes. */
  readonly nullable: boolean;
  /** As JSON; what the function takes when nothing is given. */
  readonly byDefault?: string;
  /** Of a choice, as JSON. */
  readonly choices: readonly string[];
  /** Place among positional arguments; undefined when it goes by name only. */
  readonly position?: number;
}

type JsonObject = Readonly<Record<string, unknown>>;

/**
 * The fields of a schema, in the order of its parameters; undefined where there is no schema that
 * a form could be made of. What is not understood of one parameter makes it a field for any JSON.
 */
export function fieldsOf(schema: unknown): readonly ParameterField[] | undefined {
  if (!isObject(schema)) return undefined;
  const properties = isObject(schema.properties) ? schema.properties : {};
  const order = namesIn(schema["x-order"]);
  const required = new Set(namesIn(schema.required));
  const names = [
    ...order.filter((name) => Object.hasOwn(properties, name)),
    ...Object.keys(properties).filter((name) => !order.includes(name)),
  ];
  const fields = names.map((name) => {
    const position = order.indexOf(name);
    return fieldOf(name, properties[name], {
      required: required.has(name),
      position: position < 0 ? undefined : position,
    });
  });
  const more = [restField(schema["x-varargs"], "rest"), restField(schema["x-kwargs"], "named")];
  return [...fields, ...more.filter((field) => field !== undefined)];
}

function restField(extra: unknown, kind: "rest" | "named"): ParameterField | undefined {
  if (extra === undefined || extra === null || extra === false) return undefined;
  const name = typeof extra === "string" ? extra : english.run[kind];
  return {
    name: kind === "rest" ? `*${name}` : `**${name}`,
    title: kind === "rest" ? `*${name}` : `**${name}`,
    kind,
    description: kind === "rest" ? english.run.restNote : english.run.namedNote,
    required: false,
    nullable: false,
    choices: [],
  };
}

function fieldOf(
  name: string,
  schema: unknown,
  place: Pick<ParameterField, "required" | "position">,
): ParameterField {
  const fields = isObject(schema) ? schema : {};
  const types = typesOf(fields);
  const choices = Array.isArray(fields.enum) ? fields.enum.map((item) => JSON.stringify(item)) : [];
  return {
    ...place,
    name,
    title: typeof fields.title === "string" ? fields.title : name,
    kind: choices.length > 0 ? "choice" : kindOf(types.filter((type) => type !== "null")),
    description: typeof fields.description === "string" ? fields.description : undefined,
    nullable: types.includes("null"),
    byDefault: "default" in fields ? JSON.stringify(fields.default) : undefined,
    choices,
  };
}

/** `type` is one or several; `anyOf` and `oneOf` have them inside. */
function typesOf(schema: JsonObject): readonly string[] {
  const { type, anyOf, oneOf } = schema;
  if (typeof type === "string") return [type];
  if (Array.isArray(type)) return type.filter((item) => typeof item === "string");
  const options = Array.isArray(anyOf) ? anyOf : Array.isArray(oneOf) ? oneOf : [];
  return options.flatMap((option) => isObject(option) ? typesOf(option) : ["any"]);
}

const KINDS: readonly string[] = ["string", "number", "integer", "boolean", "array", "object"];

function kindOf(types: readonly string[]): FieldKind {
  const [type, ...more] = new Set(types);
  if (type === undefined || !KINDS.includes(type)) return "any";
  if (more.length === 0) return type as FieldKind;
  return [type, ...more].every((other) => other === "number" || other === "integer")
    ? "number"
    : "any";
}

/** The fields of a shell template, all of them required: `{name}`, `{0}`. */
export function templateFields(template: string): readonly ParameterField[] {
  const names = new Set(
    [...template.matchAll(/\{\{|\}\}|\{([A-Za-z_][A-Za-z0-9_]*|\d+)\}/g)]
      .map(([, name]) => name)
      .filter((name) => name !== undefined),
  );
  return [...names].map((name) => ({
    name,
    title: name,
    kind: "string",
    required: true,
    nullable: false,
    choices: [],
    position: /^\d/.test(name) ? Number(name) : undefined,
  }));
}

/** What was typed, by the names of the fields; nothing for those that are empty. */
export type Entered = Readonly<Record<string, string>>;

export type FormArguments =
  | ({ readonly ok: true } & Required<CallArguments>)
  /** By field. */
  | { readonly ok: false; readonly wrong: Readonly<Record<string, string>> };

/** What stands under the name of a field, which may be one that every object has: `toString`. */
export function textUnder(texts: Entered, name: string): string | undefined {
  return Object.hasOwn(texts, name) ? texts[name] : undefined;
}

/**
 * Arguments as the function takes them: by position as far as there is one for each, then by name.
 * TypeScript takes all by position; there, what is left out before the last one given is its default
 * or null.
 */
export function argumentsOf(
  fields: readonly ParameterField[],
  entered: Entered,
  runtime: string,
): FormArguments {
  const { values, wrong } = readFields(fields, entered);
  if (wrong.size > 0) return { ok: false, wrong: Object.fromEntries(wrong) };
  return { ok: true, ...placed(fields, values, runtime) };
}

/** The same without the fields that are wrong, or needed and empty. */
export function readableArguments(
  fields: readonly ParameterField[],
  entered: Entered,
  runtime: string,
): Required<CallArguments> {
  return placed(fields, readFields(fields, entered).values, runtime);
}

interface ReadFields {
  readonly values: ReadonlyMap<string, unknown>;
  /** Messages. */
  readonly wrong: ReadonlyMap<string, string>;
}

function readFields(fields: readonly ParameterField[], entered: Entered): ReadFields {
  const wrong = new Map<string, string>();
  const values = new Map<string, unknown>();
  for (const field of fields) {
    const read = readField(field, textUnder(entered, field.name) ?? "");
    if (read.kind === "wrong") wrong.set(field.name, read.message);
    if (read.kind === "value") values.set(field.name, read.value);
  }
  return { values, wrong };
}

function placed(
  fields: readonly ParameterField[],
  values: ReadonlyMap<string, unknown>,
  runtime: string,
): Required<CallArguments> {
  const isTypescript = runtime === "typescript";
  const byPosition = fields.filter(({ position }) => position !== undefined)
    .sort((one, other) => one.position! - other.position!);
  const rest = fields.find(({ kind }) => kind === "rest");
  const more = (rest && values.get(rest.name)) as readonly unknown[] | undefined ?? [];
  const last = more.length > 0
    ? byPosition.length
    : byPosition.findLastIndex(({ name }) => values.has(name)) + 1;
  const gap = byPosition.findIndex(({ name }) => !values.has(name));
  const isFilled = isTypescript || more.length > 0;
  const count = isFilled || gap < 0 ? last : Math.min(gap, last);
  const args = byPosition.slice(0, count).map((field) => valueOrDefault(field, values));
  const kwargs: (readonly [string, unknown])[] = [];
  for (const { name, kind } of fields) {
    const isPlaced = byPosition.slice(0, count).some((field) => field.name === name);
    if (isPlaced || kind === "rest" || !values.has(name)) continue;
    if (kind === "named") kwargs.push(...Object.entries(values.get(name) as JsonObject));
    else kwargs.push([name, values.get(name)]);
  }
  return { args: [...args, ...more], kwargs: Object.fromEntries(kwargs) };
}

function valueOrDefault(field: ParameterField, values: ReadonlyMap<string, unknown>): unknown {
  if (values.has(field.name)) return values.get(field.name);
  return field.byDefault === undefined ? null : JSON.parse(field.byDefault);
}

type ReadField =
  | { readonly kind: "value"; readonly value: unknown }
  | { readonly kind: "absent" }
  | { readonly kind: "wrong"; readonly message: string };

/** What was typed into one field. An empty one is absent. */
export function readField(field: ParameterField, typed: string): ReadField {
  const text = field.kind === "string" ? typed : typed.trim();
  if (text === "") {
    return field.required
      ? { kind: "wrong", message: english.run.wrong.required }
      : { kind: "absent" };
  }
  if (field.nullable && text.trim() === "null") return { kind: "value", value: null };
  switch (field.kind) {
    case "string":
      return { kind: "value", value: text };
    case "number":
    case "integer":
      return readNumber(text, field.kind);
    case "any":
      return readAny(text);
    default:
      return readJson(text, field.kind);
  }
}

function readNumber(text: string, kind: "number" | "integer"): ReadField {
  const value = Number(text);
  const { number, integer, unsafe } = english.run.wrong;
  if (!/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) || !Number.isFinite(value)) {
    return { kind: "wrong", message: kind === "integer" ? integer : number };
  }
  if (kind === "integer" && !Number.isInteger(value)) return { kind: "wrong", message: integer };
  return /^[+-]?\d+$/.test(text) && isRounded(text.replace("+", ""))
    ? { kind: "wrong", message: unsafe }
    : { kind: "value", value };
}

/** What begins like JSON is meant to be JSON, so its faults are told. */
function readAny(text: string): ReadField {
  const parsed = parseJson(text);
  if (parsed.ok) return { kind: "value", value: parsed.value };
  return /^[[{"]|^-?\d{16,}$/.test(text)
    ? { kind: "wrong", message: parsed.message }
    : { kind: "value", value: text };
}

function readJson(text: string, kind: FieldKind): ReadField {
  const parsed = parseJson(text);
  if (!parsed.ok) return { kind: "wrong", message: parsed.message };
  const { value } = parsed;
  const { array, object, boolean } = english.run.wrong;
  if ((kind === "array" || kind === "rest") && !Array.isArray(value)) {
    return { kind: "wrong", message: array };
  }
  if ((kind === "object" || kind === "named") && !isObject(value)) {
    return { kind: "wrong", message: object };
  }
  if (kind === "boolean" && typeof value !== "boolean") return { kind: "wrong", message: boolean };
  return { kind: "value", value };
}

/** The fields filled from arguments; undefined when the fields would not give just these again. */
export function enteredOf(
  fields: readonly ParameterField[],
  args: readonly unknown[],
  kwargs: JsonObject,
): Entered | undefined {
  const byPosition = fields.filter(({ position }) => position !== undefined)
    .sort((one, other) => one.position! - other.position!);
  const isNamed = ([name]: readonly [string, unknown]): boolean =>
    fields.some((field) => field.name === name && field.kind !== "rest" && field.kind !== "named");
  const { known = [], others = [] } = Object.groupBy(
    Object.entries(kwargs),
    (entry) => isNamed(entry) ? "known" : "others",
  );
  const more = args.slice(byPosition.length);
  const given: Given[] = [
    ...args.slice(0, byPosition.length).map((value, index) => ({
      field: byPosition[index],
      value,
    })),
    ...known.map(([name, value]) => ({
      field: fields.find((field) => field.name === name),
      value,
    })),
  ];
  if (more.length > 0) given.push({ field: ofKind(fields, "rest"), value: more });
  if (others.length > 0) {
    given.push({ field: ofKind(fields, "named"), value: Object.fromEntries(others) });
  }
  const entered = new Map<string, string>();
  for (const { field, value } of given) {
    const text = field && typed(field, value);
    if (field === undefined || text === undefined || entered.has(field.name)) return undefined;
    entered.set(field.name, text);
  }
  return Object.fromEntries(entered);
}

interface Given {
  /** Undefined when there is none for it. */
  readonly field: ParameterField | undefined;
  readonly value: unknown;
}

function ofKind(
  fields: readonly ParameterField[],
  kind: FieldKind,
): ParameterField | undefined {
  return fields.find((field) => field.kind === kind);
}

/** As it would have been typed into the field; undefined when nothing typed there means it. */
function typed(field: ParameterField, value: unknown): string | undefined {
  const json = JSON.stringify(value);
  const isText = typeof value === "string" && ["string", "any"].includes(field.kind);
  const offered = optionsOf(field);
  return (isText ? [value, json] : [json]).find((text) => {
    const read = readField(field, text);
    return read.kind === "value" && JSON.stringify(read.value) === json &&
      (offered === undefined || offered.includes(text));
  });
}

/** What a field offers to choose from, as JSON; undefined when it is typed. */
export function optionsOf(
  { kind, choices, nullable }: ParameterField,
): readonly string[] | undefined {
  const options = kind === "choice" ? choices : kind === "boolean" ? ["true", "false"] : undefined;
  return options && nullable && !options.includes("null") ? [...options, "null"] : options;
}

function namesIn(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === "string") : [];
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
