/** What a function takes, for people to read. */

export interface ParameterRow {
  readonly name: string;
  readonly kind: "positional" | "named" | "rest" | "rest_named";
  readonly required: boolean;
  /** Such as `number`, `list of number`, `"a" | "b"`; empty where it is not known. */
  readonly type: string;
  /** JSON; undefined without one. */
  readonly default: string | undefined;
  readonly description: string;
}

type Fields = Readonly<Record<string, unknown>>;

const LONGEST = 200;

/**
 * @param parameters of a registered function: JSON Schema, but anybody may have registered anything.
 * Undefined where nothing is known.
 */
export function parameterRows(
  parameters: unknown,
): readonly ParameterRow[] | undefined {
  const schema = fieldsOf(parameters);
  const properties = fieldsOf(schema?.properties);
  if (schema === undefined || properties === undefined) return undefined;
  const required = new Set(textsOf(schema.required));
  const order = textsOf(schema["x-order"]).filter((name) => Object.hasOwn(properties, name));
  const others = Object.keys(properties).filter((name) => !order.includes(name));
  const row = (name: string, kind: ParameterRow["kind"]): ParameterRow => {
    const property = fieldsOf(properties[name]) ?? {};
    return {
      name,
      kind,
      required: required.has(name),
      type: typeText(property),
      default: Object.hasOwn(property, "default") ? jsonText(property.default) : undefined,
      description: typeof property.description === "string" ? property.description : "",
    };
  };
  return [
    ...order.map((name) => row(name, "positional")),
    ...restRow(schema["x-varargs"], "rest"),
    ...others.map((name) => row(name, "named")),
    ...restRow(schema["x-kwargs"], "rest_named"),
  ];
}

function restRow(name: unknown, kind: "rest" | "rest_named"): ParameterRow[] {
  if (typeof name !== "string") return [];
  return [{ name, kind, required: false, type: "", default: undefined, description: "" }];
}

function typeText(schema: Fields): string {
  if (Array.isArray(schema.enum)) return schema.enum.map(jsonText).join(" | ").slice(0, LONGEST);
  const { type } = schema;
  if (type === "array") {
    const item = typeText(fieldsOf(schema.items) ?? {});
    return item === "" ? "list" : `list of ${item}`.slice(0, LONGEST);
  }
  if (typeof type === "string") return type;
  return Array.isArray(type) ? type.map(String).join(" | ") : "";
}

function jsonText(value: unknown): string {
  const text = JSON.stringify(value) ?? "";
  return text.length <= LONGEST ? text : `${text.slice(0, LONGEST)}…`;
}

function fieldsOf(value: unknown): Fields | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? value as Fields
    : undefined;
}

function textsOf(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === "string") : [];
}
