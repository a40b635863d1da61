/** The store on libSQL in this process: one file, opened by one process. */
import { FuncxError } from "../../contract/errors.ts";
import { newId, type ServiceId } from "../../contract/ids.ts";
import {
  checkDatabase,
  closeDatabase,
  type Connection,
  DatabaseInUseError,
  DatabaseUnreadableError,
  openDatabase,
} from "../../lib/database.ts";
import { LibsqlAgentGrants } from "./libsql/agent_grants.ts";
import { LibsqlBlobs } from "./libsql/blobs.ts";
import { messageOf } from "../../lib/outcome.ts";
import { Cancellations } from "./libsql/cancellations.ts";
import { EndpointTasks } from "./libsql/endpoint_tasks.ts";
import { LibsqlEndpoints } from "./libsql/endpoints.ts";
import { Engine } from "./libsql/engine.ts";
import { LibsqlFunctions } from "./libsql/functions.ts";
import { LibsqlHistory } from "./libsql/history.ts";
import { LiveProgress } from "./libsql/live_progress.ts";
import { Query } from "./libsql/query.ts";
import { LibsqlQueue } from "./libsql/queue.ts";
import { recover } from "./libsql/recovery.ts";
import { LibsqlResultQueues } from "./libsql/result_queues.ts";
import { LibsqlResults } from "./libsql/results.ts";
import { Submissions } from "./libsql/submissions.ts";
import { TaskFinisher } from "./libsql/task_finisher.ts";
import { TaskInputs } from "./libsql/task_inputs.ts";
import { LibsqlGroups } from "./libsql/task_groups.ts";
import { LibsqlTasks } from "./libsql/tasks.ts";
import { LibsqlTokens } from "./libsql/tokens.ts";
import { LibsqlUserEndpoints } from "./libsql/user_endpoints.ts";
import { migrate } from "./migrate.ts";
import type { Store, StoreChanges } from "./store.ts";

/**
 * Opens or makes the database at `path`, mode 0600, in a folder that exists. Throws `FuncxError`:
 * `ALREADY_RUNNING` when another process has it, `STORE_UNREADABLE` when it is not a database or was
 * made by a newer program.
 */
export async function openStore(path: string): Promise<LibsqlStore> {
  const connection = open(path);
  try {
    migrate(connection);
    const store = new LibsqlStore(connection, path);
    await store.recover();
    return store;
  } catch (thrown) {
    closeDatabase(connection);
    throw thrown;
  }
}

export class LibsqlStore implements Store {
  /** For measuring and for tests; writes go through the parts. */
  readonly connection: Connection;
  readonly serviceId: ServiceId;
  readonly tokens: LibsqlTokens;
  readonly functions: LibsqlFunctions;
  readonly endpoints: LibsqlEndpoints;
  readonly userEndpoints: LibsqlUserEndpoints;
  readonly tasks: LibsqlTasks;
  readonly groups: LibsqlGroups;
  readonly queue: LibsqlQueue;
  readonly results: LibsqlResults;
  readonly resultQueues: LibsqlResultQueues;
  readonly agentGrants: LibsqlAgentGrants;
  readonly blobs: LibsqlBlobs;
  readonly history: LibsqlHistory;
  readonly changes: StoreChanges;
  readonly failed: Promise<Error>;
  readonly #engine: Engine;
  readonly #live: LiveProgress;
  readonly #endpointTasks: EndpointTasks;

  constructor(connection: Connection, path: string) {
    this.connection = connection;
    this.serviceId = serviceId(connection);
    const engine = new Engine(connection, path);
    const live = new LiveProgress(engine);
    this.blobs = new LibsqlBlobs(engine);
    const finisher = new TaskFinisher(connection, this.blobs);
    const endpointTasks = new EndpointTasks(engine, finisher);
    const cancellations = new Cancellations(engine, finisher);
    this.#engine = engine;
    this.failed = engine.failed;
    this.changes = engine.changes;
    this.#live = live;
    this.#endpointTasks = endpointTasks;
    this.tokens = new LibsqlTokens(engine);
    this.functions = new LibsqlFunctions(engine);
    this.endpoints = new LibsqlEndpoints(engine, this.tokens, endpointTasks);
    this.userEndpoints = new LibsqlUserEndpoints(engine);
    this.tasks = new LibsqlTasks(engine, live, {
      submissions: new Submissions(engine, this.blobs),
      inputs: new TaskInputs(engine, this.blobs),
    });
    this.history = new LibsqlHistory(engine);
    this.groups = new LibsqlGroups(engine);
    this.queue = new LibsqlQueue(engine, { live, finisher, endpointTasks, cancellations });
    this.results = new LibsqlResults(engine);
    this.agentGrants = new LibsqlAgentGrants(engine);
    this.resultQueues = new LibsqlResultQueues(engine);
  }

  recover(): Promise<void> {
    return recover(this.#engine, this.#endpointTasks);
  }

  async close(): Promise<void> {
    await this.#live.flush();
    this.#engine.close();
  }
}

/** A larger file is not checked whole at each start; damage is noticed when it is read. */
const MAX_CHECKED_BYTES = 64 * 1024 * 1024;

function open(path: string): Connection {
  let connection: Connection | undefined;
  try {
    connection = openDatabase(path);
    if (Deno.statSync(path).size <= MAX_CHECKED_BYTES) checkDatabase(connection, path);
    // Pages of the indexes that every submit touches stay in memory; KiB when negative.
    connection.pragma("cache_size = -16000");
    // A checkpoint syncs twice: once in 16 MB instead of once in 4.
    connection.pragma("wal_autocheckpoint = 4000");
    return connection;
  } catch (thrown) {
    // Not `closeDatabase`: a damaged file is touched as little as can be.
    connection?.close();
    if (thrown instanceof DatabaseInUseError) {
      throw new FuncxError({
        code: "ALREADY_RUNNING",
        message: `another service has ${path} open`,
        hint: "Stop it with: funcx-endpoint service stop",
      }, { cause: thrown });
    }
    const message = messageOf(thrown);
    if (thrown instanceof DatabaseUnreadableError || /malformed|not a database/i.test(message)) {
      throw new FuncxError({
        code: "STORE_UNREADABLE",
        message: `the store is damaged: ${message}`,
        hint: "Put a copy of the file back, or move it away to start with an empty service.",
      }, { cause: thrown });
    }
    throw thrown;
  }
}

function serviceId(connection: Connection): ServiceId {
  const known = new Query<[string]>(connection, "SELECT service_id FROM store").get();
  if (known !== undefined) return known[0];
  const id = newId();
  connection.prepare("INSERT INTO store VALUES (?, ?)").run([id, Date.now()]);
  return id;
}
