/** What the service says of itself. */
import type { Answer } from "../../contract/api.ts";
import type { UserId } from "../../contract/ids.ts";
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
      ...(nonce === undefined ? {} : { proof: proofOf(proofKey, nonce, phase.url) }),
    }),

    /** Loaded when it is asked for: few ever do, and the converter takes memory. */
    openapi: async () => (await import("../openapi.ts")).openApiDocument(),

    stats: ({ caller }) => stats(parts, caller.user),
  };
}

/** Counts of what a user owns. */
export async function stats(
  { store, directory, hub }: ServiceParts,
  user: UserId,
): Promise<Answer<"stats">> {
  const tasks = await store.tasks.counts(user);
  const endpoints = await directory.fitting({ viewer: user, owner: "me" });
  return {
    total_function_invocations: Object.values(tasks).reduce((total, count) => total + count, 0),
    functions: await store.functions.count(user),
    endpoints: endpoints.length,
    endpoints_online: endpoints.filter(({ endpointId }) => hub.isOnline(endpointId)).length,
    tasks: { ...tasks },
  };
}
