/** What the store keeps of agents of Globus Compute, beside their records as endpoints. */
import type { EndpointId, UserId } from "../../contract/ids.ts";
import type { JsonObject } from "./registry_store.ts";

/** What a user's tasks with one configuration run in. */
export interface StoredUserEndpoint {
  /** It has queues of its own under this id. */
  readonly userEndpointId: string;
  /** The agent that starts it. */
  readonly endpointId: EndpointId;
  readonly owner: UserId;
  /** `user_endpoint_config` and `user_runtime` of its tasks. */
  readonly config: JsonObject;
  readonly runtime: JsonObject;
  readonly createdAt: number;
}

export interface UserEndpointStore {
  /** Does nothing when it is there. */
  put(record: StoredUserEndpoint): Promise<void>;
  of(endpointId: EndpointId): Promise<readonly StoredUserEndpoint[]>;
  remove(userEndpointId: string): Promise<void>;
  /** Endpoints that are agents of Globus Compute; looks at all endpoints. */
  agents(): Promise<readonly EndpointId[]>;
}
