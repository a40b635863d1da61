/** A list of tasks, however long; several can be chosen and cancelled. */
import type { ComponentChildren } from "preact";
import { useEffect } from "preact/hooks";
import { type Signal, useSignal } from "@preact/signals";
import type { TaskSummary } from "../../contract/api.ts";
import { isTerminal } from "../../contract/task_state.ts";
import { may } from "../session/session.ts";
import { attempt } from "../shell/notices.tsx";
import { english } from "../texts/english.ts";
import { Confirm } from "../widgets/controls.tsx";
import { Empty, Problem, Spinner } from "../widgets/messages.tsx";
import { Age, Lasted, TaskBadge } from "../widgets/states.tsx";
import { countText, shortId } from "../widgets/units.ts";
import { type Column, VirtualTable } from "../widgets/virtual_table.tsx";
import { cancelTasks } from "./cancel_tasks.ts";
import { isFiltered, type TaskFilter } from "./task_filter.ts";
import { useTaskRows } from "./use_task_rows.ts";

type Chosen = Signal<ReadonlySet<string>>;

export function TaskTable({ filter }: { readonly filter: TaskFilter }): ComponentChildren {
  const { rows, isWhole, failure, more, retry, see } = useTaskRows(filter);
  const chosen: Chosen = useSignal<ReadonlySet<string>>(new Set());
  const key = JSON.stringify(filter);
  useEffect(() => {
    chosen.value = new Set();
  }, [key]);
  const tasks = rows.value;
  const { list } = english.tasks;
  return (
    <>
      {failure !== undefined && <Problem failure={failure} onRetry={retry} />}
      {tasks === undefined || tasks.length === 0 && !isWhole
        ? failure === undefined && <Spinner />
        : tasks.length === 0
        ? (
          <Empty title={isFiltered(filter) ? list.noneFit : list.none}>
            {!isFiltered(filter) && <a class="button" href="/run">{list.runOne}</a>}
          </Empty>
        )
        : (
          <>
            {may("run") && <Choosing tasks={tasks} chosen={chosen} />}
            <VirtualTable
              label={list.label}
              columns={may("run") ? [choiceColumn(chosen), ...COLUMNS] : COLUMNS}
              rows={tasks}
              keyOf={(task) => task.task_id}
              count={isWhole ? tasks.length : undefined}
              onEnd={more}
              onSight={see}
              minWidth="58rem"
            />
          </>
        )}
      {tasks?.length === 0 && !isWhole && <ReadOn rows={tasks} more={more} />}
    </>
  );
}

/**
 * A live window without rows has no last row that could come into sight, and of a page that was read
 * since none may belong into the list any more.
 */
function ReadOn(
  { rows, more }: { readonly rows: readonly TaskSummary[]; readonly more: () => void },
): ComponentChildren {
  useEffect(() => more(), [rows]);
  return null;
}

const COLUMNS: readonly Column<TaskSummary>[] = [
  {
    id: "state",
    title: english.tasks.list.state,
    width: "minmax(11.5rem, 1.2fr)",
    cell: ({ task_id, status }) => (
      <a href={`/tasks/${task_id}`}>
        <TaskBadge state={status} />
      </a>
    ),
  },
  {
    id: "function",
    title: english.tasks.list.function,
    width: "minmax(9rem, 2fr)",
    cell: ({ function_id, function_name }) => (
      <a href={`/functions/${function_id}`} dir="auto" title={function_name}>{function_name}</a>
    ),
  },
  {
    id: "endpoint",
    title: english.tasks.list.endpoint,
    width: "minmax(9rem, 2fr)",
    cell: ({ endpoint_id, endpoint_name }) => (
      <a href={`/endpoints/${endpoint_id}`} dir="auto" title={endpoint_name}>{endpoint_name}</a>
    ),
  },
  {
    id: "submitted",
    title: english.tasks.list.submitted,
    width: "7rem",
    cell: ({ created_at }) => <Age at={created_at} />,
  },
  {
    id: "duration",
    title: english.tasks.list.duration,
    width: "6.5rem",
    end: true,
    cell: ({ created_at, completed_at }) => <Lasted from={created_at} to={completed_at} />,
  },
  {
    id: "attempt",
    title: english.tasks.list.attempt,
    width: "4.5rem",
    end: true,
    cell: ({ attempt: number }) => number === 0 ? "" : number,
  },
  {
    id: "id",
    title: english.tasks.list.id,
    width: "6.5rem",
    cell: ({ task_id }) => (
      <a class="mono" href={`/tasks/${task_id}`} title={task_id}>{shortId(task_id)}</a>
    ),
  },
];

function choiceColumn(chosen: Chosen): Column<TaskSummary> {
  return {
    id: "choice",
    title: english.tasks.list.choice,
    titleHidden: true,
    width: "1.5rem",
    cell: ({ task_id, status, function_name }) =>
      !isTerminal(status) && (
        <input
          type="checkbox"
          aria-label={english.tasks.list.choose(function_name, shortId(task_id))}
          checked={chosen.value.has(task_id)}
          onChange={(event) => {
            const next = new Set(chosen.value);
            if (event.currentTarget.checked) next.add(task_id);
            else next.delete(task_id);
            chosen.value = next;
          }}
        />
      ),
  };
}

/** Only tasks that have not ended can be chosen, and those that end meanwhile count no more. */
function Choosing(
  { tasks, chosen }: { readonly tasks: readonly TaskSummary[]; readonly chosen: Chosen },
): ComponentChildren {
  const asking = useSignal(false);
  const { list } = english.tasks;
  const unfinished = tasks.filter((task) => !isTerminal(task.status)).map((task) => task.task_id);
  const ids = unfinished.filter((id) => chosen.value.has(id));
  if (unfinished.length === 0) return null;
  const cancel = async (): Promise<string> => {
    const done = await cancelTasks(ids);
    chosen.value = new Set();
    return list.cancelled(done.cancelling, done.finished);
  };
  return (
    <div class="choosing">
      <span class="muted" role="status">
        {ids.length === 0 ? list.unfinished(countText(unfinished.length)) : list.chosen(ids.length)}
      </span>
      <button
        type="button"
        class="small"
        onClick={() => chosen.value = new Set(ids.length === 0 ? unfinished : [])}
      >
        {ids.length === 0 ? list.chooseAll : list.chooseNone}
      </button>
      {ids.length > 0 && (
        <button
          type="button"
          class="small danger"
          onClick={() => asking.value = true}
        >
          {list.cancel(ids.length)}
        </button>
      )}
      {asking.value && (
        <Confirm
          title={list.cancelTitle(ids.length)}
          confirm={list.cancel(ids.length)}
          onConfirm={() => void attempt(cancel)}
          onClose={() => asking.value = false}
        >
          <p>{list.cancelLead}</p>
        </Confirm>
      )}
    </div>
  );
}
