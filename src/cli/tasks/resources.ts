/** What a task asks of its worker or its nodes, from the words of `--resource`. */
import { FuncxError } from "../../contract/errors.ts";

export const RESOURCE_FLAG = {
  kind: "parsed",
  brief: "What a task needs: num_nodes=2, ranks_per_node=4, cores=8 … Repeatable",
  placeholder: "name=value",
  parse: parseResource,
  variadic: true,
  optional: true,
} as const;

type Resource = readonly [name: string, value: unknown];

/** A value that is JSON is what it says, any other one is text. */
export function parseResource(word: string): Resource {
  const separator = word.indexOf("=");
  if (separator > 0) {
    const text = word.slice(separator + 1);
    return [word.slice(0, separator), parseValue(text)];
  }
  throw new FuncxError({
    code: "USAGE",
    message: `expected name=value, found ${JSON.stringify(word)}`,
    hint: "For instance --resource num_nodes=2.",
  });
}

function parseValue(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** Undefined without any; of a name that comes twice the last one counts. */
export function resourceSpecification(
  resources: readonly Resource[] | undefined,
): Record<string, unknown> | undefined {
  return resources === undefined || resources.length === 0
    ? undefined
    : Object.fromEntries(resources);
}
