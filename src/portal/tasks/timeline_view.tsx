/** Where a task's time went: a bar of its stretches, and all of them as a table. */
import type { ComponentChildren } from "preact";
import { isTerminal, type TaskEvent } from "../../contract/task_state.ts";
import { now } from "../shell/clock.ts";
import { english } from "../texts/english.ts";
import { TaskBadge, toneOf } from "../widgets/states.tsx";
import { durationText } from "../widgets/units.ts";
import { clockText, type Hop, timelineOf } from "./timeline.ts";

export function TimelineView(
  { events }: { readonly events: readonly TaskEvent[] },
): ComponentChildren {
  const { last, lead, skewed } = english.tasks.timeline;
  const ended = events.length > 0 && isTerminal(events[events.length - 1]!.state);
  // Only what goes on has to be drawn every second.
  const { hops, seconds } = timelineOf(events, ended ? 0 : now.value);
  const total = durationText(seconds);
  return (
    <div class="timeline">
      <p class="muted small">{ended ? lead(total) : last(total)}</p>
      <Bar hops={hops} />
      <div class="scroll-x" tabIndex={0} role="region" aria-label={english.tasks.timeline.title}>
        <Hops hops={hops} />
      </div>
      {hops.some((hop) => hop.clamped) && <p class="muted small">{skewed}</p>}
    </div>
  );
}

/** The table under it says the same to those who do not see it. */
function Bar({ hops }: { readonly hops: readonly Hop[] }): ComponentChildren {
  return (
    <div class="hop-bar" aria-hidden="true">
      {hops.map((hop, index) =>
        hop.seconds !== null && (
          <div
            key={index}
            class={`hop ${toneOf(hop.event.state)}${hop.ongoing ? " ongoing" : ""}`}
            style={{ flexGrow: hop.share }}
            title={`${english.states[hop.event.state]}: ${durationText(hop.seconds)}`}
          >
            {hop.share > WIDE_ENOUGH && <span>{english.states[hop.event.state]}</span>}
          </div>
        )
      )}
    </div>
  );
}

/** Of the whole bar, for the name of a state to fit in. */
const WIDE_ENOUGH = 0.18;

function Hops({ hops }: { readonly hops: readonly Hop[] }): ComponentChildren {
  const { title, state, by, attempt, at, lasted, why } = english.tasks.timeline;
  return (
    <table class="hops">
      <caption class="visually-hidden">{title}</caption>
      <thead>
        <tr>
          <th scope="col">{state}</th>
          <th scope="col">{lasted}</th>
          <th scope="col">{at}</th>
          <th scope="col">{by}</th>
          <th scope="col">{attempt}</th>
          <th scope="col">{why}</th>
        </tr>
      </thead>
      <tbody>{hops.map((hop, index) => <HopRow key={index} hop={hop} />)}</tbody>
    </table>
  );
}

function HopRow(
  { hop: { event, seconds, ongoing, clamped } }: { readonly hop: Hop },
): ComponentChildren {
  const { soFar, parts } = english.tasks.timeline;
  const lasted = seconds === null ? "" : durationText(seconds);
  return (
    <tr>
      <td>
        <TaskBadge state={event.state} />
      </td>
      <td class="number">{ongoing ? soFar(lasted) : lasted}</td>
      <td class="number">{clockText(event.at)}{clamped && " *"}</td>
      <td>{parts[event.by]}</td>
      <td class="number">{event.attempt === 0 ? "" : event.attempt}</td>
      <td class="why wrap" dir="auto">{event.detail}</td>
    </tr>
  );
}
