/** What was run from this window: it stays while one goes from page to page. */
import { signal } from "@preact/signals";
import type { EndpointRecord, FunctionRecord } from "../../contract/api.ts";
import { FuncxError } from "../../contract/errors.ts";
import { client } from "../session/session.ts";
import { now } from "../shell/clock.ts";
import { english } from "../texts/english.ts";
import { mostIdle } from "./eligibility.ts";
import type { CallOptions } from "./snippets.ts";
import type { Target } from "./targets.ts";

export interface Run {
  readonly taskIds: readonly string[];
  readonly groupId: string;
  readonly functionName: string;
  readonly endpointName: string;
  /** Seconds since 1970 at the service. */
  readonly at: number;
}

/** Newest first. */
export const runs = signal<readonly Run[]>([]);
const MAX_RUNS = 50;

export interface RunRequest {
  readonly fn: FunctionRecord;
  readonly endpoint: EndpointRecord;
  readonly args: readonly unknown[];
  readonly kwargs: Readonly<Record<string, unknown>>;
  readonly options: CallOptions;
  readonly count: number;
  /**
   * The same as long as it is the same wish, and then with the same endpoint: what was submitted once
   * is not submitted again, here or elsewhere.
   */
  readonly idempotencyKey: string;
}

/** The endpoint does not take it from this user, and has not taken it before. */
const REFUSED_BY_ENDPOINT: readonly string[] = [
  "ENDPOINT_ACCESS_FORBIDDEN",
  "ENDPOINT_NOT_FOUND",
  "FUNCTION_NOT_PERMITTED",
];

/** Whether another endpoint may be tried after `startRun` has rejected with `thrown`. */
export function isRefusedByEndpoint(thrown: unknown): boolean {
  return thrown instanceof FuncxError && REFUSED_BY_ENDPOINT.includes(thrown.code);
}

/** Submits it and puts it on the list. Rejects with a `FuncxError`. */
export async function startRun(request: RunRequest): Promise<Run> {
  const { fn, endpoint, args, kwargs, options, count, idempotencyKey } = request;
  const payload = await client.blobs.payload(args, kwargs);
  const body = { tasks: { [fn.function_uuid]: Array(count).fill(payload) }, ...options };
  const answer = await client.submit(endpoint.uuid, body, { idempotencyKey });
  const run: Run = {
    taskIds: answer.tasks[fn.function_uuid]!,
    groupId: answer.task_group_id,
    functionName: fn.function_name,
    endpointName: endpoint.display_name ?? endpoint.name,
    at: now.peek(),
  };
  runs.value = [run, ...runs.value].slice(0, MAX_RUNS);
  return run;
}

/** Of a group the one that would begin first. Rejects with `ENDPOINT_OFFLINE` when none may. */
export async function endpointOf(target: Target, fn: FunctionRecord): Promise<EndpointRecord> {
  if (target.kind === "endpoint") return await client.endpoint(target.id);
  const site = target.kind === "site" ? target.site : undefined;
  const { items } = await client.call("listEndpoints", {
    query: { status: "online", order: "idle", runtime: fn.runtime, site, limit: 1_000 },
  });
  const best = mostIdle(items, fn);
  if (best !== undefined) return best;
  throw new FuncxError({
    code: "ENDPOINT_OFFLINE",
    message: english.run.noneFits,
    hint: english.run.endpointNote,
  });
}
