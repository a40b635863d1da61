/** A JSON value as a tree, by keys as in file managers: arrows, Home, End, Enter. */
import type { ComponentChildren } from "preact";
import { useEffect, useMemo, useRef } from "preact/hooks";
import { type Signal, useSignal } from "@preact/signals";
import { english } from "../texts/english.ts";
import { CopyButton } from "../widgets/controls.tsx";
import { countText } from "../widgets/units.ts";
import { jsonOf } from "./read_result.ts";
import { ResultActions } from "./result_actions.tsx";
import {
  idOf,
  isContainer,
  opened,
  type OpenNodes,
  type Path,
  sizeOf,
  STEP,
  subscriptsOf,
  type TreeRow,
  treeRows,
} from "./tree_rows.ts";
import { TreeSearch } from "./tree_search.tsx";
import { beginning, visibleText } from "./visible_text.ts";

export interface JsonTreeProps {
  readonly value: unknown;
  readonly text: string;
  readonly name: string;
}

/** Of one value, in characters; the rest is under the pointer's title or in the file. */
const MAX_SHOWN = 300;
/** Of a value that is copied. */
const MAX_COPIED = 200_000;

export function JsonTree({ value, text, name }: JsonTreeProps): ComponentChildren {
  const open = useSignal<OpenNodes>(new Map([[idOf([]), { from: 0, to: STEP }]]));
  const current = useSignal<Path>([]);
  useEffect(() => {
    open.value = new Map([[idOf([]), { from: 0, to: STEP }]]);
    current.value = [];
  }, [value]);
  const rows = useMemo(() => treeRows(value, open.value), [value, open.value]);
  const list = useRef<HTMLUListElement>(null);
  const show = (path: Path): void => {
    open.value = opened(value, open.value, path);
    current.value = path;
    // After it is in the page.
    requestAnimationFrame(() =>
      rowElement(list.current, idOf(path))?.scrollIntoView({
        block: "nearest",
      })
    );
  };
  return (
    <>
      <TreeSearch value={value} onShow={show} />
      <Rows rows={rows} open={open} current={current} list={list} />
      <CurrentPath root={value} path={current.value} />
      <ResultActions text={text} name={name} extension="json" type="application/json" />
    </>
  );
}

interface RowsProps {
  readonly rows: readonly TreeRow[];
  readonly open: Signal<OpenNodes>;
  readonly current: Signal<Path>;
  readonly list: { current: HTMLUListElement | null };
}

function Rows({ rows, open, current, list }: RowsProps): ComponentChildren {
  const at = idOf(current.value);
  const reachable = rows.some(({ id }) => id === at) ? at : rows[0]!.id;
  const focus = (row: TreeRow | undefined): void => {
    if (row === undefined) return;
    current.value = row.path;
    rowElement(list.current, row.id)?.focus();
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const from = (event.target as HTMLElement).closest("li")?.dataset.row;
    const index = rows.findIndex(({ id }) => id === from);
    const row = rows[index];
    if (row === undefined) return;
    if (move(event.key, row, index)) event.preventDefault();
  };
  const move = (key: string, row: TreeRow, index: number): boolean => {
    if (key === "ArrowDown") focus(rows[index + 1]);
    else if (key === "ArrowUp") focus(rows[index - 1]);
    else if (key === "Home") focus(rows[0]);
    else if (key === "End") focus(rows[rows.length - 1]);
    else if (key === "ArrowRight" && row.kind === "open") focus(rows[index + 1]);
    else if (key === "ArrowLeft" && row.kind !== "open") focus(parentOf(rows, row));
    else if (key === "ArrowRight" || key === "ArrowLeft" || key === "Enter" || key === " ") {
      toggle(open, row);
    } else return false;
    return true;
  };
  return (
    <ul
      class="json-tree"
      role="tree"
      aria-label={english.results.kinds.tree}
      ref={list}
      onKeyDown={onKeyDown}
    >
      {rows.map((row) => (
        <Row
          key={row.id}
          row={row}
          isReachable={row.id === reachable}
          isCurrent={row.id === at}
          onChoose={() => {
            if (row.kind !== "more") current.value = row.path;
            toggle(open, row);
          }}
        />
      ))}
    </ul>
  );
}

interface RowProps {
  readonly row: TreeRow;
  readonly isReachable: boolean;
  readonly isCurrent: boolean;
  readonly onChoose: () => void;
}

function Row({ row, isReachable, isCurrent, onChoose }: RowProps): ComponentChildren {
  const isOpenable = row.kind === "open" || row.kind === "closed";
  return (
    <li
      role="treeitem"
      data-row={row.id}
      tabIndex={isReachable ? 0 : -1}
      aria-level={row.depth + 1}
      aria-setsize={row.siblings}
      aria-posinset={row.position}
      aria-expanded={isOpenable ? row.kind === "open" : undefined}
      aria-selected={isCurrent}
      style={{ paddingInlineStart: `${row.depth * 1.1 + 0.4}rem` }}
      onClick={onChoose}
    >
      {row.kind === "more"
        ? <span class="more">{english.results.moreItems(countText(row.value as number))}</span>
        : (
          <>
            <span class="twist" aria-hidden="true">
              {isOpenable ? row.kind === "open" ? "▾" : "▸" : ""}
            </span>
            <Key path={row.path} />
            <Value value={row.value} />
          </>
        )}
    </li>
  );
}

function Key({ path }: { readonly path: Path }): ComponentChildren {
  const key = path[path.length - 1];
  if (key === undefined) return null;
  const text = typeof key === "number" ? String(key) : visibleText(beginning(key, MAX_SHOWN));
  return (
    <>
      <bdi class={typeof key === "number" ? "index" : "key"}>{text}</bdi>
      <span class="muted">:</span>
      {" "}
    </>
  );
}

function Value({ value }: { readonly value: unknown }): ComponentChildren {
  if (isContainer(value)) {
    const { items, keys } = english.results;
    const size = countText(sizeOf(value));
    return <span class="muted">{Array.isArray(value) ? items(size) : keys(size)}</span>;
  }
  if (typeof value !== "string") return <span class="scalar number">{String(value)}</span>;
  const shown = beginning(value, MAX_SHOWN);
  return (
    <>
      <bdi class="string">{visibleText(JSON.stringify(shown))}</bdi>
      {shown.length < value.length && (
        <span class="muted">{english.results.characters(countText(value.length))}</span>
      )}
    </>
  );
}

/** Where one is, to be copied into a program. */
function CurrentPath(
  { root, path }: { readonly root: unknown; readonly path: Path },
): ComponentChildren {
  if (path.length === 0) return null;
  const subscripts = subscriptsOf(path);
  const value = path.reduce<unknown>(
    (at, key) =>
      isContainer(at) ? (at as Readonly<Record<string | number, unknown>>)[key] : undefined,
    root,
  );
  return (
    <div class="tree-path">
      <code class="wrap" dir="ltr">{visibleText(subscripts)}</code>
      <span class="muted small">{english.results.path}</span>
      <CopyButton text={subscripts} />
      {!isContainer(value) && (
        <>
          <span class="muted small">{english.results.value}</span>
          <CopyButton
            text={(typeof value === "string" ? value : jsonOf(value)).slice(0, MAX_COPIED)}
          />
        </>
      )}
    </div>
  );
}

function toggle(open: Signal<OpenNodes>, row: TreeRow): void {
  if (row.kind === "leaf") return;
  const next = new Map(open.value);
  const id = idOf(row.path);
  if (row.kind === "open") next.delete(id);
  else next.set(id, row.range ?? { from: 0, to: STEP });
  open.value = next;
}

function parentOf(rows: readonly TreeRow[], row: TreeRow): TreeRow | undefined {
  const path = row.kind === "more" ? row.path : row.path.slice(0, -1);
  const id = idOf(path);
  return row.path.length === 0 ? undefined : rows.find((other) => other.id === id);
}

function rowElement(list: HTMLElement | null, id: string): HTMLElement | undefined {
  return [...list?.children ?? []].find((child): child is HTMLElement =>
    child instanceof HTMLElement && child.dataset.row === id
  );
}
