/** The endpoints that are there now, the busiest first. */
import type { ComponentChildren } from "preact";
import type { EndpointRecord } from "../../contract/api.ts";
import { live, useLive } from "../live/live.ts";
import { client } from "../session/session.ts";
import { english } from "../texts/english.ts";
import { useLoaded } from "../widgets/loaded.ts";
import { Shown } from "../widgets/messages.tsx";
import { EndpointBadge } from "../widgets/states.tsx";
import { countText } from "../widgets/units.ts";
import { useReloadOn } from "../widgets/use_reload_on.ts";

const SHOWN = 8;

export function OnlineEndpoints(): ComponentChildren {
  const counts = live.endpointCounts.value;
  const loading = useLoaded("online", async (signal) => {
    const query = { status: "online", order: "rate", limit: SHOWN };
    return (await client.call("listEndpoints", { query, signal })).items;
  });
  useReloadOn(live.endpointListMark.value, loading);
  const { none, more } = english.home.online;
  const hidden = (counts?.online ?? 0) - SHOWN;
  return (
    <Shown of={loading}>
      {(endpoints) =>
        endpoints.length === 0 ? <p class="muted">{none}</p> : (
          <>
            <Lines endpoints={endpoints} />
            {hidden > 0 && <a href="/endpoints?status=online">{more(countText(hidden))}</a>}
          </>
        )}
    </Shown>
  );
}

function Lines(
  { endpoints }: { readonly endpoints: readonly EndpointRecord[] },
): ComponentChildren {
  useLive({ endpoints: endpoints.map((endpoint) => endpoint.uuid) });
  return (
    <ul class="home-list">
      {endpoints.map((endpoint) => (
        <Line key={endpoint.uuid} endpoint={live.endpoints.value.get(endpoint.uuid) ?? endpoint} />
      ))}
    </ul>
  );
}

function Line({ endpoint }: { readonly endpoint: EndpointRecord }): ComponentChildren {
  const { workers, queued } = english.home.online;
  const { details } = endpoint;
  return (
    <li>
      <div class="line">
        <a class="cut" dir="auto" href={`/endpoints/${endpoint.uuid}`}>
          {endpoint.display_name ?? endpoint.name}
        </a>
        <EndpointBadge status={endpoint.status} />
      </div>
      <p class="muted small wrap">
        {details !== null &&
          workers(
            countText(details.total_workers - details.idle_workers),
            countText(details.total_workers),
          )}
        {endpoint.queued_tasks > 0 && ` · ${queued(countText(endpoint.queued_tasks))}`}
      </p>
      {details?.problem !== undefined && <p class="cause" dir="auto">{details.problem.message}</p>}
    </li>
  );
}
