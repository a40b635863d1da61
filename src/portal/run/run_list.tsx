/** What was run, and the life of the one that is looked at. */
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { useSignal } from "@preact/signals";
import { isTerminal } from "../../contract/task_state.ts";
import { live, useLive } from "../live/live.ts";
import { client } from "../session/session.ts";
import { attempt } from "../shell/notices.tsx";
import { TaskLife } from "../tasks/task_life.tsx";
import { english } from "../texts/english.ts";
import { Empty } from "../widgets/messages.tsx";
import { Age, TaskBadge } from "../widgets/states.tsx";
import { countText } from "../widgets/units.ts";
import { type Run, runs } from "./runs.ts";

export function RunList({ onAgain }: { readonly onAgain: () => void }): ComponentChildren {
  const list = runs.value;
  const chosen = useSignal<string | undefined>(undefined);
  const newest = list[0]?.taskIds[0];
  const place = useRef<HTMLElement>(null);
  const before = useRef(newest);
  useEffect(() => {
    chosen.value = newest;
    if (newest !== before.current) bringIntoSight(place.current);
    before.current = newest;
  }, [newest]);
  const shown = list.find(({ taskIds }) => taskIds[0] === chosen.value) ?? list[0];
  useLive({ task_ids: list.map(({ taskIds }) => taskIds[0]!) });
  const { runs: title, noRuns } = english.run;
  return (
    <section class="run-outcome" aria-label={title} ref={place}>
      {shown === undefined
        ? (
          <div class="card">
            <Empty title={noRuns} />
          </div>
        )
        : (
          <>
            <div class="card">
              <header>
                <h2>{title}</h2>
              </header>
              <ul class="run-list">
                {list.map((run) => (
                  <li key={run.taskIds[0]}>
                    <button
                      type="button"
                      class="plain"
                      aria-pressed={run === shown}
                      onClick={() => chosen.value = run.taskIds[0]}
                    >
                      <RunState run={run} />
                      <bdi class="cut">{run.functionName}</bdi>
                      <span class="muted small cut">
                        <bdi>{run.endpointName}</bdi> · <Age at={run.at} />
                      </span>
                    </button>
                  </li>
                ))}
              </ul>
            </div>
            <RunActions run={shown} onAgain={onAgain} />
            <TaskLife key={shown.taskIds[0]} taskId={shown.taskIds[0]!} />
          </>
        )}
    </section>
  );
}

/** On a narrow screen the outcome is under the form, where nobody would see that it has begun. */
function bringIntoSight(element: HTMLElement | null): void {
  if (element !== null && element.getBoundingClientRect().top > innerHeight / 2) {
    element.scrollIntoView();
  }
}

function RunState({ run }: { readonly run: Run }): ComponentChildren {
  if (run.taskIds.length > 1) {
    return <span class="badge busy">{english.run.many(countText(run.taskIds.length))}</span>;
  }
  return <TaskBadge state={live.tasks.value.get(run.taskIds[0]!)?.status ?? "received"} />;
}

function RunActions(
  { run, onAgain }: { readonly run: Run; readonly onAgain: () => void },
): ComponentChildren {
  const status = live.tasks.value.get(run.taskIds[0]!)?.status;
  const mayCancel = run.taskIds.length > 1 || status === undefined || !isTerminal(status);
  const texts = english.run;
  const cancel = async (): Promise<string> => {
    const { cancelling } = await client.cancel(run.taskIds);
    return cancelling.length > 0 ? texts.cancelling : texts.finishedAlready;
  };
  return (
    <div class="run-actions">
      {mayCancel && (
        <button type="button" class="danger" onClick={() => void attempt(cancel)}>
          {texts.cancel}
        </button>
      )}
      <button type="button" onClick={onAgain}>{texts.again}</button>
      <a class="button" href={`/tasks/${run.taskIds[0]}`}>{texts.open}</a>
      {run.taskIds.length > 1 && (
        <a class="button" href={`/groups/${run.groupId}`}>{texts.openGroup}</a>
      )}
    </div>
  );
}
