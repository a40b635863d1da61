/** What a type and a default value of the source say of a parameter. */
import { readLiteral } from "./literal.ts";
import type { ParameterText } from "./parameter_list.ts";
import type { ParameterSchema } from "./signature.ts";

/** What a written type means. */
export interface TypeMeaning {
  /** Empty for what is not understood. */
  readonly schema: ParameterSchema;
  /** Takes `null` or `None` as well. */
  readonly nullable: boolean;
  /** May be left out. */
  readonly optional: boolean;
}

export const UNKNOWN: TypeMeaning = { schema: {}, nullable: false, optional: false };

/** Longer words of the source are cut, and longer default values are not sent. */
const MAX_WORDS = 120;
const MAX_VALUE = 1_000;

export function schemaOf(
  { type, value }: ParameterText,
  meaning: TypeMeaning,
): ParameterSchema {
  const literal = value === undefined || value.length > MAX_VALUE ? undefined : readLiteral(value);
  // A form for a number has no way to say null, unless that is what it begins with.
  const isUnderstood = !meaning.nullable || literal?.value === null;
  const known = isUnderstood ? meaning.schema : {};
  const schema = type === undefined && literal !== undefined ? typeOfValue(literal.value) : known;
  const words = [
    type !== undefined && Object.keys(schema).length === 0 ? type : undefined,
    value !== undefined && literal === undefined ? `default: ${value}` : undefined,
  ].filter((text) => text !== undefined).map(oneLine).join("; ");
  return {
    ...schema,
    ...(literal === undefined ? {} : { default: literal.value }),
    ...(words === "" ? {} : { description: words }),
  };
}

/** Any of several values, when all of them are written out; undefined otherwise. */
export function enumOf(options: readonly string[]): ParameterSchema | undefined {
  const values: unknown[] = [];
  for (const option of options) {
    const literal = readLiteral(option);
    if (literal === undefined || typeof literal.value === "object") return undefined;
    values.push(literal.value);
  }
  if (values.length === 0) return undefined;
  const [first, ...others] = new Set(values.map((value) => typeof value));
  const type = others.length === 0 ? { type: first as "string" | "number" | "boolean" } : {};
  return { ...type, enum: [...new Set(values)] };
}

function typeOfValue(value: unknown): ParameterSchema {
  if (value === null) return {};
  if (Array.isArray(value)) return { type: "array" };
  return { type: typeof value as "number" | "string" | "boolean" | "object" };
}

export function oneLine(text: string): string {
  const line = text.replaceAll(/\s+/g, " ").trim();
  const characters = [...line];
  return characters.length <= MAX_WORDS ? line : `${characters.slice(0, MAX_WORDS).join("")}…`;
}
