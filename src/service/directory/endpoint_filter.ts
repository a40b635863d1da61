/** Which endpoints somebody asks for, of those that he may use. */
import type { UserId } from "../../contract/ids.ts";
import type { EndpointOutline } from "../store/store.ts";

/** An endpoint with what is searched and ordered, made once for each change of it. */
export interface Entry extends EndpointOutline {
  readonly site: string;
  /** In lower case: what `search` looks in. */
  readonly searched: string;
  /** In lower case, by which the alphabet goes. */
  readonly sortName: string;
}

/** See `endpointFilter` of the contract. */
export interface EndpointFilter {
  readonly viewer: UserId;
  readonly search?: string;
  readonly name?: string;
  readonly status?: "online" | "offline";
  readonly owner?: "me" | "any";
  readonly site?: string;
  readonly runtime?: string;
}

/** What is in none of the texts that are searched: names have no control characters. */
const BETWEEN = "\n";

export function entryOf(outline: EndpointOutline, site: string): Entry {
  const { name, displayName, hostname } = outline;
  return {
    ...outline,
    site,
    searched: [name, displayName ?? "", hostname ?? "", site].join(BETWEEN).toLowerCase(),
    sortName: name.toLowerCase(),
  };
}

/** Whether an entry is the viewer's to use and fits the filter. */
export function fits(
  filter: EndpointFilter,
  isOnline: (entry: Entry) => boolean,
): (entry: Entry) => boolean {
  const { viewer, name, status, owner, site, runtime } = filter;
  const search = filter.search?.toLowerCase();
  return (entry) =>
    (entry.owner === viewer || (entry.public && owner !== "me")) &&
    (name === undefined || entry.name === name) &&
    (site === undefined || entry.site === site) &&
    (runtime === undefined || entry.runtimes.includes(runtime)) &&
    (search === undefined || entry.searched.includes(search)) &&
    (status === undefined || (status === "online") === isOnline(entry));
}
