/** What an endpoint is, and how it stands now. */
import type { ComponentChildren } from "preact";
import type { EndpointRecord } from "../../contract/api.ts";
import { endpointPython, shownRuntimes } from "../../contract/python_version.ts";
import { english } from "../texts/english.ts";
import { Age } from "../widgets/states.tsx";
import { bytesText, countText } from "../widgets/units.ts";
import { FunctionName } from "./function_name.tsx";

const { facts, figures } = english.endpoint;
/** Links to functions; a list may have thousands. */
const MAX_FUNCTIONS = 20;

export interface EndpointFactsProps {
  readonly endpoint: EndpointRecord;
  readonly isOwn: boolean;
}

export function EndpointFigures(
  { endpoint }: { readonly endpoint: EndpointRecord },
): ComponentChildren {
  const { details, queued_tasks, tasks_per_minute: rates = [] } = endpoint;
  const pairs: readonly (readonly [string, string])[] = [
    [
      figures.busy,
      details === null ? "–" : figures.busyOf(
        countText(details.total_workers - details.idle_workers),
        countText(details.total_workers),
      ),
    ],
    [figures.nodes, details === null ? "–" : countText(details.managers)],
    [figures.queue, countText(queued_tasks)],
    [figures.rate, countText(rates[rates.length - 2] ?? 0)],
    [figures.done, details === null ? "–" : countText(details.completed_tasks)],
  ];
  return (
    <dl class="figures" aria-label={figures.title}>
      {pairs.map(([name, value]) => (
        <div class="figure" key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

export function EndpointFacts({ endpoint, isOwn }: EndpointFactsProps): ComponentChildren {
  const { details, metadata } = endpoint;
  const scheduler = details?.provider ?? details?.site?.scheduler;
  return (
    <section class="card" aria-labelledby="endpoint-facts">
      <header>
        <h2 id="endpoint-facts">{facts.title}</h2>
      </header>
      <dl class="facts">
        <Fact name={facts.description} value={endpoint.description} />
        <Fact name={facts.name} value={endpoint.name} />
        <Fact name={facts.owner} value={isOwn ? facts.own : endpoint.owner} />
        <Fact name={facts.access} value={endpoint.public ? facts.public : facts.private} />
        <Fact name={facts.site} value={endpoint.site} />
        <Fact name={facts.host} value={endpoint.hostname} />
        <Fact name={facts.scheduler} value={scheduler} />
        <Fact name={facts.resources} value={resourcesOf(endpoint)} />
        <Fact
          name={facts.runtimes}
          value={shownRuntimes(endpoint.runtimes, endpointPython(endpoint))}
        />
        <Fact name={facts.functions} value={<AllowedFunctions endpoint={endpoint} />} />
        <Fact name={facts.version} value={endpoint.endpoint_version} />
        <Fact
          name={facts.heard}
          value={<Age at={endpoint.last_seen} />}
        />
        <Fact name={facts.created} value={<Age at={endpoint.created_at} />} />
      </dl>
      {metadata !== null && Object.keys(metadata).length > 0 && <Metadata metadata={metadata} />}
    </section>
  );
}

/** Nothing where there is nothing to tell. */
function Fact(
  { name, value }: { readonly name: string; readonly value: ComponentChildren },
): ComponentChildren {
  if (value === null || value === undefined || value === "") return null;
  return (
    <>
      <dt>{name}</dt>
      <dd dir="auto">{value}</dd>
    </>
  );
}

function resourcesOf({ details }: EndpointRecord): string {
  const { cores, memory } = details?.site ?? {};
  return [
    cores === undefined ? "" : facts.cores(countText(cores)),
    memory === undefined ? "" : bytesText(memory),
  ].filter((part) => part !== "").join(", ");
}

function AllowedFunctions({ endpoint }: { readonly endpoint: EndpointRecord }): ComponentChildren {
  const ids = endpoint.allowed_functions;
  if (ids === null) return facts.anyFunction;
  if (ids.length === 0) return english.common.none;
  return (
    <ul>
      {ids.slice(0, MAX_FUNCTIONS).map((id) => (
        <li key={id}>
          <FunctionName functionId={id} />
        </li>
      ))}
      {ids.length > MAX_FUNCTIONS && <li>+ {countText(ids.length - MAX_FUNCTIONS)}</li>}
    </ul>
  );
}

/** The profile in short, as the endpoint told it when it registered. */
function Metadata(
  { metadata }: { readonly metadata: NonNullable<EndpointRecord["metadata"]> },
): ComponentChildren {
  return (
    <details class="metadata">
      <summary>{facts.metadata}</summary>
      <dl class="facts">
        {Object.entries(metadata).map(([name, value]) => (
          <Fact
            key={name}
            name={name}
            value={typeof value === "string" ? value : <code>{JSON.stringify(value)}</code>}
          />
        ))}
      </dl>
    </details>
  );
}
