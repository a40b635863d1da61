/** What a list tells of each endpoint. */
import type { ComponentChildren } from "preact";
import type { EndpointOrder, EndpointRecord } from "../../contract/api.ts";
import { session } from "../session/session.ts";
import { english } from "../texts/english.ts";
import { Sparkline } from "../widgets/sparkline_view.tsx";
import { Age, EndpointBadge } from "../widgets/states.tsx";
import { countText } from "../widgets/units.ts";
import type { Column } from "../widgets/virtual_table.tsx";
import { directionOf, type EndpointFilter, sortedBy } from "./endpoint_filter.ts";

const { list } = english.endpoints;

export function columnsOf(
  filter: EndpointFilter,
  onChange: (filter: EndpointFilter) => void,
): readonly Column<EndpointRecord>[] {
  return COLUMNS.map(({ order, ...column }) =>
    order === undefined ? column : {
      ...column,
      onSort: () => onChange(sortedBy(filter, order)),
      sorted: directionOf(filter, order),
    }
  );
}

type EndpointColumn = Column<EndpointRecord> & { readonly order?: EndpointOrder };

const COLUMNS: readonly EndpointColumn[] = [
  {
    id: "name",
    title: list.name,
    width: "minmax(8.5rem, 2.2fr)",
    order: "name",
    cell: (endpoint) => (
      <Two
        first={
          <a
            class="cut"
            dir="auto"
            href={`/endpoints/${endpoint.uuid}`}
            title={endpoint.display_name ?? endpoint.name}
          >
            {endpoint.display_name ?? endpoint.name}
          </a>
        }
        second={ownerText(endpoint)}
      />
    ),
  },
  {
    id: "state",
    title: list.state,
    width: "7.5rem",
    order: "last_seen",
    cell: ({ status, last_seen, details }) => (
      <Two
        first={<EndpointBadge status={status} />}
        second={
          <>
            {details?.problem === undefined ? list.heard : (
              <>
                <strong class="trouble" title={details.problem.message}>{list.problem}</strong> ·
              </>
            )} <Age at={last_seen} />
          </>
        }
      />
    ),
  },
  {
    id: "site",
    title: list.site,
    width: "minmax(7rem, 1.6fr)",
    cell: ({ site, hostname }) => (
      <Two
        first={<span class="cut" dir="auto" title={site}>{site || "–"}</span>}
        second={hostname === site ? undefined : <span title={hostname ?? ""}>{hostname}</span>}
      />
    ),
  },
  {
    id: "scheduler",
    title: list.scheduler,
    width: "5.5rem",
    cell: ({ details }) => details?.provider ?? details?.site?.scheduler ?? "–",
  },
  {
    id: "workers",
    title: list.busy,
    width: "5.75rem",
    end: true,
    order: "workers",
    cell: ({ details }) =>
      details === null ? "–" : list.busyOf(
        countText(details.total_workers - details.idle_workers),
        countText(details.total_workers),
      ),
  },
  {
    id: "idle",
    title: list.idle,
    width: "3.5rem",
    end: true,
    order: "idle",
    cell: ({ details }) => details === null ? "–" : countText(details.idle_workers),
  },
  {
    id: "blocks",
    title: list.blocks,
    width: "5.75rem",
    cell: ({ details }) => {
      const blocks = details?.blocks;
      if (blocks === undefined) return "–";
      const running = blocks.filter(({ state }) => state === "running").length;
      const queued = blocks.filter(({ state }) => state === "queued" || state === "submitting");
      return (
        <Two
          first={<span class="small">{list.running(running)}</span>}
          second={list.queuedBlocks(queued.length)}
        />
      );
    },
  },
  {
    id: "queue",
    title: list.queue,
    width: "4rem",
    end: true,
    order: "queue",
    cell: ({ queued_tasks }) => countText(queued_tasks),
  },
  {
    id: "rate",
    title: list.rate,
    width: "7.75rem",
    end: true,
    order: "rate",
    cell: ({ tasks_per_minute: rates = [] }) => <Rate rates={rates} />,
  },
  {
    id: "version",
    title: list.version,
    width: "4.25rem",
    cell: ({ endpoint_version: version }) => <span title={version ?? ""}>{version ?? "–"}</span>,
  },
];

/** Two lines of a cell, the second one of less weight. */
function Two(
  { first, second }: { readonly first: ComponentChildren; readonly second?: ComponentChildren },
): ComponentChildren {
  return (
    <div class="two-lines">
      <div class="cut">{first}</div>
      {second !== undefined && second !== null && <div class="cut muted small">{second}</div>}
    </div>
  );
}

/** The minute that runs has but a part of its tasks: the one before it is told in digits. */
function Rate({ rates }: { readonly rates: readonly number[] }): ComponentChildren {
  const last = rates[rates.length - 2] ?? 0;
  const most = rates.reduce((greatest, rate) => Math.max(greatest, rate), 0);
  return (
    <span class="rate">
      {most > 0 && (
        <Sparkline
          values={rates}
          label={list.rates(countText(last), countText(most))}
        />
      )}
      <span class="number">{countText(last)}</span>
    </span>
  );
}

function ownerText({ owner, public: isPublic }: EndpointRecord): string {
  const state = session.value;
  const isOwn = state.kind === "signed_in" && state.user === owner;
  const who = isOwn ? list.own : list.ownedBy(owner);
  return isPublic ? `${who} · ${list.public}` : who;
}
