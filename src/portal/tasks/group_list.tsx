/** The task groups, newest first, with how far each is. */
import type { ComponentChildren } from "preact";
import { type Signal, useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { TaskGroupSummary } from "../../contract/api.ts";
import { MAX_LIVE_GROUPS } from "../../contract/limits.ts";
import { live, useLive } from "../live/live.ts";
import { client } from "../session/session.ts";
import { english } from "../texts/english.ts";
import { type Failure, failureOf } from "../widgets/failure.ts";
import { Empty, Problem, Spinner } from "../widgets/messages.tsx";
import { Age } from "../widgets/states.tsx";
import { countText, shortId } from "../widgets/units.ts";
import { NO_ROWS, type PagedRows, withFirstPage, withNextPage } from "../widgets/paged_rows.ts";
import { useReloadOn } from "../widgets/use_reload_on.ts";
import { type Column, VirtualTable } from "../widgets/virtual_table.tsx";
import { percentOf, progressOf } from "./progress.ts";
import { StateBar } from "./state_bar.tsx";

const PAGE = 100;

export function GroupList(): ComponentChildren {
  const { groups, failure, more, retry } = useGroups();
  const sight = useSignal<readonly string[]>([]);
  useLive({ groups: [...sight.value], stats: true });
  const { items, cursor } = groups;
  const text = english.tasks.groups;
  if (cursor === undefined && failure === undefined) return <Spinner />;
  if (cursor === null && items.length === 0) {
    return (
      <Empty title={text.none}>
        <p>{text.noneLead}</p>
      </Empty>
    );
  }
  return (
    <>
      {failure !== undefined && <Problem failure={failure} onRetry={retry} />}
      <VirtualTable
        label={text.title}
        columns={COLUMNS}
        rows={items}
        keyOf={(group) => group.task_group_id}
        count={cursor === null ? items.length : undefined}
        onEnd={more}
        onSight={(rows) => sight.value = followedOf(rows)}
        minWidth="48rem"
      />
    </>
  );
}

/** One that has ended goes on when tasks are added to it, but others are more likely to. */
function followedOf(rows: readonly TaskGroupSummary[]): readonly string[] {
  const isOpen = (group: TaskGroupSummary): boolean => progressOf(group.by_state).share < 1;
  const ended = rows.filter((group) => !isOpen(group));
  return [...rows.filter(isOpen), ...ended].map((group) => group.task_group_id)
    .slice(0, MAX_LIVE_GROUPS);
}

interface Groups {
  readonly groups: PagedRows<TaskGroupSummary>;
  readonly failure: Failure | undefined;
  readonly more: () => void;
  readonly retry: () => void;
}

/** Read on at the end; and at the beginning again when tasks have come, or the page has missed some. */
function useGroups(): Groups {
  const groups = useSignal<PagedRows<TaskGroupSummary>>(NO_ROWS);
  const failure = useSignal<Failure | undefined>(undefined);
  const more = useReading(failure, async (signal) => {
    const { cursor } = groups.peek();
    if (cursor === null) return;
    const page = await client.call("listTaskGroups", { query: { limit: PAGE, cursor }, signal });
    // A list that has begun anew meanwhile is read on from its own end.
    if (groups.peek().cursor === cursor) groups.value = withNextPage(groups.peek(), page);
  });
  const reload = useReading(failure, async (signal) => {
    const page = await client.call("listTaskGroups", { query: { limit: PAGE }, signal });
    groups.value = withFirstPage(groups.peek(), page, (group) => group.task_group_id);
  });
  useEffect(more, []);
  useReloadOn(`${live.opened.value} ${JSON.stringify(live.stats.value?.tasks)}`, { reload });
  const retry = (): void => {
    reload();
    more();
  };
  return { groups: groups.value, failure: failure.value, more, retry };
}

/** Returns what reads unless it is being read already. */
function useReading(
  failure: Signal<Failure | undefined>,
  read: (signal: AbortSignal) => Promise<void>,
): () => void {
  const reading = useRef<AbortController | undefined>(undefined);
  useEffect(() => () => reading.current?.abort(), []);
  return () => {
    if (reading.current !== undefined) return;
    const { signal } = reading.current = new AbortController();
    read(signal).then(() => failure.value = undefined).catch((thrown) => {
      if (!signal.aborted) failure.value = failureOf(thrown);
    }).finally(() => reading.current = undefined);
  };
}

/** As it is now, where it is followed. */
function current(group: TaskGroupSummary): TaskGroupSummary {
  return live.groups.value.get(group.task_group_id) ?? group;
}

const COLUMNS: readonly Column<TaskGroupSummary>[] = [
  {
    id: "group",
    title: english.tasks.groups.group,
    width: "6.5rem",
    cell: ({ task_group_id: id }) => (
      <a class="mono" href={`/groups/${id}`} title={id}>{shortId(id)}</a>
    ),
  },
  {
    id: "function",
    title: english.tasks.groups.function,
    width: "minmax(9rem, 2fr)",
    cell: ({ function_name, task_group_id }) => (
      <a href={`/groups/${task_group_id}`} dir="auto" title={function_name}>{function_name}</a>
    ),
  },
  {
    id: "progress",
    title: english.tasks.groups.progress,
    width: "minmax(10rem, 3fr)",
    cell: (group) => (
      <StateBar
        label={english.tasks.groups.progressOf(shortId(group.task_group_id))}
        byState={current(group).by_state}
      />
    ),
  },
  {
    id: "percent",
    title: "%",
    width: "3rem",
    end: true,
    cell: (group) => percentOf(progressOf(current(group).by_state)),
  },
  {
    id: "tasks",
    title: english.tasks.groups.tasks,
    width: "5rem",
    end: true,
    cell: (group) => countText(current(group).tasks),
  },
  {
    id: "failed",
    title: english.tasks.groups.failed,
    width: "5rem",
    end: true,
    cell: (group) => countText(current(group).by_state.failed ?? 0),
  },
  {
    id: "created",
    title: english.tasks.groups.created,
    width: "7rem",
    cell: ({ created_at }) => <Age at={created_at} />,
  },
];
