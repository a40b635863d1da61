/** The scheduler's jobs that have, had or will have workers of an endpoint. */
import type { ComponentChildren } from "preact";
import type { EndpointStatus } from "../../contract/protocol/messages.ts";
import { now } from "../shell/clock.ts";
import { english } from "../texts/english.ts";
import { Age } from "../widgets/states.tsx";
import { countText, durationText } from "../widgets/units.ts";

const { blocks: texts } = english.endpoint;

type Block = NonNullable<EndpointStatus["blocks"]>[number];

const TONES: Readonly<Record<Block["state"], string>> = {
  submitting: "waiting",
  queued: "waiting",
  running: "good",
  ending: "busy",
  ended: "idle",
};

export function BlockTable({ blocks }: { readonly blocks: readonly Block[] }): ComponentChildren {
  return (
    <section class="card" aria-labelledby="endpoint-blocks">
      <header>
        <h2 id="endpoint-blocks">{texts.title}</h2>
      </header>
      <div class="block-table" role="region" aria-label={texts.label} tabIndex={0}>
        <table>
          <thead>
            <tr>
              <th>{texts.job}</th>
              <th>{texts.state}</th>
              <th>{texts.nodes}</th>
              <th>{texts.left}</th>
              <th>{texts.submitted}</th>
              <th>{texts.reason}</th>
            </tr>
          </thead>
          <tbody>{blocks.map((block) => <BlockRow key={block.block_id} block={block} />)}</tbody>
        </table>
      </div>
    </section>
  );
}

function BlockRow({ block }: { readonly block: Block }): ComponentChildren {
  const { block_id, job_id, state, nodes, ends_at, submitted_at, reason } = block;
  const names = typeof nodes === "number" ? undefined : nodes.join(", ");
  const count = typeof nodes === "number" ? nodes : nodes.length;
  return (
    <tr>
      <td class="mono" title={block_id}>{job_id ?? block_id}</td>
      <td>
        <span class={`badge ${TONES[state]}`}>{texts.states[state]}</span>
      </td>
      <td class="number" title={names}>{countText(count)}</td>
      <td class="number">{ends_at === null ? "–" : leftText(ends_at / 1_000 - now.value)}</td>
      <td>
        <Age at={submitted_at / 1_000} />
      </td>
      <td class="reason" dir="auto" title={reason}>
        <span>{reason}</span>
      </td>
    </tr>
  );
}

/** Whole minutes while there are many, so that it does not flicker. */
function leftText(seconds: number): string {
  if (seconds <= 0) return texts.over;
  return durationText(seconds > 600 ? Math.floor(seconds / 60) * 60 : seconds);
}
