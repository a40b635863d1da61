/** The viewer's latest tasks on an endpoint, and why the last ones failed that did. */
import type { ComponentChildren } from "preact";
import type { TaskSummary } from "../../contract/api.ts";
import { useNewestTasks } from "../live/live.ts";
import { client } from "../session/session.ts";
import { english } from "../texts/english.ts";
import { useLoaded } from "../widgets/loaded.ts";
import { Spinner } from "../widgets/messages.tsx";
import { Age, Lasted, TaskBadge } from "../widgets/states.tsx";

const { recent } = english.endpoint;
const SHOWN = 10;

export function RecentTasks({ endpointId }: { readonly endpointId: string }): ComponentChildren {
  const tasks = useNewestTasks({ endpoint_id: endpointId, limit: SHOWN }).value;
  return (
    <section class="card" aria-labelledby="endpoint-tasks">
      <header>
        <h2 id="endpoint-tasks">{recent.title}</h2>
        <span class="row">
          <a href={`/tasks?endpoint=${endpointId}&state=failed`}>{recent.failed}</a> ·{" "}
          <a href={`/tasks?endpoint=${endpointId}`}>{recent.all}</a>
        </span>
      </header>
      {tasks === undefined
        ? <Spinner />
        : tasks.length === 0
        ? <p class="muted">{recent.none}</p>
        : (
          <ul class="home-list">
            {tasks.map((task) => <Line key={task.task_id} task={task} />)}
          </ul>
        )}
    </section>
  );
}

function Line({ task }: { readonly task: TaskSummary }): ComponentChildren {
  return (
    <li>
      <div class="line">
        <a class="cut" dir="auto" href={`/tasks/${task.task_id}`}>{task.function_name}</a>
        <TaskBadge state={task.status} />
      </div>
      <p class="muted small">
        <Age at={task.created_at} /> · <Lasted from={task.created_at} to={task.completed_at} />
      </p>
      {task.status === "failed" && <Cause taskId={task.task_id} />}
    </li>
  );
}

/** A task that has failed stays as it is: it is asked for once. */
function Cause({ taskId }: { readonly taskId: string }): ComponentChildren {
  const loaded = useLoaded(
    taskId,
    (signal) => client.call("batchStatus", { body: { task_ids: [taskId] }, signal }),
  ).state.value;
  if (loaded.kind !== "ready") return null;
  const status = loaded.value.results[taskId];
  const error = status?.error;
  const cause = error === undefined
    ? status?.reason
    : error.type === ""
    ? error.message
    : `${error.type}: ${error.message}`;
  return <p class="cause" dir="auto" title={cause}>{cause?.split("\n", 1)[0]}</p>;
}
