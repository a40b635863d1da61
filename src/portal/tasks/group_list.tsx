/** The task groups, newest first, with how far each is. */
import type { ComponentChildren } from "preact";
import { useSignal } from "@preact/signals";
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
import { type Column, VirtualTable } from "../widgets/virtual_table.tsx";
import { percentOf, progressOf } from "./progress.ts";
import { StateBar } from "./state_bar.tsx";

const PAGE = 100;

interface Groups {
  readonly items: readonly TaskGroupSummary[];
  /** Undefined before the first page, null after the last one. */
  readonly cursor: string | null | undefined;
}

export function GroupList(): ComponentChildren {
  const { groups, failure, more } = useGroups();
  const sight = useSignal<readonly string[]>([]);
  // What has ended changes no more.
  useLive({ groups: [...sight.value] });
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
      {failure !== undefined && <Problem failure={failure} onRetry={more} />}
      <VirtualTable
        label={text.title}
        columns={COLUMNS}
        rows={items}
        keyOf={(group) => group.task_group_id}
        count={cursor === null ? items.length : undefined}
        onEnd={more}
        onSight={(rows) => {
          const open = rows.filter((group) => progressOf(group.by_state).share < 1);
          sight.value = open.map((group) => group.task_group_id).slice(0, MAX_LIVE_GROUPS);
        }}
        minWidth="48rem"
      />
    </>
  );
}

function useGroups(): {
  readonly groups: Groups;
  readonly failure: Failure | undefined;
  readonly more: () => void;
} {
  const groups = useSignal<Groups>({ items: [], cursor: undefined });
  const failure = useSignal<Failure | undefined>(undefined);
  const reading = useRef<AbortController | undefined>(undefined);
  const more = (): void => {
    const { items, cursor } = groups.peek();
    if (reading.current !== undefined || cursor === null) return;
    const { signal } = reading.current = new AbortController();
    client.call("listTaskGroups", { query: { limit: PAGE, cursor }, signal }).then((page) => {
      failure.value = undefined;
      groups.value = { items: [...items, ...page.items], cursor: page.next_cursor };
    }).catch((thrown) => {
      if (!signal.aborted) failure.value = failureOf(thrown);
    }).finally(() => reading.current = undefined);
  };
  useEffect(() => {
    more();
    return () => reading.current?.abort();
  }, []);
  return { groups: groups.value, failure: failure.value, more };
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
