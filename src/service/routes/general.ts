/** What the service says of itself. */
import type { Answer } from "../../contract/api.ts";
import type { UserId } from "../../contract/ids.ts";
import { MAX_PAGE_SIZE } from "../../contract/limits.ts";
import { proofOf } from "../../contract/service_proof.ts";
import type { ServiceParts } from "../parts.ts";
import type { Handlers } from "./route.ts";

/** Of the Globus Compute web service whose routes these are; the official SDK compares them. */
const API_VERSION = "1.0.30";
const MINIMUM_SDK_VERSION = "2.0.0";
const MINIMUM_ENDPOINT_VERSION = "0.1.0";

export function generalHandlers(
  parts: ServiceParts,
): Pick<Handlers, "version" | "health" | "openapi" | "stats"> {
  const { store, phase, proofKey, now } = parts;
  return {
    version: ({ query }) =>
      query.service === undefined ? API_VERSION : {
        api: API_VERSION,
        min_sdk_version: MINIMUM_SDK_VERSION,
        min_ep_version: MINIMUM_ENDPOINT_VERSION,
      },

    health: ({ query: { nonce } }) => ({
      status: phase.stopping ? "stopping" : "ok",
      service_id: store.serviceId,
      now: now(),
      ...(nonce === undefined ? {} : { proof: proofOf(proofKey, nonce) }),
    }),

    /** Loaded when it is asked for: few ever do, and the converter takes memory. */
    openapi: async () => (await import("../openapi.ts")).openApiDocument(),

    stats: ({ caller }) => stats(parts, caller.user),
  };
}

async function stats({ store, hub }: ServiceParts, user: UserId): Promise<Answer<"stats">> {
  const tasks = await store.tasks.counts(user);
  const online = await countPages(
    (cursor) =>
      store.endpoints.list({ viewer: user, ownedOnly: true, limit: MAX_PAGE_SIZE, cursor }),
    (row) => hub.isOnline(row.endpointId),
  );
  const functions = await countPages(
    (cursor) => store.functions.list({ viewer: user, limit: MAX_PAGE_SIZE, cursor }),
    (row) => row.owner === user,
  );
  return {
    total_function_invocations: Object.values(tasks).reduce((total, count) => total + count, 0),
    functions,
    endpoints: await store.endpoints.count(user),
    endpoints_online: online,
    tasks: { ...tasks },
  };
}

async function countPages<T>(
  load: (
    cursor: string | undefined,
  ) => Promise<{ readonly items: readonly T[]; readonly nextCursor: string | null }>,
  counts: (item: T) => boolean,
): Promise<number> {
  let count = 0;
  for (let cursor: string | undefined;;) {
    const page = await load(cursor);
    count += page.items.filter(counts).length;
    if (page.nextCursor === null) return count;
    cursor = page.nextCursor;
  }
}
