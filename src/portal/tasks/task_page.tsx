/** One task: its life, what it is, and what can be done with it. */
import { type ComponentChildren, Fragment } from "preact";
import { useLocation, useRoute } from "preact-iso";
import { useSignal } from "@preact/signals";
import type { TaskDetail, TaskSummary } from "../../contract/api.ts";
import { FuncxError } from "../../contract/errors.ts";
import { isTerminal, movesIn } from "../../contract/task_state.ts";
import { live, useLive } from "../live/live.ts";
import { client, may } from "../session/session.ts";
import { attempt } from "../shell/notices.tsx";
import { english } from "../texts/english.ts";
import { Confirm, CopyButton } from "../widgets/controls.tsx";
import { Page } from "../widgets/page.tsx";
import { Age, Lasted, TaskBadge } from "../widgets/states.tsx";
import { cancelTasks } from "./cancel_tasks.ts";
import { workerFacts } from "./worker_facts.ts";
import { TaskLife } from "./task_life.tsx";

export function TaskPage(): ComponentChildren {
  const { id = "" } = useRoute().params;
  // Another task is another page, also where it comes from this one.
  return <OneTask key={id} taskId={id} />;
}

function OneTask({ taskId }: { readonly taskId: string }): ComponentChildren {
  const detail = useSignal<TaskDetail | undefined>(undefined);
  useLive({ task_ids: [taskId] });
  const known = detail.value;
  const summary = newerOf(known, live.tasks.value.get(taskId));
  return (
    <Page
      title={known?.function_name ?? english.tasks.task.title}
      mark={summary && <TaskBadge state={summary.status} />}
      lead={<TaskIdLine taskId={taskId} />}
      actions={known && summary && <Actions detail={known} summary={summary} />}
    >
      {known && summary && <Facts detail={known} summary={summary} />}
      <TaskLife taskId={taskId} onDetail={(value) => detail.value = value} />
    </Page>
  );
}

/** The end of a task is in the one that has it. */
function newerOf(
  detail: TaskDetail | undefined,
  change: TaskSummary | undefined,
): TaskSummary | undefined {
  return detail !== undefined && isTerminal(detail.status) ? detail : change ?? detail;
}

function TaskIdLine({ taskId }: { readonly taskId: string }): ComponentChildren {
  return (
    <span class="id-line">
      <code class="wrap">{taskId}</code>{" "}
      <CopyButton text={taskId} label={english.tasks.task.copyId} />
    </span>
  );
}

interface KnownTask {
  readonly detail: TaskDetail;
  /** As it is now. */
  readonly summary: TaskSummary;
}

function Actions({ detail, summary }: KnownTask): ComponentChildren {
  const asking = useSignal(false);
  const { cancel, cancelTitle, cancelLead, cancelling, wasFinished } = english.tasks.task;
  if (!may("run")) return null;
  if (isTerminal(summary.status)) return <RunAgain detail={detail} />;
  const end = async (): Promise<string> => {
    const done = await cancelTasks([detail.task_id]);
    return done.cancelling > 0 ? cancelling : wasFinished;
  };
  return (
    <>
      <button type="button" class="danger" onClick={() => asking.value = true}>{cancel}</button>
      {asking.value && (
        <Confirm
          title={cancelTitle}
          confirm={cancel}
          onConfirm={() => void attempt(end)}
          onClose={() => asking.value = false}
        >
          <p>{cancelLead}</p>
        </Confirm>
      )}
    </>
  );
}

function RunAgain({ detail }: { readonly detail: TaskDetail }): ComponentChildren {
  const { route } = useLocation();
  const gone = useSignal(detail.payload_kept === false);
  const busy = useSignal(false);
  const { runAgain, runPrefilled, argumentsGone, submitted } = english.tasks.task;
  const run = async (): Promise<string | void> => {
    busy.value = true;
    try {
      const params = { task_id: detail.task_id };
      const { tasks } = await client.call("runAgain", { params, body: {} });
      const [next] = Object.values(tasks).flat();
      if (next !== undefined) route(`/tasks/${next}`);
      return submitted;
    } catch (thrown) {
      if (!(thrown instanceof FuncxError) || thrown.code !== "PAYLOAD_NOT_KEPT") throw thrown;
      gone.value = true;
    } finally {
      busy.value = false;
    }
  };
  if (!gone.value) {
    return (
      <button type="button" disabled={busy.value} onClick={() => void attempt(run)}>
        {runAgain}
      </button>
    );
  }
  const target = `/run?function=${detail.function_id}&endpoint=${detail.endpoint_id}`;
  return (
    <div class="run-prefilled">
      <span class="muted small">{argumentsGone}</span>
      <a class="button" href={target}>{runPrefilled}</a>
    </div>
  );
}

function Facts({ detail, summary }: KnownTask): ComponentChildren {
  const { facts } = english.tasks.task;
  const worker = workerFacts(detail.details);
  return (
    <section class="card task-facts" aria-label={facts.label}>
      <dl class="facts">
        <dt>{facts.function}</dt>
        <dd dir="auto">
          <a href={`/functions/${detail.function_id}`}>{detail.function_name}</a>
        </dd>
        <dt>{facts.endpoint}</dt>
        <dd dir="auto">
          <a href={`/endpoints/${detail.endpoint_id}`}>{detail.endpoint_name}</a>
        </dd>
        <dt>{facts.group}</dt>
        <dd>
          <a class="mono" href={`/groups/${detail.task_group_id}`}>{detail.task_group_id}</a>
        </dd>
      </dl>
      <dl class="facts">
        <dt>{facts.submitted}</dt>
        <dd>
          <Age at={detail.created_at} />
        </dd>
        <dt>{isTerminal(summary.status) ? facts.took : facts.since}</dt>
        <dd>
          <Lasted from={detail.created_at} to={summary.completed_at} />
        </dd>
        <dt>{facts.attempts}</dt>
        <dd class="number">
          {facts.attemptsOf(summary.attempt, detail.max_attempts, movesIn(detail.timeline))}
        </dd>
        {detail.priority !== 0 && (
          <>
            <dt>{facts.priority}</dt>
            <dd class="number">{detail.priority}</dd>
          </>
        )}
      </dl>
      {worker.length > 0 && (
        <dl class="facts">
          {worker.map(({ name, text }) => (
            <Fragment key={name}>
              <dt>{facts.worker[name as keyof typeof facts.worker] ?? name}</dt>
              <dd class="wrap" dir="auto">{text}</dd>
            </Fragment>
          ))}
        </dl>
      )}
    </section>
  );
}
