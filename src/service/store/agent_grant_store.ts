/** What agents may do at the built-in AMQP server. See `store.ts`. */
import type { EndpointId } from "../../contract/ids.ts";

export interface AgentGrant {
  /** Names it; a later one of the endpoint takes its place. No secret. */
  readonly grant: string;
  /** Names of queues. */
  readonly reads: readonly string[];
  readonly writes: readonly string[];
}

export interface AgentGrantStore {
  put(endpointId: EndpointId, grant: AgentGrant): Promise<void>;
  find(endpointId: EndpointId): Promise<AgentGrant | undefined>;
}
