/** The parameters of a function at the top level of Python source. */
import { blankPython } from "../source_scan.ts";
import { closingOf, type ParameterText, splitOutside, splitParameters } from "./parameter_list.ts";
import { enumOf, schemaOf, type TypeMeaning, UNKNOWN } from "./parameter_schema.ts";
import type { Parameter, ParameterSchema } from "./signature.ts";

const NAME = /^[\p{L}_][\p{L}\p{N}_]*$/u;

/** Undefined when there is no such function, or its parameters cannot be read. */
export function pythonParameters(source: string, name: string): Parameter[] | undefined {
  const blanked = blankPython(source);
  const list = parameterList(blanked.code, name);
  if (list === undefined) return undefined;
  const written = splitParameters({
    code: blanked.code.slice(...list),
    text: blanked.text.slice(...list),
  });
  const parameters: Parameter[] = [];
  let kind: "positional" | "named" = "positional";
  for (const parameter of written) {
    if (parameter.name === "/") continue;
    if (parameter.name.startsWith("*") && !parameter.name.startsWith("**")) kind = "named";
    if (parameter.name === "*") continue;
    const read = parameterOf(parameter, kind);
    if (!NAME.test(read.name)) return undefined;
    parameters.push(read);
  }
  return parameters;
}

/** Of the last definition, which is the one that counts. */
function parameterList(code: string, name: string): [start: number, end: number] | undefined {
  const head = new RegExp(
    `^(?:async[ \\t]+)?def[ \\t]+${name}[ \\t]*(?:\\[[^\\n]*?\\][ \\t]*)?\\(`,
    "gmu",
  );
  if (!NAME.test(name)) return undefined;
  const found = [...code.matchAll(head)].at(-1);
  if (found === undefined) return undefined;
  const start = found.index + found[0].length;
  const end = closingOf(code, start - 1);
  return end < 0 ? undefined : [start, end];
}

function parameterOf(written: ParameterText, kind: "positional" | "named"): Parameter {
  const { name, type, value } = written;
  const schema = schemaOf(written, type === undefined ? UNKNOWN : meaningOf(type));
  if (name.startsWith("**")) {
    return { name: name.slice(2).trim(), kind: "rest_named", required: false, schema };
  }
  if (name.startsWith("*")) {
    return { name: name.slice(1).trim(), kind: "rest", required: false, schema };
  }
  return { name, kind, required: value === undefined, schema };
}

const SCALARS: Readonly<Record<string, ParameterSchema["type"]>> = {
  int: "integer",
  float: "number",
  str: "string",
  bool: "boolean",
  dict: "object",
  Dict: "object",
  Mapping: "object",
  list: "array",
  List: "array",
  tuple: "array",
  Tuple: "array",
  Sequence: "array",
  Iterable: "array",
};
const NONE = "None";

function meaningOf(annotation: string): TypeMeaning {
  const type = withoutQuotes(annotation.trim()).replace(/^(?:typing|t|collections\.abc)\./, "");
  const options = splitOutside(blankPython(type), "|");
  if (options.length > 1) return unionOf(options);
  const generic = /^(\w+)\s*\[([\s\S]*)\]$/.exec(type);
  if (generic === null) return { ...UNKNOWN, schema: scalar(type) };
  const items = splitOutside(blankPython(generic[2]!), ",").filter((item) => item !== "");
  return genericOf(generic[1]!, items);
}

function genericOf(name: string, items: readonly string[]): TypeMeaning {
  switch (name) {
    case "Optional":
      return unionOf([...items, NONE]);
    case "Union":
      return unionOf(items);
    case "Literal":
      return { ...UNKNOWN, schema: enumOf(items) ?? {} };
    case "Annotated":
      return meaningOf(items[0] ?? "");
    case "tuple":
    case "Tuple":
      return { ...UNKNOWN, schema: { type: "array" } };
  }
  const schema = scalar(name);
  if (schema.type !== "array" || items.length !== 1) return { ...UNKNOWN, schema };
  const { schema: item, nullable } = meaningOf(items[0]!);
  const isKnown = !nullable && Object.keys(item).length > 0;
  return { ...UNKNOWN, schema: isKnown ? { type: "array", items: item } : schema };
}

function unionOf(options: readonly string[]): TypeMeaning {
  const others = options.filter((option) => option !== NONE);
  const nullable = others.length < options.length;
  if (others.length !== 1) return { ...UNKNOWN, nullable };
  const meaning = meaningOf(others[0]!);
  return { ...meaning, nullable: nullable || meaning.nullable };
}

function scalar(type: string): ParameterSchema {
  return Object.hasOwn(SCALARS, type) ? { type: SCALARS[type] } : {};
}

function withoutQuotes(type: string): string {
  return /^(["'])([^"']*)\1$/.exec(type)?.[2] ?? type;
}
