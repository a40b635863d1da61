/** The sites, each of which opens to its endpoints. */
import type { ComponentChildren } from "preact";
import { useSignal } from "@preact/signals";
import type { SiteSummary } from "../../contract/api.ts";
import { live } from "../live/live.ts";
import { client } from "../session/session.ts";
import { english } from "../texts/english.ts";
import { useLoaded } from "../widgets/loaded.ts";
import { Shown } from "../widgets/messages.tsx";
import { countText } from "../widgets/units.ts";
import { useReloadOn } from "../widgets/use_reload_on.ts";
import { type EndpointFilter, isFiltered, siteQueryOfFilter } from "./endpoint_filter.ts";
import { EndpointTable, NoEndpoints } from "./endpoint_table.tsx";
import { useId } from "../widgets/use_id.ts";

const SHOWN = 100;

export interface SiteGroupsProps {
  readonly filter: EndpointFilter;
  readonly onChange: (filter: EndpointFilter) => void;
}

export function SiteGroups({ filter, onChange }: SiteGroupsProps): ComponentChildren {
  const shown = useSignal(SHOWN);
  const query = siteQueryOfFilter(filter);
  const loading = useLoaded(
    JSON.stringify(query),
    (signal) => client.call("listSites", { query, signal }),
  );
  useReloadOn(live.endpointListMark.value, loading);
  return (
    <Shown of={loading}>
      {(sites) =>
        sites.length === 0 ? <NoEndpoints isFiltered={isFiltered(filter)} /> : (
          <div class="sites">
            {sites.slice(0, shown.value).map((site) => (
              <Site
                key={site.site}
                site={site}
                filter={filter}
                onChange={onChange}
                isOnly={sites.length === 1}
              />
            ))}
            {sites.length > shown.value && (
              <button
                type="button"
                onClick={() => shown.value += SHOWN}
              >
                {english.common.more}
              </button>
            )}
          </div>
        )}
    </Shown>
  );
}

function Site(
  { site, filter, onChange, isOnly }: SiteGroupsProps & {
    readonly site: SiteSummary;
    readonly isOnly: boolean;
  },
): ComponentChildren {
  const isOpen = useSignal(isOnly);
  const id = useId();
  const { sites, list } = english.endpoints;
  const name = site.site === "" ? sites.unknown : site.site;
  return (
    <section class="site">
      <h2>
        <button
          type="button"
          class="plain"
          aria-expanded={isOpen.value}
          aria-controls={id}
          onClick={() => isOpen.value = !isOpen.value}
        >
          <span class="arrow" aria-hidden="true">▸</span>
          <bdi class="cut">{name}</bdi>
          <span class="muted small number">
            {sites.summary(countText(site.endpoints), countText(site.online))} · {sites.workers(
              countText(site.workers - site.idle_workers),
              countText(site.workers),
            )} · {sites.queued(countText(site.queued_tasks))}
          </span>
        </button>
      </h2>
      <div id={id}>
        {isOpen.value && (
          <EndpointTable
            filter={{ ...filter, site: site.site }}
            onChange={(next) => onChange({ ...next, site: filter.site })}
            label={`${list.label}: ${name}`}
          />
        )}
      </div>
    </section>
  );
}
