/** What agents may do at the built-in AMQP server. See `store.ts`. */

export interface AgentGrant {
  /** Names it; a later one of the agent takes its place. No secret. */
  readonly grant: string;
  /** Names of queues. */
  readonly reads: readonly string[];
  readonly writes: readonly string[];
}

export interface AgentGrantStore {
  /** @param agentId of an endpoint, or of a user endpoint */
  put(agentId: string, grant: AgentGrant): Promise<void>;
  find(agentId: string): Promise<AgentGrant | undefined>;
  remove(agentId: string): Promise<void>;
}
