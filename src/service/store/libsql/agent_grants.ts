import type { AgentGrant, AgentGrantStore } from "../store.ts";
import type { Engine } from "./engine.ts";
import { Command, Query } from "./query.ts";

export class LibsqlAgentGrants implements AgentGrantStore {
  readonly #engine: Engine;
  readonly #put: Command;
  readonly #remove: Command;
  readonly #find: Query<[grant: string, reads: string, writes: string]>;

  constructor(engine: Engine) {
    const { connection } = engine;
    this.#engine = engine;
    this.#put = new Command(connection, "INSERT OR REPLACE INTO agent_grants VALUES (?, ?, ?, ?)");
    this.#remove = new Command(connection, "DELETE FROM agent_grants WHERE endpoint_id = ?");
    this.#find = new Query(
      connection,
      "SELECT grant_id, reads, writes FROM agent_grants WHERE endpoint_id = ?",
    );
  }

  put(agentId: string, { grant, reads, writes }: AgentGrant): Promise<void> {
    const lists = [JSON.stringify(reads), JSON.stringify(writes)] as const;
    return this.#engine.write(() => void this.#put.run(agentId, grant, ...lists));
  }

  find(agentId: string): Promise<AgentGrant | undefined> {
    const row = this.#find.get(agentId);
    if (row === undefined) return Promise.resolve(undefined);
    const [grant, reads, writes] = row;
    return Promise.resolve({ grant, reads: JSON.parse(reads), writes: JSON.parse(writes) });
  }

  remove(agentId: string): Promise<void> {
    return this.#engine.write(() => void this.#remove.run(agentId));
  }
}
