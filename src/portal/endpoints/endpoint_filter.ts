/** Which endpoints a list shows and how: in the address, and in what is asked for. */
import { ENDPOINT_ORDERS, type EndpointOrder, type Query } from "../../contract/api.ts";

export interface EndpointFilter {
  /** Part of name, host or site. */
  readonly search?: string;
  readonly status?: "online" | "offline";
  readonly owner?: "me";
  readonly site?: string;
  readonly runtime?: string;
  readonly order: EndpointOrder;
  /** The other way round than the order is by itself: names from Z, the smallest numbers first. */
  readonly reverse: boolean;
  /** By site. */
  readonly grouped: boolean;
}

export const ALL_ENDPOINTS: EndpointFilter = { order: "name", reverse: false, grouped: false };

/** From the query of an address; what makes no sense is left out. */
export function filterOfAddress(query: Readonly<Record<string, string>>): EndpointFilter {
  const { status } = query;
  return {
    search: textOf(query.search),
    status: status === "online" || status === "offline" ? status : undefined,
    owner: query.owner === "me" ? "me" : undefined,
    site: textOf(query.site),
    runtime: textOf(query.runtime),
    order: ENDPOINT_ORDERS.find((order) => order === query.order) ?? "name",
    reverse: query.reverse === "yes",
    grouped: query.group === "site",
  };
}

/** The other way round; empty when everything is shown by name. */
export function addressOfFilter(filter: EndpointFilter): string {
  const pairs: readonly (readonly [string, string | undefined])[] = [
    ["search", filter.search],
    ["status", filter.status],
    ["owner", filter.owner],
    ["site", filter.site],
    ["runtime", filter.runtime],
    ["order", filter.order === "name" ? undefined : filter.order],
    ["reverse", filter.reverse ? "yes" : undefined],
    ["group", filter.grouped ? "site" : undefined],
  ];
  const query = new URLSearchParams();
  for (const [key, value] of pairs) if (value !== undefined) query.set(key, value);
  return query.toString();
}

export function queryOfFilter(filter: EndpointFilter): Query<"listEndpoints"> {
  const { order, reverse } = filter;
  return { ...siteQueryOfFilter(filter), order, reverse: reverse ? "yes" : undefined };
}

export function siteQueryOfFilter(filter: EndpointFilter): Query<"listSites"> {
  const { search, status, owner, site, runtime } = filter;
  return { search, status, owner, site, runtime };
}

export function isFiltered({ search, status, owner, site, runtime }: EndpointFilter): boolean {
  return [search, status, owner, site, runtime].some((value) => value !== undefined);
}

/** After a click on the head of a column: by that, or the other way round. */
export function sortedBy(filter: EndpointFilter, order: EndpointOrder): EndpointFilter {
  return { ...filter, order, reverse: filter.order === order && !filter.reverse };
}

/** How the column of `order` stands; undefined where the list is sorted by another one. */
export function directionOf(
  filter: EndpointFilter,
  order: EndpointOrder,
): "ascending" | "descending" | undefined {
  if (filter.order !== order) return undefined;
  return (order === "name") === filter.reverse ? "descending" : "ascending";
}

function textOf(text: string | undefined): string | undefined {
  return text === undefined || text === "" ? undefined : text;
}
