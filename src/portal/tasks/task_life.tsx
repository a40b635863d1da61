/** One task, live: where its time goes, what it writes, how it ends. */
import type { ComponentChildren } from "preact";
import { useEffect } from "preact/hooks";
import type { TaskDetail } from "../../contract/api.ts";
import { isTerminal, movesIn, type TaskState } from "../../contract/task_state.ts";
import { live, useLive } from "../live/live.ts";
import { ResultView } from "../results/result_view.tsx";
import { client } from "../session/session.ts";
import { english } from "../texts/english.ts";
import { type Loading, useLoaded } from "../widgets/loaded.ts";
import { Problem, Spinner } from "../widgets/messages.tsx";
import { type FollowedTask, useFollowedTask } from "./follow_task.ts";
import { Output } from "./output.tsx";
import { TaskErrorView } from "./task_error_view.tsx";
import { fullerTimeline } from "./timeline.ts";
import { TimelineView } from "./timeline_view.tsx";

export interface TaskLifeProps {
  readonly taskId: string;
  /** Told when it has ended, and of what is known of it then. */
  readonly onDetail?: (detail: TaskDetail) => void;
}

export function TaskLife({ taskId, onDetail }: TaskLifeProps): ComponentChildren {
  const followed = useFollowedTask(taskId).value;
  const detail = useDetail(taskId, followed.record.finished !== undefined);
  const loaded = detail.state.value;
  const value = loaded.kind === "loading" ? undefined : loaded.value;
  useEffect(() => {
    if (value !== undefined) onDetail?.(value);
  }, [value]);
  if (loaded.kind === "failed" && value === undefined) {
    return <Problem failure={loaded.failure} onRetry={detail.reload} />;
  }
  if (value === undefined) return <Spinner />;
  return <Life detail={value} followed={followed} />;
}

/** Asked for at first, and again when the task has ended. */
function useDetail(taskId: string, finished: boolean): Loading<TaskDetail> {
  const detail = useLoaded(taskId, (signal) => client.taskDetail(taskId, { signal }));
  useEffect(() => {
    const state = detail.state.peek();
    if (finished && state.kind === "ready" && !isTerminal(state.value.status)) detail.reload();
  }, [finished, detail.state.value]);
  return detail;
}

interface LifeProps {
  readonly detail: TaskDetail;
  readonly followed: FollowedTask;
}

function Life({ detail, followed }: LifeProps): ComponentChildren {
  const { record, version, failure } = followed;
  const timeline = fullerTimeline(record.timeline, detail.timeline);
  const state = timeline[timeline.length - 1]?.state ?? detail.status;
  const { title } = english.tasks.timeline;
  return (
    <div class="task-life">
      {failure !== undefined && <Problem failure={failure} />}
      <WaitingFor endpointId={detail.endpoint_id} state={state} first={detail.waiting_for} />
      <Ending detail={detail} followed={followed} />
      <section class="card">
        <header>
          <h2>{title}</h2>
          <span class="muted small">
            {english.tasks.attempts(
              timeline[timeline.length - 1]?.attempt ?? 0,
              detail.max_attempts,
              movesIn(timeline),
            )}
          </span>
        </header>
        <TimelineView events={timeline} />
      </section>
      <section class="card">
        <header>
          <h2>{english.tasks.output.title}</h2>
        </header>
        {(["stdout", "stderr"] as const).map((name) => (
          <Output
            key={name}
            name={name}
            stream={record[name]}
            version={version}
            fileName={`${detail.task_id}.${name}.txt`}
          />
        ))}
      </section>
    </div>
  );
}

/** The result, or why there is none. */
function Ending({ detail, followed: { record } }: LifeProps): ComponentChildren {
  const end = record.finished ?? endOf(detail);
  if (end === undefined) return null;
  const { result, error } = english.tasks;
  return (
    <section class="card">
      <header>
        <h2>{end.status === "success" ? result : error.title[end.status]}</h2>
      </header>
      {end.status !== "success"
        ? <TaskErrorView task={end} />
        : end.result !== undefined && (
          <ResultView
            buffer={end.result}
            name={detail.function_name}
          />
        )}
    </section>
  );
}

type End = NonNullable<FollowedTask["record"]["finished"]>;

function endOf({ status, ...detail }: TaskDetail): End | undefined {
  return isTerminal(status) ? { ...detail, status } : undefined;
}

interface WaitingForProps {
  readonly endpointId: string;
  readonly state: TaskState;
  /** As it was when the page asked. */
  readonly first: TaskDetail["waiting_for"];
}

/** While it waits: what keeps its endpoint, as the endpoint says now. */
function WaitingFor({ endpointId, state, first }: WaitingForProps): ComponentChildren {
  useLive({ endpoints: [endpointId] });
  if (isTerminal(state) || state === "running") return null;
  const endpoint = live.endpoints.value.get(endpointId);
  const problem = endpoint === undefined ? first : endpoint.details?.problem;
  const isOffline = endpoint?.status === "offline";
  if (problem === undefined && !isOffline) return null;
  return (
    <div class="hint-box" role="status">
      <strong>{english.tasks.waitingFor[isOffline ? "offline" : "problem"]}</strong>
      {problem !== undefined && (
        <p class="wrap">
          {problem.message} <code>{problem.code}</code>
        </p>
      )}
    </div>
  );
}
