/** Which tasks a list shows: in the address, in what is asked for, and in what is followed. */
import type { LiveInterest, Query, TaskSummary } from "../../contract/api.ts";
import { isTerminal, TASK_STATES, type TaskState } from "../../contract/task_state.ts";

/** `hour` and `today` move with the clock; a custom span does not. */
export type Span =
  | { readonly kind: "any" }
  | { readonly kind: "hour" }
  | { readonly kind: "today" }
  /** Seconds since 1970. */
  | { readonly kind: "custom"; readonly since?: number; readonly until?: number };

export interface TaskFilter {
  readonly state?: TaskState;
  readonly finished?: "yes" | "no";
  readonly endpointId?: string;
  readonly functionId?: string;
  readonly groupId?: string;
  readonly span: Span;
}

const ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const HOUR = 3_600;

export function isId(text: string): boolean {
  return ID.test(text);
}

/** From the query of an address; what makes no sense is left out. */
export function filterOfAddress(query: Readonly<Record<string, string>>): TaskFilter {
  const { finished } = query;
  return {
    state: TASK_STATES.find((state) => state === query.state),
    finished: finished === "yes" || finished === "no" ? finished : undefined,
    endpointId: idOf(query.endpoint),
    functionId: idOf(query.function),
    groupId: idOf(query.group),
    span: spanOf(query),
  };
}

/** The other way round; empty when everything is shown. */
export function addressOfFilter(filter: TaskFilter): string {
  const { span } = filter;
  const pairs: readonly (readonly [string, string | undefined])[] = [
    ["state", filter.state],
    ["finished", filter.finished],
    ["endpoint", filter.endpointId],
    ["function", filter.functionId],
    ["group", filter.groupId],
    ["time", span.kind === "any" ? undefined : span.kind],
    ["since", span.kind === "custom" ? textOf(span.since) : undefined],
    ["until", span.kind === "custom" ? textOf(span.until) : undefined],
  ];
  const query = new URLSearchParams();
  for (const [key, value] of pairs) if (value !== undefined) query.set(key, value);
  return query.toString();
}

/** @param now seconds since 1970 */
export function queryOfFilter(filter: TaskFilter, now: number): Query<"listTasks"> {
  const { since, until } = boundsOf(filter.span, now);
  return {
    ...liveFilterOf(filter),
    since: instantOf(since),
    until: instantOf(until),
  };
}

/** Without the span of time, which a live stream does not know. */
export function liveFilterOf(
  filter: TaskFilter,
): Omit<NonNullable<LiveInterest["tasks"]>, "limit"> {
  return {
    status: filter.state,
    finished: filter.finished,
    endpoint_id: filter.endpointId,
    function_id: filter.functionId,
    task_group_id: filter.groupId,
  };
}

/** Whether a task, as it is now, belongs into the list. */
export function fits(filter: TaskFilter, task: TaskSummary, now: number): boolean {
  const { since, until } = boundsOf(filter.span, now);
  return (filter.state === undefined || task.status === filter.state) &&
    (filter.finished === undefined || isTerminal(task.status) === (filter.finished === "yes")) &&
    (filter.endpointId === undefined || task.endpoint_id === filter.endpointId) &&
    (filter.functionId === undefined || task.function_id === filter.functionId) &&
    (filter.groupId === undefined || task.task_group_id === filter.groupId) &&
    (since === undefined || task.created_at >= Math.floor(since)) &&
    (until === undefined || task.created_at < Math.floor(until));
}

export function isFiltered({ span, ...rest }: TaskFilter): boolean {
  return span.kind !== "any" || Object.values(rest).some((value) => value !== undefined);
}

/** As the service takes it, which knows no time before 1970. */
function instantOf(seconds: number | undefined): number | undefined {
  return seconds === undefined ? undefined : Math.max(0, Math.floor(seconds));
}

/**
 * For `<input type="datetime-local">`, in the reader's time zone: also in the years 0002, 0020 and
 * 0202, which are there while 2026 is typed.
 */
export function localTimeText(seconds: number | undefined): string {
  if (seconds === undefined) return "";
  const date = new Date(seconds * 1_000);
  if (Number.isNaN(date.getTime())) return "";
  const part = (value: number, digits = 2): string => String(value).padStart(digits, "0");
  const day = [part(date.getFullYear(), 4), part(date.getMonth() + 1), part(date.getDate())];
  return `${day.join("-")}T${part(date.getHours())}:${part(date.getMinutes())}`;
}

/** Undefined where the input is empty. */
export function secondsOfLocalTime(text: string): number | undefined {
  // The fifth digit of a year that is typed too far, as ISO 8601 has such years.
  const iso = text.replace(/^\d{5,6}(?=-)/, (year) => `+${year.padStart(6, "0")}`);
  const milliseconds = Date.parse(iso);
  return Number.isNaN(milliseconds) ? undefined : milliseconds / 1_000;
}

function boundsOf(
  span: Span,
  now: number,
): { readonly since?: number; readonly until?: number } {
  switch (span.kind) {
    case "any":
      return {};
    case "hour":
      return { since: now - HOUR };
    case "today":
      return { since: new Date(now * 1_000).setHours(0, 0, 0, 0) / 1_000 };
    case "custom":
      return span;
  }
}

function spanOf({ time, since, until }: Readonly<Record<string, string>>): Span {
  if (time === "hour" || time === "today") return { kind: time };
  if (time !== "custom") return { kind: "any" };
  return { kind: "custom", since: secondsOf(since), until: secondsOf(until) };
}

function secondsOf(text: string | undefined): number | undefined {
  return text !== undefined && /^-?\d{1,13}$/.test(text) ? Number(text) : undefined;
}

function textOf(seconds: number | undefined): string | undefined {
  return seconds === undefined ? undefined : String(Math.floor(seconds));
}

function idOf(text: string | undefined): string | undefined {
  return text !== undefined && isId(text) ? text : undefined;
}
