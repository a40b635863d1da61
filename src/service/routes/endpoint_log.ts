/** The log of an endpoint's agent, from afar. */
import { requireOwned } from "../auth/access.ts";
import type { ServiceParts } from "../parts.ts";
import type { Handlers } from "./route.ts";

const DEFAULT_LINES = 200;

export function endpointLogHandlers({ store, hub }: ServiceParts): Pick<Handlers, "endpointLog"> {
  return {
    endpointLog: async ({ caller, query, parameters: { endpoint_id } }) => {
      const endpoint = await store.endpoints.get(endpoint_id);
      requireOwned("endpoint", endpoint_id, endpoint, caller.user);
      return { lines: [...await hub.log(endpoint_id, query.lines ?? DEFAULT_LINES)] };
    },
  };
}
