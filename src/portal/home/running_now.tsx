/** The newest tasks that have not finished. */
import type { ComponentChildren } from "preact";
import { useNewestTasks } from "../live/live.ts";
import { english } from "../texts/english.ts";
import { Spinner } from "../widgets/messages.tsx";
import { Age, TaskBadge } from "../widgets/states.tsx";

const SHOWN = 8;

export function RunningNow(): ComponentChildren {
  const tasks = useNewestTasks({ finished: "no", limit: SHOWN }).value;
  const { none } = english.home.running;
  if (tasks === undefined) return <Spinner />;
  if (tasks.length === 0) return <p class="muted">{none}</p>;
  return (
    <ul class="home-list">
      {tasks.map((task) => (
        <li key={task.task_id}>
          <div class="line">
            <a class="cut" dir="auto" href={`/tasks/${task.task_id}`}>{task.function_name}</a>
            <TaskBadge state={task.status} />
          </div>
          <div class="line muted small">
            <a class="cut quiet" dir="auto" href={`/endpoints/${task.endpoint_id}`}>
              {task.endpoint_name}
            </a>
            <Age at={task.created_at} />
          </div>
        </li>
      ))}
    </ul>
  );
}
