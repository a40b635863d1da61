/** One task group: how far it is, how fast it goes, and its tasks. */
import type { ComponentChildren } from "preact";
import { useRoute } from "preact-iso";
import { useSignal } from "@preact/signals";
import type { GroupProgress } from "../../contract/api.ts";
import { live, useLive } from "../live/live.ts";
import { client, may } from "../session/session.ts";
import { attempt } from "../shell/notices.tsx";
import { english } from "../texts/english.ts";
import { Confirm, CopyButton } from "../widgets/controls.tsx";
import { useLoaded } from "../widgets/loaded.ts";
import { Shown } from "../widgets/messages.tsx";
import { Page } from "../widgets/page.tsx";
import { Age, Lasted, TaskBadge } from "../widgets/states.tsx";
import { countText, durationText } from "../widgets/units.ts";
import { cancelAll } from "./cancel_tasks.ts";
import { Histogram } from "./histogram.tsx";
import { percentOf, progressOf } from "./progress.ts";
import { StateBar } from "./state_bar.tsx";
import { TaskTable } from "./task_table.tsx";

export function GroupPage(): ComponentChildren {
  const { id = "" } = useRoute().params;
  return <OneGroup key={id} groupId={id} />;
}

function OneGroup({ groupId }: { readonly groupId: string }): ComponentChildren {
  useLive({ groups: [groupId] });
  const loading = useLoaded(
    groupId,
    (signal) => client.call("groupProgress", { params: { task_group_id: groupId }, signal }),
  );
  const loaded = loading.state.value;
  const known = loaded.kind === "loading" ? undefined : loaded.value;
  const group = live.groups.value.get(groupId) ?? known;
  const { title, copyId, tasks } = english.tasks.group;
  return (
    <Page
      title={group === undefined
        ? title
        : title + (group.function_name && ` · ${group.function_name}`)}
      lead={
        <span class="id-line">
          <code class="wrap">{groupId}</code> <CopyButton text={groupId} label={copyId} />
        </span>
      }
      actions={group && may("run") && <CancelAll group={group} />}
    >
      {group !== undefined ? <Progress group={group} /> : <Shown of={loading}>{() => null}</Shown>}
      <h2>{tasks}</h2>
      <TaskTable filter={{ groupId, span: { kind: "any" } }} />
    </Page>
  );
}

function Progress({ group }: { readonly group: GroupProgress }): ComponentChildren {
  const progress = progressOf(group.by_state);
  const { facts, progressTitle, durations, done } = english.tasks.group;
  const isDone = progress.share === 1;
  const rate = isDone ? meanRate(group, progress.total) : group.tasks_per_second;
  const eta = group.eta_seconds;
  return (
    <>
      <section class="card group-progress" aria-label={progressTitle}>
        <p>
          <strong class="percent">{percentOf(progress)} %</strong>{" "}
          <span class="muted">{done(countText(progress.finished), countText(progress.total))}</span>
        </p>
        <StateBar label={progressTitle} byState={group.by_state} />
        <ul class="legend">
          {progress.parts.map(({ state, tasks }) => (
            <li key={state}>
              <a href={`/tasks?group=${group.task_group_id}&state=${state}`}>
                <TaskBadge state={state} />
              </a>{" "}
              <span class="number">{countText(tasks)}</span>
            </li>
          ))}
        </ul>
      </section>
      <dl class="figures">
        <Figure name={facts.submitted} value={<Age at={group.created_at} />} />
        <Figure
          name={isDone ? facts.took : facts.runsFor}
          value={<Lasted from={group.created_at} to={isDone ? group.last_completed_at : null} />}
        />
        <Figure
          name={facts.rate}
          value={rate === null ? english.common.none : facts.perSecond(rateText(rate))}
        />
        {!isDone && <Figure name={facts.eta} value={eta === null ? "–" : durationText(eta)} />}
      </dl>
      <section class="card">
        <header>
          <h2>{durations}</h2>
        </header>
        <Histogram durations={group.durations} />
      </section>
    </>
  );
}

function Figure(
  { name, value }: { readonly name: string; readonly value: ComponentChildren },
): ComponentChildren {
  return (
    <div class="figure">
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}

/** Per second, over the whole of a group that is done: the service tells that of the last minute. */
function meanRate(group: GroupProgress, tasks: number): number | null {
  const seconds = (group.last_completed_at ?? group.created_at) - group.created_at;
  return seconds > 0 ? tasks / seconds : null;
}

function rateText(rate: number): string {
  return rate >= 100 ? countText(Math.round(rate)) : rate.toPrecision(2);
}

function CancelAll({ group }: { readonly group: GroupProgress }): ComponentChildren {
  const asking = useSignal(false);
  /** How many were asked to end so far, while it goes on. */
  const progress = useSignal<number | undefined>(undefined);
  const { total, finished } = progressOf(group.by_state);
  const { cancelAll: label, cancelTitle, cancelLead, cancelled, cancelling } = english.tasks.group;
  const unfinished = countText(total - finished);
  const cancel = async (): Promise<string> => {
    progress.value = 0;
    try {
      const done = await cancelAll(
        { task_group_id: group.task_group_id },
        (sofar) => progress.value = sofar.cancelling + sofar.finished,
      );
      return cancelled(countText(done.cancelling), countText(done.finished));
    } finally {
      progress.value = undefined;
    }
  };
  if (progress.value !== undefined) {
    return <span role="status">{cancelling(countText(progress.value))}</span>;
  }
  if (total === finished) return null;
  return (
    <>
      <button type="button" class="danger" onClick={() => asking.value = true}>
        {label(unfinished)}
      </button>
      {asking.value && (
        <Confirm
          title={cancelTitle(unfinished)}
          confirm={label(unfinished)}
          onConfirm={() => void attempt(cancel)}
          onClose={() => asking.value = false}
        >
          <p>{cancelLead}</p>
        </Confirm>
      )}
    </>
  );
}
