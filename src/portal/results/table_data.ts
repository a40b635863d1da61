/** Tables in a result: rows as objects or arrays, columns by name, or as pandas splits a frame. */

export type Cell = string | number | bigint | boolean | null | undefined;

export interface TableData {
  readonly columns: readonly string[];
  readonly count: number;
  readonly at: (row: number, column: number) => Cell;
}

/** More columns are no table that anybody reads. */
const MAX_COLUMNS = 200;
type JsonObject = Readonly<Record<string, unknown>>;

export function tableOf(value: object): TableData | undefined {
  if (Array.isArray(value)) return ofArrays(value) ?? ofObjects(value);
  const fields = value as JsonObject;
  return ofSplit(fields) ?? ofColumns(fields);
}

function ofArrays(rows: readonly unknown[], names?: readonly string[]): TableData | undefined {
  const width = Array.isArray(rows[0]) ? rows[0].length : 0;
  if (width === 0 || width > MAX_COLUMNS) return undefined;
  const fits = rows.every((row) => Array.isArray(row) && row.length === width && row.every(isCell));
  if (!fits || (names !== undefined && names.length !== width)) return undefined;
  const cells = rows as readonly (readonly Cell[])[];
  return {
    columns: names ?? Array.from({ length: width }, (_, index) => String(index)),
    count: rows.length,
    at: (row, column) => cells[row]![column],
  };
}

function ofObjects(rows: readonly unknown[]): TableData | undefined {
  if (rows.length === 0) return undefined;
  const names = new Set<string>();
  for (const row of rows) {
    if (!isObject(row)) return undefined;
    for (const key in row) {
      if (!isCell(row[key])) return undefined;
      names.add(key);
    }
    if (names.size > MAX_COLUMNS) return undefined;
  }
  if (names.size === 0) return undefined;
  const columns = [...names];
  const records = rows as readonly Readonly<Record<string, Cell>>[];
  return { columns, count: rows.length, at: (row, column) => records[row]![columns[column]!] };
}

/** `DataFrame.to_dict("split")`. */
function ofSplit({ columns, data }: JsonObject): TableData | undefined {
  const areNames = Array.isArray(columns) && columns.every(isCell);
  return areNames && Array.isArray(data) ? ofArrays(data, columns.map(String)) : undefined;
}

/** `DataFrame.to_dict("list")`: a list for each column, all of one length. */
function ofColumns(fields: JsonObject): TableData | undefined {
  const columns = Object.keys(fields);
  const lists = Object.values(fields);
  const count = Array.isArray(lists[0]) ? lists[0].length : 0;
  if (count < 2 || columns.length > MAX_COLUMNS) return undefined;
  const fits = lists.every((list) =>
    Array.isArray(list) && list.length === count && list.every(isCell)
  );
  if (!fits) return undefined;
  const cells = lists as readonly (readonly Cell[])[];
  return { columns, count, at: (row, column) => cells[column]![row] };
}

/** Row numbers by the values of a column: numbers by size, the rest as text; what is empty last. */
export function sortedRows(
  { count, at }: TableData,
  column: number,
  direction: "ascending" | "descending",
): readonly number[] {
  const rows = Array.from({ length: count }, (_, index) => index);
  const collator = new Intl.Collator("en", { numeric: true });
  const sign = direction === "ascending" ? 1 : -1;
  return rows.sort((one, other) =>
    compareCells(at(one, column), at(other, column), collator, sign)
  );
}

function compareCells(one: Cell, other: Cell, collator: Intl.Collator, sign: number): number {
  const isEmpty = one === null || one === undefined;
  const isOtherEmpty = other === null || other === undefined;
  if (isEmpty || isOtherEmpty) return Number(isEmpty) - Number(isOtherEmpty);
  if (isNumeric(one) && isNumeric(other)) return one < other ? -sign : one > other ? sign : 0;
  return sign * collator.compare(String(one), String(other));
}

/** As spreadsheets read it, RFC 4180. */
export function csvOf({ columns, count, at }: TableData): string {
  const lines = [columns.map(csvField).join()];
  for (let row = 0; row < count; row++) {
    lines.push(columns.map((_, column) => csvField(at(row, column) ?? "")).join());
  }
  return lines.join("\r\n") + "\r\n";
}

function csvField(cell: Cell): string {
  const text = String(cell);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

export function isNumeric(cell: unknown): cell is number | bigint {
  return typeof cell === "number" || typeof cell === "bigint";
}

function isCell(value: unknown): value is Cell {
  return typeof value !== "object" || value === null;
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
