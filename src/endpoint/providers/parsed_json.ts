/** What a scheduler prints as JSON. */
import * as v from "valibot";

/** Undefined for what is no JSON, or not of that form. */
export function parsedJson<T>(schema: v.GenericSchema<unknown, T>, text: string): T | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const checked = v.safeParse(schema, value);
  return checked.success ? checked.output : undefined;
}
