import type { EndpointId } from "../../../contract/ids.ts";
import type { JsonObject, StoredUserEndpoint, UserEndpointStore } from "../store.ts";
import type { Engine } from "./engine.ts";
import { Command, fromJson, Query } from "./query.ts";

type Row = [
  userEndpointId: string,
  endpointId: string,
  owner: string,
  config: string,
  runtime: string,
  createdAt: number,
];

export class LibsqlUserEndpoints implements UserEndpointStore {
  readonly #engine: Engine;
  readonly #add: Command;
  readonly #byEndpoint: Query<Row>;
  readonly #remove: Command;
  readonly #agents: Query<[string]>;

  constructor(engine: Engine) {
    const { connection } = engine;
    this.#engine = engine;
    this.#add = new Command(
      connection,
      `INSERT OR IGNORE INTO user_endpoints
         (user_endpoint_id, endpoint_id, owner, config, runtime, created_at)
       VALUES (?, ?, ?, ?, ?, ?)`,
    );
    this.#byEndpoint = new Query(
      connection,
      `SELECT user_endpoint_id, endpoint_id, owner, config, runtime, created_at
       FROM user_endpoints WHERE endpoint_id = ? ORDER BY created_at`,
    );
    this.#remove = new Command(
      connection,
      "DELETE FROM user_endpoints WHERE user_endpoint_id = ?",
    );
    this.#agents = new Query(
      connection,
      `SELECT endpoint_id FROM endpoints
       WHERE deleted_at IS NULL AND json_type(metadata, '$.user_config_template') = 'text'`,
    );
  }

  put(record: StoredUserEndpoint): Promise<void> {
    return this.#engine.write(() => {
      this.#add.run(
        record.userEndpointId,
        record.endpointId,
        record.owner,
        JSON.stringify(record.config),
        JSON.stringify(record.runtime),
        record.createdAt,
      );
    });
  }

  of(endpointId: EndpointId): Promise<readonly StoredUserEndpoint[]> {
    const rows = this.#byEndpoint.all(endpointId);
    return Promise.resolve(rows.map(([userEndpointId, , owner, config, runtime, createdAt]) => ({
      userEndpointId,
      endpointId,
      owner,
      config: fromJson<JsonObject>(config) ?? {},
      runtime: fromJson<JsonObject>(runtime) ?? {},
      createdAt,
    })));
  }

  remove(userEndpointId: string): Promise<void> {
    return this.#engine.write(() => {
      this.#remove.run(userEndpointId);
    });
  }

  agents(): Promise<readonly EndpointId[]> {
    return Promise.resolve(this.#agents.all().map(([endpointId]) => endpointId));
  }
}
