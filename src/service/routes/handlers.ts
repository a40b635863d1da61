/** The handlers of all routes of the contract; the compiler tells when one is missing. */
import type { ServiceParts } from "../parts.ts";
import { blobHandlers } from "./blobs.ts";
import { endpointHandlers } from "./endpoints.ts";
import { endpointLogHandlers } from "./endpoint_log.ts";
import { forwarderHandlers } from "./forwarder.ts";
import { functionHandlers } from "./functions.ts";
import { generalHandlers } from "./general.ts";
import { liveHandlers } from "./live.ts";
import { olderHandlers } from "./older.ts";
import { oauthHandlers } from "./oauth.ts";
import { relayHandlers } from "./relay.ts";
import type { Handlers } from "./route.ts";
import { resultQueueHandlers } from "./result_queue.ts";
import { runAgainHandlers } from "./run_again.ts";
import { sessionHandlers } from "./sessions.ts";
import { streamHandlers } from "./streams.ts";
import { submitHandlers } from "./submit.ts";
import { taskGroupHandlers } from "./task_groups.ts";
import { taskHandlers } from "./tasks.ts";
import { tokenHandlers } from "./tokens.ts";

export function allHandlers(parts: ServiceParts): Handlers {
  const handlers = {
    ...generalHandlers(parts),
    ...tokenHandlers(parts),
    ...oauthHandlers(parts),
    ...functionHandlers(parts),
    ...endpointHandlers(parts),
    ...forwarderHandlers(parts),
    ...relayHandlers(parts),
    ...submitHandlers(parts),
    ...resultQueueHandlers(parts),
    ...runAgainHandlers(parts),
    ...taskGroupHandlers(parts),
    ...taskHandlers(parts),
    ...streamHandlers(parts),
    ...blobHandlers(parts),
    ...endpointLogHandlers(parts),
    ...sessionHandlers(parts),
    ...olderHandlers(parts),
  };
  return { ...handlers, ...liveHandlers(parts, handlers) };
}
