/** Files among a task's arguments, for a worker: by itself, so that it loads no schema for them. */
import type { FileReference, FilesBody } from "./blob_reference.ts";

/** By what a file among the arguments is told apart from another. */
export function fileKey({ sha256, name }: FileReference): string {
  return `${sha256}/${name}`;
}

/** The arguments with what `pathOf` gives for each file in its place. */
export function withFiles(
  { value, files }: FilesBody,
  pathOf: (key: string) => unknown,
): FilesBody["value"] {
  const named = value as Record<string, unknown>;
  for (const [key, file] of Object.entries(files)) named[key] = pathOf(fileKey(file));
  return value;
}
