/** Which functions a list shows, and which registrations in it are versions of one function. */
import type { FunctionSummary, Query } from "../../contract/api.ts";
import type { Runtime } from "../../client/mod.ts";

export interface FunctionFilter {
  /** Part of a name; empty for all. */
  readonly search: string;
  readonly runtime: Runtime | "any";
  readonly owner: "me" | "any";
}

export const RUNTIMES: readonly Runtime[] = ["typescript", "python", "shell"];

/** From the query of an address; what makes no sense is left out. */
export function filterOfAddress(query: Readonly<Record<string, string>>): FunctionFilter {
  return {
    search: query.search ?? "",
    runtime: RUNTIMES.find((runtime) => runtime === query.runtime) ?? "any",
    owner: query.owner === "me" ? "me" : "any",
  };
}

/** The other way round. */
export function addressOfFilter({ search, runtime, owner }: FunctionFilter): string {
  const query = new URLSearchParams();
  if (search !== "") query.set("search", search);
  if (runtime !== "any") query.set("runtime", runtime);
  if (owner !== "any") query.set("owner", owner);
  return query.size === 0 ? "/functions" : `/functions?${query}`;
}

export function queryOfFilter({ search, runtime, owner }: FunctionFilter): Query<"listFunctions"> {
  return {
    search: search === "" ? undefined : search,
    runtime: runtime === "any" ? undefined : runtime,
    owner,
  };
}

/** A function in the list: its newest version. */
export interface ListedFunction {
  readonly newest: FunctionSummary;
  /** Newest first, itself included. */
  readonly versions: readonly FunctionSummary[];
}

/** Registrations of one owner under one name are versions of one function. */
export function groupVersions(items: readonly FunctionSummary[]): ListedFunction[] {
  const groups = Map.groupBy(
    items,
    ({ owner, function_name }) => JSON.stringify([owner, function_name]),
  );
  return [...groups.values()].map((versions) => ({ newest: versions[0]!, versions }));
}
