import { oneLine } from "./style.ts";

/**
 * A table in the form of the original funcX: centred header over a rule of `=`, left body cells,
 * a rule of `-` after each row. Cells are cleaned of control characters.
 *
 * cli-table3 measures wide and combining characters; it is loaded only when a table is drawn.
 */
export async function table(
  header: readonly string[],
  rows: readonly (readonly string[])[],
): Promise<string> {
  const { default: Table } = await import("cli-table3");
  const drawn = new Table({ chars: ASCII, style: { head: [], border: [] } });
  drawn.push(header.map((content) => ({ content: oneLine(content), hAlign: "center" as const })));
  drawn.push(...rows.map((row) => row.map(oneLine)));
  const lines = drawn.toString().split("\n");
  lines[HEADER_RULE] = lines[HEADER_RULE].replaceAll("-", "=");
  return lines.join("\n");
}

/** Index of the line under the header. */
const HEADER_RULE = 2;

const ASCII = {
  "top": "-",
  "top-mid": "+",
  "top-left": "+",
  "top-right": "+",
  "bottom": "-",
  "bottom-mid": "+",
  "bottom-left": "+",
  "bottom-right": "+",
  "left": "|",
  "left-mid": "+",
  "mid": "-",
  "mid-mid": "+",
  "right": "|",
  "right-mid": "+",
  "middle": "|",
};

/** `label: value` lines with the values under each other. */
export function fields(pairs: readonly (readonly [label: string, value: string])[]): string {
  const width = Math.max(0, ...pairs.map(([label]) => label.length)) + 1;
  return pairs.map(([label, value]) => `${`${label}:`.padEnd(width)} ${value}`).join("\n");
}
