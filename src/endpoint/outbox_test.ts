import { blobBuffer } from "../contract/blob_reference.ts";
import { newId, type TaskId } from "../contract/ids.ts";
import { decodeEndpointMessage } from "../contract/protocol/codec.ts";
import type { ResultMessage } from "../contract/protocol/messages.ts";
import { assertEquals, assertMatch, assertTrue } from "../lib/assert.ts";
import { Outbox, type ResultStore } from "./outbox.ts";
import type { StoredBatch } from "./spool.ts";

/** What the spool has of results. */
class Stored implements ResultStore {
  readonly batches = new Map<number, StoredBatch>();

  storeResults(frame: Uint8Array, tasks: readonly { readonly taskId: TaskId }[]): number {
    const batch = this.batches.size + 1;
    this.batches.set(batch, { batch, frame, taskIds: tasks.map(({ taskId }) => taskId) });
    return batch;
  }

  dropResults(batch: number): void {
    this.batches.delete(batch);
  }

  batch(batch: number): StoredBatch | undefined {
    return this.batches.get(batch);
  }

  unacknowledged(): { readonly batches: number[]; readonly results: number } {
    return { batches: [], results: 0 };
  }
}

/** A service that closes each link on which it gets one of `poison`, as a violation. */
class Service {
  readonly stored = new Stored();
  readonly outbox = new Outbox(this.stored);
  readonly poison = new Set<TaskId>();
  /** Also what stands for one of `poison`. */
  refusesFailures = false;
  readonly taken = new Map<TaskId, ResultMessage>();
  /** Tasks of each frame that it got. */
  readonly frames: number[] = [];

  /** One link, until it is closed or nothing more comes; whether it was closed. */
  serve(): boolean {
    this.outbox.begin(1_000);
    for (let sent; (sent = this.outbox.next()).length > 0;) {
      for (const { frame } of sent) {
        if (this.#take(frame)) continue;
        this.outbox.end(true);
        return true;
      }
    }
    return false;
  }

  /** Links that it closed until it had all that it takes. */
  serveAll(): number {
    for (let closes = 0;; closes++) {
      assertTrue(closes < 20, "the same is sent again and again");
      if (!this.serve()) return closes;
    }
  }

  #take(frame: Uint8Array): boolean {
    const decoded = decodeEndpointMessage(frame);
    assertTrue(decoded.kind === "message" && decoded.message.type === "results");
    const { results } = decoded.message;
    this.frames.push(results.length);
    if (results.some((result) => this.#isPoison(result))) return false;
    for (const result of results) this.taken.set(result.task_id, result);
    this.outbox.acknowledged(results.map(({ task_id }) => task_id));
    return true;
  }

  #isPoison({ task_id, state }: ResultMessage): boolean {
    return this.poison.has(task_id) && (state === "success" || this.refusesFailures);
  }
}

function finish(outbox: Outbox, count: number, lane = 1): TaskId[] {
  const taskIds = Array.from({ length: count }, () => newId());
  outbox.ready(outbox.add(taskIds.map((task_id, index) => ({
    seq: index + 1,
    lane,
    result: {
      task_id,
      attempt: 1,
      state: "success",
      result: new TextEncoder().encode("11\n42"),
      timeline: [{ state: "success", at: 7, by: "worker", attempt: 1 }],
    },
  }))));
  return taskIds;
}

Deno.test("a result that the service always refuses fails its task, and holds up no other", () => {
  const service = new Service();
  const first = finish(service.outbox, 4);
  const second = finish(service.outbox, 3);
  service.poison.add(first[2]!);
  assertEquals(service.serveAll(), 4);
  const refused = service.taken.get(first[2]!)!;
  assertEquals([refused.state, refused.attempt, refused.error?.code], [
    "failed",
    1,
    "UNKNOWN_TASK_FAILURE",
  ]);
  assertMatch(refused.error!.message, /closed the link/);
  for (const taskId of [...first, ...second]) {
    assertEquals(service.taken.get(taskId)?.state, taskId === first[2] ? "failed" : "success");
  }
  assertEquals([service.stored.batches.size, service.outbox.size], [0, 0]);
});

Deno.test("one link that is closed is no reason to cut a batch, nor are ends of another kind", () => {
  const service = new Service();
  const [poison] = finish(service.outbox, 4);
  service.poison.add(poison!);
  service.serve();
  service.poison.clear();
  for (let link = 0; link < 3; link++) {
    service.outbox.begin(1_000);
    assertEquals(service.outbox.next().map(({ taskIds }) => taskIds.length), [4]);
    service.outbox.end();
  }
  assertEquals(service.serveAll(), 0);
  assertEquals(service.frames, [4, 4]);
  assertEquals(service.taken.get(poison!)?.state, "success");
});

Deno.test("what is refused in every form stays in the spool, and is not sent for ever", () => {
  const service = new Service();
  const [poison, other] = finish(service.outbox, 2);
  service.poison.add(poison!);
  service.refusesFailures = true;
  assertEquals(service.serveAll(), 6);
  assertEquals([...service.taken.keys()], [other]);
  assertEquals([service.stored.batches.size, service.outbox.size], [1, 2]);
});

Deno.test("a result whose file the service does not take fails with the service's words", () => {
  const taskId = newId();
  const error = {
    code: "BLOB_QUOTA_EXCEEDED",
    type: "x",
    message: "too much",
    traceback: "",
  } as const;
  let isWaiting = true;
  const outbox = new Outbox(new Stored(), { isWaiting: () => isWaiting, refusalOf: () => error });
  outbox.begin(1_000);
  const result = new TextEncoder().encode(blobBuffer({ sha256: "ab".repeat(32), size: 5_000_000 }));
  const timeline = [{ state: "success", at: 7, by: "worker", attempt: 1 }] as const;
  const message = {
    task_id: taskId,
    attempt: 1,
    state: "success",
    result,
    timeline: [...timeline],
  };
  outbox.ready(outbox.add([{ seq: 1, lane: 1, result: message as ResultMessage }]));
  assertEquals(outbox.next(), []);
  isWaiting = false;
  outbox.release(taskId);
  const [sent] = outbox.next();
  const decoded = decodeEndpointMessage(sent!.frame);
  assertTrue(decoded.kind === "message" && decoded.message.type === "results");
  const [failed] = decoded.message.results;
  assertEquals([failed!.state, failed!.error, failed!.result], ["failed", error, undefined]);
});

Deno.test("a result does not wait behind all those of another lane", () => {
  const outbox = new Outbox(new Stored());
  outbox.begin(10_000);
  finish(outbox, 20_000, 1);
  const sent = outbox.next();
  const [late] = finish(outbox, 1, 2);
  assertEquals(outbox.next(), []);
  outbox.acknowledged(sent[0]!.taskIds);
  outbox.acknowledged(sent[1]!.taskIds);
  assertTrue(outbox.next().some(({ taskIds }) => taskIds.includes(late!)));
});

Deno.test("results of one lane stay in order, whatever others have", () => {
  const outbox = new Outbox(new Stored());
  outbox.begin(10_000);
  const own = [1, 2, 1, 1].map((lane) => ({ lane, taskIds: finish(outbox, 300, lane) }));
  const sent: TaskId[] = [];
  for (let batches; (batches = outbox.next()).length > 0;) {
    for (const { taskIds } of batches) {
      sent.push(...taskIds);
      outbox.acknowledged(taskIds);
    }
  }
  for (const wanted of [1, 2]) {
    const expected = own.filter(({ lane }) => lane === wanted).flatMap(({ taskIds }) => taskIds);
    const among = new Set(expected);
    assertEquals(sent.filter((taskId) => among.has(taskId)), expected);
  }
});
