/** What the service says of itself. */
import type { Answer } from "../../contract/api.ts";
import type { UserId } from "../../contract/ids.ts";
import { proofOf } from "../../contract/service_proof.ts";
import type { ServiceParts } from "../parts.ts";
import { allItems } from "./pages.ts";
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
      ...(nonce === undefined ? {} : { proof: proofOf(proofKey, nonce, phase.url) }),
    }),

    /** Loaded when it is asked for: few ever do, and the converter takes memory. */
    openapi: async () => (await import("../openapi.ts")).openApiDocument(),

    stats: ({ caller }) => stats(parts, caller.user),
  };
}

async function stats({ store, hub }: ServiceParts, user: UserId): Promise<Answer<"stats">> {
  const tasks = await store.tasks.counts(user);
  const owned = { viewer: user, ownedOnly: true };
  return {
    total_function_invocations: Object.values(tasks).reduce((total, count) => total + count, 0),
    functions: await count(
      allItems((page) => store.functions.list({ viewer: user, ...page })),
      (row) => row.owner === user,
    ),
    endpoints: await store.endpoints.count(user),
    endpoints_online: await count(
      allItems((page) => store.endpoints.list({ ...owned, ...page })),
      (row) => hub.isOnline(row.endpointId),
    ),
    tasks: { ...tasks },
  };
}

async function count<T>(items: AsyncIterable<T>, counts: (item: T) => boolean): Promise<number> {
  let total = 0;
  for await (const item of items) if (counts(item)) total++;
  return total;
}
