/** A table of which only the rows in sight are in the page, however many there are. */
import type { ComponentChildren } from "preact";
import { useEffect, useLayoutEffect, useReducer, useRef, useState } from "preact/hooks";
import {
  elementScroll,
  observeElementOffset,
  observeElementRect,
  Virtualizer,
} from "@tanstack/virtual-core";

export interface Column<T> {
  readonly id: string;
  readonly title: string;
  /** Only for those who do not see the column. */
  readonly titleHidden?: boolean;
  /** Of CSS `grid-template-columns`, such as `minmax(10rem, 2fr)`. */
  readonly width: string;
  /** Numbers stand at the end of their column. */
  readonly end?: boolean;
  readonly cell: (row: T) => ComponentChildren;
  /** Present where the table can be sorted by it. */
  readonly onSort?: () => void;
  readonly sorted?: "ascending" | "descending";
}

export interface VirtualTableProps<T> {
  readonly label: string;
  readonly columns: readonly Column<T>[];
  readonly rows: readonly T[];
  readonly keyOf: (row: T) => string;
  /** Of the whole list, where it is known. */
  readonly count?: number;
  /**
   * Called when the last row comes into sight, and while it is there whenever there are other rows:
   * more than once for the same end, and also when what was read has added none.
   */
  readonly onEnd?: () => void;
  /** Told which rows are in sight, for instance to follow them. */
  readonly onSight?: (rows: readonly T[]) => void;
  /** Pixels of a row; `--row` of the style sheet by default. */
  readonly rowHeight?: number;
  /** Least width of the table in CSS; narrower screens scroll it. */
  readonly minWidth?: string;
}

const ROW_HEIGHT = 44;
const OVERSCAN = 8;
/** Of the window's height, which the style sheet allows the rows; and pixels. */
const SHARE_OF_WINDOW = 0.7;
const MAX_HEIGHT = 960;

export function VirtualTable<T>(props: VirtualTableProps<T>): ComponentChildren {
  const { label, columns, rows, keyOf, onEnd, onSight, rowHeight = ROW_HEIGHT } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const virtualizer = useVirtualizer(rows.length, rowHeight, scroller);
  const items = virtualizer.getVirtualItems();
  const first = items[0]?.index ?? 0;
  const last = items[items.length - 1]?.index ?? -1;
  const sight = rows.slice(first, last + 1);
  const sightKey = sight.map(keyOf).join();
  useEffect(() => onSight?.(sight), [sightKey]);
  useEffect(() => {
    if (last >= rows.length - 1 && rows.length > 0) onEnd?.();
  }, [last, rows]);
  const template = { "--columns": columns.map((column) => column.width).join(" ") };
  return (
    <div class="virtual">
      <div
        class="scroller"
        ref={scroller}
        role="table"
        aria-label={label}
        aria-rowcount={(props.count ?? rows.length) + 1}
        tabIndex={0}
        style={template}
      >
        <div style={{ minWidth: props.minWidth ?? "auto" }} role="presentation">
          <div role="rowgroup">
            <div class="line head" role="row" aria-rowindex={1}>
              {columns.map((column) => <HeadCell key={column.id} column={column} />)}
            </div>
          </div>
          <div
            class="space body"
            role="rowgroup"
            style={{ height: `${virtualizer.getTotalSize()}px` }}
          >
            {items.map(({ index, start }) => (
              <div
                class="line"
                role="row"
                key={keyOf(rows[index]!)}
                aria-rowindex={index + 2}
                style={{ height: `${rowHeight}px`, transform: `translateY(${start}px)` }}
              >
                {columns.map((column) => (
                  <div key={column.id} role="cell" class={column.end ? "end number" : undefined}>
                    {column.cell(rows[index]!)}
                  </div>
                ))}
              </div>
            ))}
          </div>
        </div>
      </div>
    </div>
  );
}

function HeadCell<T>({ column }: { readonly column: Column<T> }): ComponentChildren {
  const { title, titleHidden, onSort, sorted, end } = column;
  const arrow = sorted === undefined ? "" : sorted === "ascending" ? " ↑" : " ↓";
  return (
    <div
      role="columnheader"
      class={end ? "end" : undefined}
      aria-sort={onSort === undefined ? undefined : sorted ?? "none"}
    >
      {onSort === undefined
        ? <span class={titleHidden ? "visually-hidden" : undefined}>{title}</span>
        : <button type="button" onClick={onSort}>{title}{arrow}</button>}
    </div>
  );
}

/** The library is told of every new count, and asks to be shown anew when the reader scrolls. */
function useVirtualizer(
  count: number,
  rowHeight: number,
  scroller: { readonly current: HTMLDivElement | null },
): Virtualizer<HTMLDivElement, Element> {
  const [, show] = useReducer((times: number) => times + 1, 0);
  const options = {
    count,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeight,
    overscan: OVERSCAN,
    // Of most tables, so that the first rendering has their rows: to measure before costs a layout.
    initialRect: {
      width: innerWidth,
      height: Math.min(SHARE_OF_WINDOW * innerHeight, MAX_HEIGHT),
    },
    scrollToFn: elementScroll,
    observeElementRect,
    observeElementOffset,
    onChange: () => show(undefined),
  };
  const [virtualizer] = useState(() => new Virtualizer<HTMLDivElement, Element>(options));
  virtualizer.setOptions(options);
  // The size of the place is known before the first paint, which then has the rows in it.
  useLayoutEffect(() => virtualizer._didMount(), []);
  useLayoutEffect(() => virtualizer._willUpdate());
  return virtualizer;
}
