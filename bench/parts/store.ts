/**
 * What the store alone can do: `deno run -A bench/parts/store.ts [TASKS]`. Submits of 500 tasks
 * with 200 bytes each, dispatch in batches of 500, results of 200 bytes with a timeline in batches of
 * 500, then the same once more behind 100,000 queued tasks of an endpoint that is away.
 */
import { newId } from "../../src/contract/ids.ts";
import type { ResultMessage } from "../../src/contract/protocol/messages.ts";
import { join } from "../../src/lib/path.ts";
import { openStore } from "../../src/service/store/libsql_store.ts";
import type { Store } from "../../src/service/store/store.ts";

const BATCH = 500;
const PAYLOAD = `200\n11\n["${"x".repeat(193)}"]5\n11\n{}`;
const RESULT = new TextEncoder().encode(`11\n"${"y".repeat(195)}"`);
const OWNER = "bench";

async function rate(what: string, tasks: number, action: () => Promise<void>): Promise<void> {
  const start = performance.now();
  await action();
  const seconds = (performance.now() - start) / 1_000;
  console.log(`${what.padEnd(32)} ${Math.round(tasks / seconds).toLocaleString("en")} tasks/s`);
}

async function addEndpoint(store: Store): Promise<string> {
  const endpointId = newId();
  const token = { tokenId: newId(), hash: crypto.getRandomValues(new Uint8Array(32)) };
  await store.endpoints.register({
    endpointId,
    owner: OWNER,
    createdAt: Date.now(),
    token,
    name: "bench",
    displayName: null,
    description: null,
    metadata: null,
    allowedFunctions: null,
    public: false,
  });
  return endpointId;
}

async function addFunction(store: Store): Promise<string> {
  const functionId = newId();
  await store.functions.create({
    functionId,
    name: "identity",
    description: null,
    metadata: null,
    parameters: null,
    owner: OWNER,
    public: false,
    runtime: "typescript",
    code: "10\nts\nf:x=>x",
    createdAt: Date.now(),
  });
  return functionId;
}

async function submit(
  store: Store,
  target: { readonly endpointId: string; readonly functionId: string; readonly groupId: string },
  count: number,
  state: "received" | "waiting-for-ep",
): Promise<void> {
  const submits: Promise<unknown>[] = [];
  for (let done = 0; done < count; done += BATCH) {
    submits.push(store.tasks.submit({
      owner: OWNER,
      endpointId: target.endpointId,
      taskGroupId: target.groupId,
      tasks: [{ functionId: target.functionId, payloads: Array(BATCH).fill(PAYLOAD) }],
      options: {},
      state,
      at: Date.now(),
    }));
    if (submits.length === 4) await Promise.all(submits.splice(0));
  }
  await Promise.all(submits);
}

async function claimAll(store: Store, endpointId: string): Promise<string[]> {
  const ids: string[] = [];
  while (true) {
    const tasks = await store.queue.claim({ endpointId, limit: BATCH, maximumBytes: 1 << 20 });
    if (tasks.length === 0) return ids;
    for (const task of tasks) ids.push(task.taskId);
  }
}

function resultOf(task_id: string): ResultMessage {
  const event = (state: ResultMessage["timeline"][number]["state"], by: "agent" | "worker") => ({
    state,
    at: 1_700_000_000_000.25,
    by,
    attempt: 1,
  });
  return {
    task_id,
    attempt: 1,
    state: "success",
    result: RESULT,
    timeline: [
      event("waiting-for-nodes", "agent"),
      event("waiting-for-launch", "agent"),
      event("running", "worker"),
      event("success", "worker"),
    ],
    details: { runtime: "typescript", version: "2.9.6", hostname: "bench", pid: 12345 },
  };
}

async function finish(store: Store, endpointId: string, ids: readonly string[]): Promise<void> {
  for (let done = 0; done < ids.length; done += BATCH) {
    const batch = ids.slice(done, done + BATCH);
    store.queue.accepted(endpointId, batch, Date.now());
    await store.queue.finished(endpointId, batch.map(resultOf), Date.now());
  }
}

async function readResults(store: Store, taskGroupId: string): Promise<void> {
  for (let sequence = 0;;) {
    const page = await store.results.after({
      taskGroupId,
      sequence,
      limit: BATCH,
      maximumBytes: 1 << 20,
    });
    if (page.items.length === 0) return;
    sequence = page.sequence;
  }
}

async function round(store: Store, functionId: string, count: number): Promise<void> {
  const target = { endpointId: await addEndpoint(store), functionId, groupId: newId() };
  let ids: string[] = [];
  await rate("submit", count, () => submit(store, target, count, "waiting-for-ep"));
  await rate("dispatch", count, async () => {
    ids = await claimAll(store, target.endpointId);
  });
  await rate("finish", count, () => finish(store, target.endpointId, ids));
  await rate("read results", count, () => readResults(store, target.groupId));
}

const count = Number(Deno.args[0] ?? 50_000);
const folder = await Deno.makeTempDir({ prefix: "funcx-bench-" });
try {
  const store = await openStore(join(folder, "service.db"));
  const functionId = await addFunction(store);
  await round(store, functionId, count);
  const away = { endpointId: await addEndpoint(store), functionId, groupId: newId() };
  await rate(
    "queue for an absent endpoint",
    100_000,
    () => submit(store, away, 100_000, "waiting-for-ep"),
  );
  await round(store, functionId, count);
  await rate("dispatch to the one back", 100_000, async () => {
    await claimAll(store, away.endpointId);
  });
  console.log(`memory ${Math.round(Deno.memoryUsage().rss / 1e6)} MB`);
  await store.close();
} finally {
  await Deno.remove(folder, { recursive: true });
}
