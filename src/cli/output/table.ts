import { oneLine } from "./style.ts";
import { displayWidth } from "./width.ts";

/**
 * A table in the form of the original funcX: centred header over a rule of `=`, left body cells,
 * a rule of `-` after each row. Cells are cleaned of control characters.
 */
export function table(
  header: readonly string[],
  rows: readonly (readonly string[])[],
): string {
  const cells = rows.map((row) => row.map(oneLine));
  const widths = header.map((title, column) =>
    Math.max(displayWidth(title), ...cells.map((row) => displayWidth(row[column])))
  );
  const rule = (mark: string): string =>
    `+${widths.map((width) => mark.repeat(width + 2)).join("+")}+`;
  const line = (row: readonly string[], align: Align): string =>
    `|${row.map((cell, column) => ` ${align(cell, widths[column])} `).join("|")}|`;
  const body = cells.flatMap((row) => [line(row, left), rule("-")]);
  return [rule("-"), line(header, centred), rule("="), ...body].join("\n");
}

/** Fills a cell up to a width in columns. */
type Align = (cell: string, width: number) => string;

function left(cell: string, width: number): string {
  return cell + " ".repeat(width - displayWidth(cell));
}

function centred(cell: string, width: number): string {
  const space = width - displayWidth(cell);
  const before = Math.floor(space / 2);
  return " ".repeat(before) + cell + " ".repeat(space - before);
}

/** `label: value` lines with the values under each other. */
export function fields(pairs: readonly (readonly [label: string, value: string])[]): string {
  const width = Math.max(0, ...pairs.map(([label]) => label.length)) + 1;
  return pairs.map(([label, value]) => `${`${label}:`.padEnd(width)} ${value}`).join("\n");
}
