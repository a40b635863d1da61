/** A JSON value as the rows of a tree of which only what was opened is there. */

/** Keys of objects, indices of arrays. */
export type Path = readonly (string | number)[];

export interface TreeRow {
  readonly id: string;
  readonly path: Path;
  readonly depth: number;
  readonly value: unknown;
  /** `more` stands for children that are not shown, before or behind those that are. */
  readonly kind: "leaf" | "open" | "closed" | "more";
  /** Of `more`: which children come when it is chosen, and of whom. */
  readonly range?: Range;
  readonly siblings: number;
  readonly position: number;
}

export interface Range {
  readonly from: number;
  readonly to: number;
}

/** Children that are shown at first, and with each more. */
export const STEP = 100;

/** Which containers are open, by id, and which of their children are shown. */
export type OpenNodes = ReadonlyMap<string, Range>;

export function idOf(path: Path): string {
  return JSON.stringify(path);
}

export function isContainer(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

export function sizeOf(value: object): number {
  return Array.isArray(value) ? value.length : Object.keys(value).length;
}

export function treeRows(root: unknown, open: OpenNodes): readonly TreeRow[] {
  const rows: TreeRow[] = [];
  addRow(rows, root, [], open, { siblings: 1, position: 1 });
  return rows;
}

interface Place {
  readonly siblings: number;
  readonly position: number;
}

function addRow(rows: TreeRow[], value: unknown, path: Path, open: OpenNodes, place: Place): void {
  const id = idOf(path);
  const range = open.get(id);
  const base = { id, path, depth: path.length, value, ...place };
  if (!isContainer(value) || sizeOf(value) === 0) {
    rows.push({ ...base, kind: "leaf" });
  } else if (range === undefined) {
    rows.push({ ...base, kind: "closed" });
  } else {
    rows.push({ ...base, kind: "open" });
    addChildren(rows, value, path, open, range);
  }
}

function addChildren(
  rows: TreeRow[],
  value: object,
  path: Path,
  open: OpenNodes,
  { from, to }: Range,
): void {
  const keys = Array.isArray(value) ? undefined : Object.keys(value);
  const siblings = keys?.length ?? sizeOf(value);
  const end = Math.min(to, siblings);
  if (from > 0) {
    rows.push(moreRow(path, { from: Math.max(0, from - STEP), to: end }, from, siblings));
  }
  for (let index = from; index < end; index++) {
    const key = keys?.[index] ?? index;
    const child = (value as Readonly<Record<string | number, unknown>>)[key];
    addRow(rows, child, [...path, key], open, { siblings, position: index + 1 });
  }
  if (end < siblings) rows.push(moreRow(path, { from, to: end + STEP }, siblings - end, siblings));
}

/** `hidden` is how many are not shown on its side. */
function moreRow(path: Path, range: Range, hidden: number, siblings: number): TreeRow {
  const position = range.to > siblings - hidden ? siblings : 1;
  return {
    id: `${idOf(path)} ${range.from} ${range.to}`,
    path,
    depth: path.length + 1,
    value: hidden,
    kind: "more",
    range,
    siblings,
    position,
  };
}

/** With every container on the way to `path` open and the child there in sight. */
export function opened(root: unknown, open: OpenNodes, path: Path): OpenNodes {
  const next = new Map(open);
  let value = root;
  for (let depth = 0; depth < path.length; depth++) {
    if (!isContainer(value)) break;
    const key = path[depth]!;
    const index = typeof key === "number" ? key : Object.keys(value).indexOf(key);
    const id = idOf(path.slice(0, depth));
    const range = next.get(id) ?? { from: 0, to: STEP };
    const isShown = index >= range.from && index < range.to;
    const start = Math.max(0, index - STEP / 2);
    next.set(id, isShown ? range : { from: start, to: start + STEP });
    value = (value as Readonly<Record<string | number, unknown>>)[key];
  }
  return next;
}

/** Values that are looked at: a search answers at once, also in what is large. */
const MAX_VISITED = 500_000;

export interface Found {
  readonly paths: readonly Path[];
  /** There may be more. */
  readonly isCut: boolean;
}

/** Where `text` is part of a key or of a value that is no container, in the order of the tree. */
export function search(root: unknown, text: string, maximum = 1_000): Found {
  const wanted = text.toLowerCase();
  const paths: Path[] = [];
  let left = MAX_VISITED;
  const visit = (value: unknown, path: Path): boolean => {
    if (left-- <= 0 || paths.length >= maximum) return false;
    const key = path[path.length - 1];
    const isHit = typeof key === "string" && key.toLowerCase().includes(wanted) ||
      !isContainer(value) && String(value).toLowerCase().includes(wanted);
    if (isHit) paths.push(path);
    if (!isContainer(value)) return true;
    if (Array.isArray(value)) {
      return value.every((item, index) => visit(item, [...path, index]));
    }
    return Object.entries(value).every(([name, item]) => visit(item, [...path, name]));
  };
  const isWhole = wanted === "" || visit(root, []);
  return { paths, isCut: !isWhole };
}

/** As Python and JavaScript both take it behind a name: `["a"][0]`. */
export function subscriptsOf(path: Path): string {
  return path.map((key) => `[${JSON.stringify(key)}]`).join("");
}
