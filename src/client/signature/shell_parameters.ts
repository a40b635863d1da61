/** The fields of a shell template, as the worker reads them: `{name}` by name, `{0}` by position. */
import type { Parameter } from "./signature.ts";

const BRACES = /\{\{|\}\}|\{([A-Za-z_][A-Za-z0-9_]*|\d{1,3})\}/g;

export function shellParameters(template: string): Parameter[] {
  const found = [...template.matchAll(BRACES)].map(([, field]) => field)
    .filter((field) => field !== undefined);
  const last = Math.max(-1, ...found.filter((field) => /^\d/.test(field)).map(Number));
  const positions = Array.from({ length: last + 1 }, (_, index) => String(index));
  const names = [...new Set(found.filter((field) => !/^\d/.test(field)))];
  return [
    ...positions.map((name) => field(name, "positional")),
    ...names.map((name) => field(name, "named")),
  ];
}

/** Whatever it is, it becomes text. */
function field(name: string, kind: "positional" | "named"): Parameter {
  return { name, kind, required: true, schema: { type: "string" } };
}
