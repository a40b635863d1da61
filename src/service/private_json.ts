/** Small JSON files that only their owner may read, checked when they are read. */
import * as v from "valibot";
import { FuncxError } from "../contract/errors.ts";
import { readIfPresent, writePrivateFile } from "../lib/files.ts";

/** The file's value; undefined when there is none. Throws STORE_UNREADABLE when it is damaged. */
export function readJsonFile<const S extends v.GenericSchema>(
  path: string,
  schema: S,
): v.InferOutput<S> | undefined {
  const text = readIfPresent(path);
  if (text === undefined) return undefined;
  const parsed = v.safeParse(schema, parse(text));
  if (parsed.success) return parsed.output;
  const [issue] = parsed.issues;
  throw new FuncxError({
    code: "STORE_UNREADABLE",
    message: `${path} is damaged: ${v.getDotPath(issue) ?? "content"}: ${issue.message}`,
    hint: `move ${path} away and start again; it is made anew`,
  });
}

export function writeJsonFile(path: string, value: unknown): void {
  writePrivateFile(path, JSON.stringify(value, null, 2) + "\n");
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
