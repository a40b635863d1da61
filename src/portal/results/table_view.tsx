/** A table of a result, of any number of rows, sorted by any column. */
import type { ComponentChildren } from "preact";
import { useEffect, useMemo } from "preact/hooks";
import { useSignal } from "@preact/signals";
import { english } from "../texts/english.ts";
import { type Column, VirtualTable } from "../widgets/virtual_table.tsx";
import { saveBlob } from "../widgets/save.ts";
import { fileName } from "./file_name.ts";
import { type Cell, csvOf, isNumeric, sortedRows, type TableData } from "./table_data.ts";
import { beginning, visibleText } from "./visible_text.ts";

interface Order {
  readonly column: number;
  readonly direction: "ascending" | "descending";
}

const ROW_HEIGHT = 32;
const MAX_CELL = 500;
/** What is looked at to tell a column of numbers. */
const SAMPLE = 20;

export function TableView(
  { table, name }: { readonly table: TableData; readonly name: string },
): ComponentChildren {
  const order = useSignal<Order | undefined>(undefined);
  useEffect(() => {
    order.value = undefined;
  }, [table]);
  const { value } = order;
  const rows = useMemo(
    () =>
      value === undefined
        ? Array.from({ length: table.count }, (_, index) => index)
        : sortedRows(table, value.column, value.direction),
    [table, value],
  );
  const columns = [
    numberColumn(table.count),
    ...table.columns.map((_, column) =>
      dataColumn(table, column, order.value, (next) => {
        order.value = next;
      })
    ),
  ];
  return (
    <div class="result-table">
      <VirtualTable
        label={english.results.kinds.table}
        columns={columns}
        rows={rows}
        keyOf={String}
        rowHeight={ROW_HEIGHT}
        minWidth={`${4 + table.columns.length * 8}rem`}
      />
      <div class="result-actions">
        <span class="muted small">
          {english.results.tableSize(table.count, table.columns.length)}
        </span>
        <button
          type="button"
          class="small"
          onClick={() =>
            saveBlob(fileName(name, "csv"), new Blob([csvOf(table)], { type: "text/csv" }))}
        >
          {english.results.download("csv")}
        </button>
      </div>
    </div>
  );
}

/** The place of a row in the result, whatever it is sorted by. */
function numberColumn(count: number): Column<number> {
  return {
    id: "#",
    title: "#",
    width: `${String(count).length + 1}ch`,
    cell: (row) => <span class="muted">{row}</span>,
  };
}

function dataColumn(
  table: TableData,
  column: number,
  order: Order | undefined,
  onOrder: (order: Order | undefined) => void,
): Column<number> {
  const sorted = order?.column === column ? order.direction : undefined;
  return {
    id: String(column),
    title: visibleText(table.columns[column]!),
    width: "minmax(7rem, 1fr)",
    end: hasNumbers(table, column),
    cell: (row) => <CellText cell={table.at(row, column)} />,
    sorted,
    onSort: () => onOrder(nextOrder(column, sorted)),
  };
}

/** Up, down, and as it was. */
function nextOrder(column: number, sorted: Order["direction"] | undefined): Order | undefined {
  if (sorted === undefined) return { column, direction: "ascending" };
  return sorted === "ascending" ? { column, direction: "descending" } : undefined;
}

function CellText({ cell }: { readonly cell: Cell }): ComponentChildren {
  if (cell === null || cell === undefined) return <span class="muted">–</span>;
  const text = String(cell);
  const shown = visibleText(beginning(text, MAX_CELL));
  return <span dir="auto" title={shown.length > 20 ? shown : undefined}>{shown}</span>;
}

function hasNumbers({ count, at }: TableData, column: number): boolean {
  for (let row = 0; row < Math.min(count, SAMPLE); row++) {
    const cell = at(row, column);
    if (cell !== null && cell !== undefined && !isNumeric(cell)) return false;
  }
  return true;
}
