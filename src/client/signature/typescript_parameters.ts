/** The parameters of an exported function of TypeScript or JavaScript source. */
import { type BlankedSource, blankScript } from "../source_scan.ts";
import { closingOf, type ParameterText, splitOutside, splitParameters } from "./parameter_list.ts";
import { enumOf, oneLine, schemaOf, type TypeMeaning, UNKNOWN } from "./parameter_schema.ts";
import { functionPlace } from "./typescript_place.ts";
import type { Parameter, ParameterSchema } from "./signature.ts";

const NAME = /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u;

/** Undefined when there is no such function, or its parameters cannot be read. */
export function typescriptParameters(source: string, entry: string): Parameter[] | undefined {
  const blanked = blankScript(source);
  const place = functionPlace(blanked.code, entry);
  if (place === undefined) return undefined;
  const list = { code: blanked.code.slice(...place), text: blanked.text.slice(...place) };
  const parameters: Parameter[] = [];
  for (const written of splitParameters(list)) {
    if (written.name === "this") continue;
    const parameter = parameterOf(written, parameters.length);
    if (parameter === undefined) return undefined;
    parameters.push(parameter);
  }
  return parameters;
}

function parameterOf(written: ParameterText, index: number): Parameter | undefined {
  const { name: text, type, value } = written;
  const meaning = type === undefined ? UNKNOWN : meaningOf(type);
  const schema = schemaOf(written, meaning);
  if (text.startsWith("...")) {
    const name = text.slice(3).trim();
    return NAME.test(name) ? { name, kind: "rest", required: false, schema } : undefined;
  }
  const isMarked = text.endsWith("?");
  const name = isMarked ? text.slice(0, -1).trim() : text;
  const required = !isMarked && value === undefined && !meaning.optional;
  if (NAME.test(name)) return { name, kind: "positional", required, schema };
  const pattern = patternSchema(name);
  if (pattern === undefined) return undefined;
  const described = { ...schema, ...pattern };
  return { name: `argument${index + 1}`, kind: "positional", required, schema: described };
}

/** Of a parameter that is taken apart where it is named. */
function patternSchema(pattern: string): ParameterSchema | undefined {
  const description = oneLine(pattern);
  if (pattern.startsWith("{")) return { type: "object", description };
  return pattern.startsWith("[") ? { type: "array", description } : undefined;
}

function meaningOf(written: string): TypeMeaning {
  const type = unwrapped(written.trim());
  const options = splitOutside(blankScript(type), "|").filter((option) => option !== "");
  const values = options.filter((option) => option !== "undefined" && option !== "null");
  return {
    schema: values.length === 1 ? schemaOfType(values[0]!) : unionOf(values),
    nullable: options.includes("null"),
    optional: options.includes("undefined"),
  };
}

function unionOf(options: readonly string[]): ParameterSchema {
  return enumOf(options) ?? {};
}

function schemaOfType(written: string): ParameterSchema {
  const type = unwrapped(written.replace(/^readonly\s+/, ""));
  switch (type) {
    case "number":
    case "string":
    case "boolean":
    case "object":
      return { type };
  }
  const item = /^([\s\S]+)\[\s*\]$/.exec(type)?.[1] ??
    /^(?:Readonly)?Array\s*<([\s\S]+)>$/.exec(type)?.[1];
  if (item !== undefined) return arrayOf(meaningOf(item));
  if (type.startsWith("[") && isWhole(type)) return { type: "array" };
  if (type.startsWith("{") && isWhole(type)) return { type: "object" };
  if (/^(?:Readonly\s*<\s*)?Record\s*</.test(type)) return { type: "object" };
  return enumOf([type]) ?? {};
}

function arrayOf({ schema, nullable, optional }: TypeMeaning): ParameterSchema {
  const isKnown = !nullable && !optional && Object.keys(schema).length > 0;
  return isKnown ? { type: "array", items: schema } : { type: "array" };
}

/** Without parentheses around all of it. */
function unwrapped(type: string): string {
  return type.startsWith("(") && isWhole(type) ? unwrapped(type.slice(1, -1).trim()) : type;
}

/** The bracket that it begins with is closed at its end. */
function isWhole(type: string): boolean {
  const { code }: BlankedSource = blankScript(type);
  return closingOf(code, 0) === code.length - 1;
}
