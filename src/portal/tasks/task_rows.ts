/**
 * A long list of tasks of which the newest are live: a window that slides over the list, and the
 * older ones, which come by pages as the reader scrolls.
 */
import type { TaskSummary } from "../../contract/api.ts";

export interface TaskRows {
  /** The live window, newest first; undefined until it has come. */
  readonly newest: readonly TaskSummary[] | undefined;
  /** What left the window at its end, and the pages behind; some may be in the window too. */
  readonly older: readonly TaskSummary[];
  /** Of the next page: undefined for the first one, null after the last one. */
  readonly cursor: string | null | undefined;
}

export const NO_ROWS: TaskRows = { newest: undefined, older: [], cursor: undefined };

/** Rows that are held; a list that grows all day must end somewhere. */
const MAX_ROWS = 50_000;

/**
 * The list after the window has changed. When so many tasks came at once that nothing of the old
 * window is in the new one, some are missing in between: the pages are then read again from there.
 *
 * @param limit rows of a full window
 */
export function withWindow(
  rows: TaskRows,
  window: readonly TaskSummary[],
  limit: number,
): TaskRows {
  const before = rows.newest ?? [];
  if (before.length === 0) return { ...rows, newest: window };
  const isFull = window.length >= limit;
  const ids = new Set(window.map((task) => task.task_id));
  const gone = before.filter((task) => !ids.has(task.task_id));
  if (isFull && gone.length === before.length) return { ...NO_ROWS, newest: window };
  // What is missing in a window that is not full fits the filter no more.
  const oldest = isFull ? window[window.length - 1]!.created_at : -Infinity;
  const slid = gone.filter((task) => task.created_at <= oldest);
  // A page may have them too, as they were before.
  const left = new Set(gone.map((task) => task.task_id));
  const older = rows.older.filter((task) => !left.has(task.task_id));
  return { ...rows, newest: window, older: [...slid, ...older].slice(0, MAX_ROWS) };
}

export function withPage(
  rows: TaskRows,
  page: { readonly items: readonly TaskSummary[]; readonly next_cursor: string | null },
): TaskRows {
  const older = [...rows.older, ...page.items];
  const isFull = older.length >= MAX_ROWS;
  return { ...rows, older, cursor: isFull ? null : page.next_cursor };
}

/** The list in which older rows are as they were told last. */
export function withChanges(rows: TaskRows, changes: ReadonlyMap<string, TaskSummary>): TaskRows {
  if (changes.size === 0) return rows;
  const older = rows.older.map((task) => later(task, changes.get(task.task_id)));
  return older.every((task, index) => task === rows.older[index]) ? rows : { ...rows, older };
}

/** All rows in order, each once. */
export function shownRows(
  { newest, older }: TaskRows,
  belongs: (task: TaskSummary) => boolean,
): readonly TaskSummary[] {
  const seen = new Set<string>();
  const rows: TaskSummary[] = [];
  for (const task of [...newest ?? [], ...older]) {
    if (seen.has(task.task_id)) continue;
    seen.add(task.task_id);
    if (belongs(task)) rows.push(task);
  }
  return rows;
}

function later(task: TaskSummary, change: TaskSummary | undefined): TaskSummary {
  // An end is never taken back, and the page may be newer than the change.
  return change === undefined || task.completed_at !== null ? task : change;
}
