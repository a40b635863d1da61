/** All endpoints that the viewer may use. */
import type { ComponentChildren } from "preact";
import { useLocation } from "preact-iso";
import { live } from "../live/live.ts";
import { english } from "../texts/english.ts";
import { Page } from "../widgets/page.tsx";
import { countText } from "../widgets/units.ts";
import { addressOfFilter, type EndpointFilter, filterOfAddress } from "./endpoint_filter.ts";
import { EndpointFilterBar } from "./endpoint_filter_bar.tsx";
import { EndpointTable } from "./endpoint_table.tsx";
import { SiteGroups } from "./site_groups.tsx";

export function EndpointsPage(): ComponentChildren {
  const { query, route } = useLocation();
  const { title, connect, counts: countsText } = english.endpoints;
  const filter = filterOfAddress(query);
  const counts = live.endpointCounts.value;
  const show = (next: EndpointFilter): void => {
    const address = addressOfFilter(next);
    route(address === "" ? "/endpoints" : `/endpoints?${address}`, true);
  };
  return (
    <Page
      title={title}
      lead={counts && (
        <span role="status">
          {countsText(countText(counts.online), countText(counts.endpoints))}
        </span>
      )}
      actions={<a class="button" href="/">{connect}</a>}
    >
      <EndpointFilterBar filter={filter} onChange={show} />
      {filter.grouped
        ? <SiteGroups filter={filter} onChange={show} />
        : <EndpointTable filter={filter} onChange={show} />}
    </Page>
  );
}
