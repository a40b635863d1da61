/** Which endpoints may run a function, and which of them would begin first. */
import type { EndpointRecord, FunctionSummary } from "../../contract/api.ts";
import { english } from "../texts/english.ts";

type Runnable = Pick<FunctionSummary, "function_uuid" | "runtime">;
export type Candidate = Pick<
  EndpointRecord,
  "uuid" | "status" | "runtimes" | "allowed_functions" | "details" | "queued_tasks"
>;

/** Why the endpoint does not run the function; undefined when it does. */
export function refusal(endpoint: Candidate, fn: Runnable | undefined): string | undefined {
  if (fn === undefined) return undefined;
  const { allowed_functions, runtimes } = endpoint;
  const { notAllowed, noRuntime } = english.run;
  if (allowed_functions !== null && !allowed_functions.includes(fn.function_uuid)) {
    return notAllowed;
  }
  // One that never connected has told none.
  if (runtimes.length > 0 && !runtimes.includes(fn.runtime)) return noRuntime(fn.runtime);
  return undefined;
}

/** The active one with most idle workers; of those with as many the one with the shortest queue. */
export function mostIdle<T extends Candidate>(
  endpoints: readonly T[],
  fn: Runnable,
): T | undefined {
  const fit = endpoints.filter((endpoint) =>
    endpoint.status === "online" && refusal(endpoint, fn) === undefined
  );
  const idle = ({ details }: T): number => details?.idle_workers ?? 0;
  return fit.sort((one, other) =>
    idle(other) - idle(one) || one.queued_tasks - other.queued_tasks ||
    one.uuid.localeCompare(other.uuid)
  )[0];
}
