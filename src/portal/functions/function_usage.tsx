/** What became of the viewer's latest tasks of a function. */
import type { ComponentChildren } from "preact";
import type { FunctionUsage } from "../../contract/api.ts";
import { client } from "../session/session.ts";
import { StateBar } from "../tasks/state_bar.tsx";
import { english } from "../texts/english.ts";
import { useLoaded } from "../widgets/loaded.ts";
import { Shown } from "../widgets/messages.tsx";
import { Age } from "../widgets/states.tsx";
import { countText, durationText } from "../widgets/units.ts";

const texts = english.function.usage;

export function FunctionUsageCard(
  { functionId }: { readonly functionId: string },
): ComponentChildren {
  const loading = useLoaded(
    functionId,
    (signal) => client.call("functionUsage", { params: { function_id: functionId }, signal }),
  );
  return (
    <section class="card" aria-labelledby="function-usage">
      <header>
        <h2 id="function-usage">{texts.title}</h2>
        <a href={`/tasks?function=${functionId}`}>{texts.all}</a>
      </header>
      <Shown of={loading}>{(usage) => <Usage usage={usage} />}</Shown>
    </section>
  );
}

function Usage({ usage }: { readonly usage: FunctionUsage }): ComponentChildren {
  if (usage.tasks === 0) return <p class="muted">{texts.none}</p>;
  return (
    <div class="usage">
      <StateBar label={texts.states} byState={usage.by_state} />
      <dl class="facts">
        <dt>{texts.tasks}</dt>
        <dd>{countText(usage.tasks)}</dd>
        <dt>{texts.median}</dt>
        <dd>{secondsText(usage.median_seconds)}</dd>
        <dt>{texts.p95}</dt>
        <dd>{secondsText(usage.p95_seconds)}</dd>
        <dt>{texts.last}</dt>
        <dd>
          <Age at={usage.last_submitted_at} />
        </dd>
      </dl>
      <h3>{texts.endpoints}</h3>
      <ul>
        {usage.endpoints.map(({ endpoint_id, endpoint_name, tasks }) => (
          <li key={endpoint_id} class="spread">
            <a href={`/endpoints/${endpoint_id}`} dir="auto" class="wrap">{endpoint_name}</a>
            <span class="muted number">{texts.count(tasks)}</span>
          </li>
        ))}
      </ul>
    </div>
  );
}

function secondsText(seconds: number | null): string {
  return seconds === null ? texts.noTime : durationText(seconds);
}
