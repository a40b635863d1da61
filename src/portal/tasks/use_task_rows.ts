/** The rows of a task list, live at their beginning and read on at their end. */
import { effect, type Signal, useComputed, useSignal } from "@preact/signals";
import { useLayoutEffect, useRef } from "preact/hooks";
import type { TaskSummary } from "../../contract/api.ts";
import { MAX_LIVE_TASKS } from "../../contract/limits.ts";
import { isTerminal } from "../../contract/task_state.ts";
import { live, useLive, useNewestTasks } from "../live/live.ts";
import { client } from "../session/session.ts";
import { now } from "../shell/clock.ts";
import { type Failure, failureOf } from "../widgets/failure.ts";
import type { ShownRows } from "../widgets/shown_rows.ts";
import { useSettled } from "../widgets/use_settled.ts";
import { fits, liveFilterOf, queryOfFilter, type TaskFilter } from "./task_filter.ts";
import {
  NO_ROWS,
  shownRows,
  type TaskRows,
  withChanges,
  withPage,
  withWindow,
} from "./task_rows.ts";

/** Rows of the live window, and of a page behind it. */
const WINDOW = 100;
const PAGE = 200;

export function useTaskRows(filter: TaskFilter): ShownRows<TaskSummary> {
  const key = JSON.stringify(filter);
  const state = useSignal<TaskRows>(NO_ROWS);
  const failure = useSignal<Failure | undefined>(undefined);
  const seen = useSignal<readonly string[]>([]);
  const current = useSignal(filter);
  const newest = useNewestTasks({ ...liveFilterOf(filter), limit: WINDOW });
  useLive({ task_ids: [...seen.value] });
  const see = useSettled((visible: readonly TaskSummary[]) => {
    const next = openBehindWindow(visible, state.peek());
    const followed = new Set(seen.peek());
    // To follow fewer saves less than it costs to open the stream anew.
    if (next.some((id) => !followed.has(id))) seen.value = next;
  });
  useLayoutEffect(() => {
    // A span of time is no part of what is followed: the window stays, and is not sent again.
    const window = newest.peek();
    state.value = window === undefined ? NO_ROWS : withWindow(NO_ROWS, window, WINDOW);
    failure.value = undefined;
    current.value = filter;
  }, [key]);
  // What is there already stands in the first paint.
  useLayoutEffect(() =>
    effect(() => {
      if (newest.value !== undefined) state.value = withWindow(state.peek(), newest.value, WINDOW);
    }), []);
  // What is in sight no more is not followed, and keeps what was told of it last.
  useLayoutEffect(() =>
    effect(() => {
      state.value = withChanges(state.peek(), live.tasks.value);
    }), []);
  const more = useReading(key, filter, state, failure);
  const rows = useComputed(() => {
    const { value } = state;
    if (value.newest === undefined && value.cursor === undefined) return undefined;
    const time = Math.floor(now.peek());
    return shownRows(value, (task) => fits(current.value, task, time));
  });
  return {
    rows,
    isWhole: state.value.cursor === null,
    failure: failure.value,
    more,
    retry: more,
    see,
  };
}

/** Those of which nothing is told otherwise: the window is live itself, and an end is final. */
function openBehindWindow(
  visible: readonly TaskSummary[],
  { newest = [] }: TaskRows,
): readonly string[] {
  const inWindow = new Set(newest.map((task) => task.task_id));
  return visible.filter((task) => !isTerminal(task.status) && !inWindow.has(task.task_id))
    .map((task) => task.task_id).slice(0, MAX_LIVE_TASKS);
}

/** Returns what reads the next page, one at a time. */
function useReading(
  key: string,
  filter: TaskFilter,
  state: Signal<TaskRows>,
  failure: Signal<Failure | undefined>,
): () => void {
  const reading = useRef<AbortController | undefined>(undefined);
  // Before the effects of what shows the rows, which may ask for more at once.
  useLayoutEffect(() => () => {
    reading.current?.abort();
    reading.current = undefined;
  }, [key]);
  return () => {
    const { cursor } = state.peek();
    if (reading.current !== undefined || cursor === null) return;
    const controller = reading.current = new AbortController();
    const { signal } = controller;
    const query = { ...queryOfFilter(filter, now.peek()), limit: PAGE, cursor };
    client.call("listTasks", { query, signal }).then((page) => {
      // A list that has begun anew meanwhile reads from its own beginning.
      if (signal.aborted || state.peek().cursor !== cursor) return;
      failure.value = undefined;
      state.value = withChanges(withPage(state.peek(), page), live.tasks.peek());
    }).catch((thrown) => {
      if (!signal.aborted) failure.value = failureOf(thrown);
    }).finally(() => {
      if (reading.current === controller) reading.current = undefined;
    });
  };
}
