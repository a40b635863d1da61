/** The parts that know all endpoints: what they are, and what they did. */
import { EndpointDirectory } from "./directory/endpoint_directory.ts";
import { EndpointHistory } from "./history/endpoint_history.ts";
import type { Hub } from "./hub/hub.ts";
import type { ServiceParts } from "./parts.ts";
import type { Store } from "./store/store.ts";

/** @param now milliseconds since 1970 */
export function overviewParts(
  store: Store,
  hub: Hub,
  now: () => number,
): Pick<ServiceParts, "directory" | "history"> {
  const history = new EndpointHistory({ store, hub, now });
  const { endpoints } = store;
  const directory = new EndpointDirectory({ endpoints, hub, rates: history.rates, now });
  return { directory, history };
}
