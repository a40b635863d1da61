/** A real store in a folder of its own, with short ways to fill it. */
import { newId } from "../../../contract/ids.ts";
import type { ResultMessage } from "../../../contract/protocol/messages.ts";
import { assertTrue } from "../../../lib/assert.ts";
import { join } from "../../../lib/path.ts";
import { type LibsqlStore, openStore } from "../libsql_store.ts";
import type { QueuedTask, SubmitReceipt, SubmitRequest, TaskDetailRow } from "../store.ts";

export const OWNER = "ada";

export class StoreFixture implements AsyncDisposable {
  store: LibsqlStore;
  readonly folder: string;

  private constructor(folder: string, store: LibsqlStore) {
    this.folder = folder;
    this.store = store;
  }

  static async open(): Promise<StoreFixture> {
    const folder = await Deno.makeTempDir({ prefix: "funcx-store-" });
    return new StoreFixture(folder, await openStore(join(folder, "service.db")));
  }

  get file(): string {
    return join(this.folder, "service.db");
  }

  /** Closes the store and opens its file again. */
  async reopen(): Promise<void> {
    await this.store.close();
    this.store = await openStore(this.file);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.store.close();
    await Deno.remove(this.folder, { recursive: true });
  }

  /** No more room than for some pages, as on a full disk, until the returned function is called. */
  fillDisk(): () => void {
    const { connection } = this.store;
    const [{ page_count }] = connection.pragma("page_count") as [{ page_count: number }];
    connection.pragma(`max_page_count = ${page_count + 20}`);
    return () => void connection.pragma("max_page_count = 4294967294");
  }

  async endpoint(
    change: { name?: string; owner?: string; public?: boolean } = {},
  ): Promise<string> {
    const endpointId = newId();
    await this.store.endpoints.register({
      endpointId,
      owner: change.owner ?? OWNER,
      createdAt: 1_000,
      token: { tokenId: newId(), hash: randomHash() },
      name: change.name ?? "default",
      displayName: null,
      description: null,
      metadata: null,
      allowedFunctions: null,
      public: change.public ?? false,
    });
    return endpointId;
  }

  async function(
    change: { name?: string; owner?: string; public?: boolean; description?: string } = {},
  ): Promise<string> {
    const functionId = newId();
    await this.store.functions.create({
      functionId,
      name: change.name ?? "double",
      description: change.description ?? null,
      metadata: null,
      parameters: null,
      owner: change.owner ?? OWNER,
      public: change.public ?? false,
      runtime: "typescript",
      code: `code of ${functionId}`,
      createdAt: 1_000,
    });
    return functionId;
  }

  /** Submits payloads `0`, `1`, … for one function. */
  submit(
    endpointId: string,
    functionId: string,
    count: number,
    change: Partial<SubmitRequest> = {},
  ): Promise<SubmitReceipt> {
    return this.store.tasks.submit({
      owner: OWNER,
      endpointId,
      taskGroupId: null,
      tasks: [{ functionId, payloads: Array.from({ length: count }, (_, index) => `${index}`) }],
      options: {},
      state: "received",
      at: 2_000,
      ...change,
    });
  }

  async detail(taskId: string): Promise<TaskDetailRow> {
    const detail = await this.store.tasks.detail(taskId);
    assertTrue(detail !== undefined, `there is no task ${taskId}`);
    return detail;
  }

  /** `state by attempt` of each event. */
  async timeline(taskId: string): Promise<string[]> {
    return (await this.detail(taskId)).timeline
      .map(({ state, by, attempt }) => `${state} ${by} ${attempt}`);
  }

  connect(endpointId: string, spoolId: string): Promise<{ requeued: number; failed: number }> {
    return this.store.queue.connected({
      endpointId,
      spoolId,
      hostname: "login1",
      softwareVersion: "0.1.0",
      runtimes: ["typescript"],
      at: 3_000,
    });
  }

  /** What a new session of the endpoint gets: what was perhaps sent before, then what waits. */
  async claim(
    endpointId: string,
    { limit = 1_000, maximumBytes = 1 << 20 } = {},
  ): Promise<readonly QueuedTask[]> {
    const { queue } = this.store;
    const sent = await queue.sent({ endpointId, after: 0, limit, maximumBytes });
    const left = limit - sent.length;
    if (left === 0) return sent;
    return [...sent, ...await queue.claim({ endpointId, limit: left, maximumBytes })];
  }

  async claimIds(endpointId: string, limit?: number): Promise<string[]> {
    return (await this.claim(endpointId, { limit })).map(({ taskId }) => taskId);
  }
}

export function randomHash(): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(32));
}

export function taskIdsOf(receipt: SubmitReceipt): string[] {
  return receipt.tasks.flatMap(({ taskIds }) => taskIds);
}

export function success(taskId: string, result = "11\n1", attempt = 1): ResultMessage {
  return {
    task_id: taskId,
    attempt,
    state: "success",
    result: new TextEncoder().encode(result),
    timeline: [
      { state: "waiting-for-nodes", at: 4_000, by: "agent", attempt: attempt - 1 },
      { state: "running", at: 4_001, by: "worker", attempt },
      { state: "success", at: 4_002, by: "worker", attempt },
    ],
  };
}
