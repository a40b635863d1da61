/** What failed lately, and why. */
import type { ComponentChildren } from "preact";
import type { TaskStatus, TaskSummary } from "../../contract/api.ts";
import { client } from "../session/session.ts";
import { english } from "../texts/english.ts";
import { useLoaded } from "../widgets/loaded.ts";
import { Shown } from "../widgets/messages.tsx";
import { Age } from "../widgets/states.tsx";
import { useReloadOn } from "../widgets/use_reload_on.ts";

const SHOWN = 6;
/** Causes are one line here; the task's page has all of it. */
const MAX_CAUSE = 200;

interface FailedTask {
  readonly task: TaskSummary;
  readonly cause: string;
}

/** @param count of all failed tasks, as it is now: the list is read again when it has changed */
export function RecentFailures({ count }: { readonly count: number }): ComponentChildren {
  const loading = useLoaded("failed", loadFailures);
  useReloadOn(count, loading);
  const { none } = english.home.failed;
  return (
    <Shown of={loading}>
      {(failures) =>
        failures.length === 0 ? <p class="muted">{none}</p> : (
          <ul class="home-list">
            {failures.map(({ task, cause }) => (
              <li key={task.task_id}>
                <div class="line">
                  <a class="cut" dir="auto" href={`/tasks/${task.task_id}`}>{task.function_name}</a>
                  <span class="muted small">
                    <Age at={task.completed_at} />
                  </span>
                </div>
                <p class="cause" dir="auto">{cause}</p>
              </li>
            ))}
          </ul>
        )}
    </Shown>
  );
}

async function loadFailures(signal: AbortSignal): Promise<readonly FailedTask[]> {
  const query = { status: "failed", limit: SHOWN } as const;
  const { items } = await client.call("listTasks", { query, signal });
  if (items.length === 0) return [];
  const body = { task_ids: items.map((task) => task.task_id) };
  const { results } = await client.call("batchStatus", { body, signal });
  return items.map((task) => ({ task, cause: causeOf(results[task.task_id]) }));
}

function causeOf(status: TaskStatus | undefined): string {
  const error = status?.error;
  const text = error === undefined
    ? status?.reason ?? english.home.failed.noCause
    : error.type === ""
    ? error.message
    : `${error.type}: ${error.message}`;
  const line = text.split("\n", 1)[0]!;
  return line.length > MAX_CAUSE ? `${line.slice(0, MAX_CAUSE)}…` : line;
}
