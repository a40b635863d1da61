import { newId } from "../../../contract/ids.ts";
import { assertEquals, assertRejects, assertTrue } from "../../../lib/assert.ts";
import type { QueuedTask } from "../store.ts";
import { OWNER, StoreFixture, success, taskIdsOf } from "../testing/store_fixture.ts";

async function opened(count: number, change = {}): Promise<{
  readonly fixture: StoreFixture;
  readonly endpoint: string;
  readonly code: string;
  readonly ids: readonly string[];
  readonly group: string;
}> {
  const fixture = await StoreFixture.open();
  const [endpoint, code] = [await fixture.endpoint(), await fixture.function()];
  const receipt = await fixture.submit(endpoint, code, count, change);
  return { fixture, endpoint, code, ids: taskIdsOf(receipt), group: receipt.taskGroupId };
}

Deno.test("claims go on where they stopped, and give what was not accepted again from the start", async () => {
  const { fixture, endpoint, ids } = await opened(5, { state: "waiting-for-ep" });
  await using _ = fixture;
  const { queue } = fixture.store;
  const claim = async (limit: number): Promise<string[]> => {
    const tasks = await queue.claim({ endpointId: endpoint, limit, maximumBytes: 100 });
    return tasks.map(({ taskId }) => taskId);
  };
  assertEquals(await claim(3), ids.slice(0, 3));
  assertEquals(await claim(10), ids.slice(3));
  assertEquals(await claim(10), []);
  queue.accepted(endpoint, ids.slice(0, 2), 4_000);
  await fixture.connect(endpoint, newId());
  assertEquals(await fixture.claimIds(endpoint), ids.slice(2));
});

Deno.test("bytes bound a claim, but the first task always comes", async () => {
  const { fixture, endpoint: endpointId, ids } = await opened(4, { state: "waiting-for-ep" });
  await using _ = fixture;
  const { queue } = fixture.store;
  const taskIds = (tasks: readonly QueuedTask[]): string[] => tasks.map(({ taskId }) => taskId);
  const claim = (maximumBytes: number) => queue.claim({ endpointId, limit: 10, maximumBytes });
  assertEquals(taskIds(await claim(0)), ids.slice(0, 1));
  const rest = await claim(3);
  assertEquals(taskIds(rest), ids.slice(1));
  const sent = (maximumBytes: number) =>
    queue.sent({ endpointId, after: 0, limit: 10, maximumBytes });
  assertEquals(taskIds(await sent(0)), ids.slice(0, 1));
  assertEquals(taskIds(await sent(3)), ids.slice(0, 3));
  const positions = rest.map(({ position }) => position).reverse();
  const sentAt = (maximumBytes: number) => queue.sentAt({ endpointId, positions, maximumBytes });
  assertEquals(taskIds(await sentAt(0)), ids.slice(3));
  assertEquals(taskIds(await sentAt(2)), [ids[3], ids[2]]);
});

Deno.test("another endpoint's tasks are neither claimed, nor accepted, nor finished", async () => {
  const { fixture, endpoint, ids } = await opened(1);
  await using _ = fixture;
  const other = await fixture.endpoint();
  assertEquals(await fixture.claimIds(other), []);
  fixture.store.queue.accepted(other, ids, 4_000);
  fixture.store.queue.progressed(other, [{
    task_id: ids[0]!,
    event: { state: "running", at: 4_001, by: "worker", attempt: 1 },
  }]);
  assertEquals((await fixture.detail(ids[0]!)).state, "received");
  await fixture.store.queue.finished(other, [success(ids[0]!)], 5_000);
  await fixture.reopen();
  assertEquals((await fixture.detail(ids[0]!)).state, "waiting-for-ep");
  assertEquals(await fixture.claimIds(endpoint), ids);
});

Deno.test("progress shows at once, survives the store, and is in the timeline once", async () => {
  const { fixture, endpoint, ids } = await opened(1);
  await using _ = fixture;
  const [taskId] = ids as [string];
  fixture.store.queue.accepted(endpoint, ids, 4_000);
  const running = { state: "running", at: 4_002, by: "worker", attempt: 1 } as const;
  fixture.store.queue.progressed(endpoint, [{ task_id: taskId, event: running }]);
  const expected = ["received service 0", "waiting-for-nodes agent 0", "running worker 1"];
  assertEquals(await fixture.timeline(taskId), expected);
  const [status] = await fixture.store.tasks.statuses([taskId]);
  assertEquals([status!.state, status!.result], ["running", null]);
  await fixture.reopen();
  assertEquals(await fixture.timeline(taskId), expected);
  assertEquals((await fixture.detail(taskId)).state, "running");
  assertEquals((await fixture.detail(taskId)).attempt, 1);
});

Deno.test("an event that the contract forbids is dropped, a terminal one needs a result", async () => {
  const { fixture, endpoint, ids } = await opened(1);
  await using _ = fixture;
  const [taskId] = ids as [string];
  const event = (state: "received" | "running" | "success") => ({
    task_id: taskId,
    event: { state, at: 4_000, by: "agent", attempt: 1 } as const,
  });
  const events = [event("running"), event("running"), event("received"), event("success")];
  fixture.store.queue.progressed(endpoint, events);
  assertEquals(await fixture.timeline(taskId), ["received service 0", "running agent 1"]);
});

Deno.test("the first result wins, in one batch too", async () => {
  const { fixture, endpoint, ids, group } = await opened(2);
  await using _ = fixture;
  const { queue, tasks, results } = fixture.store;
  const [one, two] = ids as [string, string];
  let woken = 0;
  const end = results.onFinished(group, () => woken++);
  await queue.finished(endpoint, [success(one, "first"), success(one, "second")], 5_000);
  await queue.finished(endpoint, [success(one, "third"), success(two)], 6_000);
  end();
  await queue.finished(endpoint, [success(newId())], 6_000);
  assertEquals(woken, 2);
  const detail = await fixture.detail(one);
  assertEquals([detail.state, detail.result?.result, detail.completedAt], [
    "success",
    "first",
    5_000,
  ]);
  assertEquals(await tasks.counts(OWNER), { success: 2 });
  const page = await results.after({
    taskGroupId: group,
    sequence: 0,
    limit: 10,
    maximumBytes: 1_000,
  });
  assertEquals(page.items.map(({ taskId }) => taskId), [one, two]);
});

Deno.test("a result replaces reported progress, and says how it ended", async () => {
  const { fixture, endpoint, ids } = await opened(1);
  await using _ = fixture;
  const [taskId] = ids as [string];
  const { queue } = fixture.store;
  queue.accepted(endpoint, ids, 4_000);
  await queue.finished(endpoint, [{
    task_id: taskId,
    attempt: 2,
    state: "failed",
    error: { code: "RemoteExecutionError", type: "ValueError", message: "no", traceback: "at x" },
    stdout: new Uint8Array([0x61, 0xff, 0]),
    stderr: new TextEncoder().encode("warned"),
    timeline: [
      { state: "waiting-for-nodes", at: 4_000, by: "agent", attempt: 0 },
      { state: "failed", at: 4_009, by: "worker", attempt: 2, detail: "raised" },
    ],
    details: { pid: 7 },
  }], 5_000);
  const detail = await fixture.detail(taskId);
  assertEquals(await fixture.timeline(taskId), [
    "received service 0",
    "waiting-for-nodes agent 0",
    "failed worker 2",
  ]);
  assertEquals(detail.attempt, 2);
  assertEquals(detail.result, {
    taskId,
    state: "failed",
    completedAt: 5_000,
    result: null,
    error: { code: "RemoteExecutionError", type: "ValueError", message: "no", traceback: "at x" },
    stdout: "a\ufffd\0",
    stderr: "warned",
    details: { pid: 7 },
  });
});

Deno.test("what an endpoint sends beyond the limits is bounded", async () => {
  const { fixture, endpoint, ids } = await opened(1);
  await using _ = fixture;
  const [taskId] = ids as [string];
  await fixture.store.queue.finished(endpoint, [{
    ...success(taskId),
    result: new Uint8Array(10 * 1024 * 1024 + 1),
    stdout: new TextEncoder().encode("x".repeat(1024 * 1024) + "end"),
    details: { filler: "y".repeat(20_000) },
  }], 5_000);
  const { result } = await fixture.detail(taskId);
  assertEquals([result?.state, result?.error?.code], ["failed", "MaxResultSizeExceeded"]);
  assertEquals([result?.stdout.length, result?.stdout.slice(-4)], [1024 * 1024, "xend"]);
  assertEquals(result?.details, null);
});

Deno.test("a task that is not on its way is cancelled at once, another one is remembered", async () => {
  const { fixture, endpoint, ids } = await opened(3, { state: "waiting-for-ep" });
  await using _ = fixture;
  const [sent, queued, done] = ids as [string, string, string];
  const { queue } = fixture.store;
  await queue.claim({ endpointId: endpoint, limit: 1, maximumBytes: 10 });
  await queue.finished(endpoint, [success(done)], 5_000);
  assertEquals(await queue.cancel(OWNER, [done, sent, queued], 6_000), [
    { kind: "finished", taskId: done },
    { kind: "requested", taskId: sent, endpointId: endpoint },
    { kind: "cancelled", taskId: queued },
  ]);
  const detail = await fixture.detail(queued);
  assertEquals([detail.state, detail.result?.error?.code], ["cancelled", "TASK_CANCELLED"]);
  await fixture.reopen();
  const open = await fixture.store.queue.cancelRequests({
    endpointId: endpoint,
    after: 0,
    limit: 10,
  });
  assertEquals(open.map(({ taskId }) => taskId), [sent]);
  const claimed = await fixture.claim(endpoint);
  assertEquals(claimed.map(({ taskId, cancelRequested }) => [taskId, cancelRequested]), [
    [sent, true],
  ]);
  await fixture.store.queue.finished(endpoint, [success(sent)], 7_000);
  assertEquals(
    await fixture.store.queue.cancelRequests({ endpointId: endpoint, after: 0, limit: 10 }),
    [],
  );
});

Deno.test("a cancel names the first task that is not the owner's, and cancels none", async () => {
  const { fixture, ids } = await opened(1, { state: "waiting-for-ep" });
  await using _ = fixture;
  const unknown = newId();
  await assertRejects(
    () => fixture.store.queue.cancel(OWNER, [...ids, unknown], 5_000),
    new RegExp(unknown),
  );
  await assertRejects(
    () => fixture.store.queue.cancel("bob", ids, 5_000),
    /TASK_NOT_FOUND|no task/,
  );
  assertEquals((await fixture.detail(ids[0]!)).state, "waiting-for-ep");
});

Deno.test("a new spool sends accepted tasks again while attempts are left", async () => {
  const { fixture, endpoint, code, ids } = await opened(2, { options: { max_attempts: 2 } });
  await using _ = fixture;
  const [once] = taskIdsOf(
    await fixture.submit(endpoint, code, 1, { options: { max_attempts: 1 } }),
  );
  const [waiting] = taskIdsOf(
    await fixture.submit(endpoint, code, 1, { state: "waiting-for-ep" }),
  );
  const { queue } = fixture.store;
  const spool = newId();
  await fixture.connect(endpoint, spool);
  queue.accepted(endpoint, [...ids, once!], 4_000);
  assertEquals(await fixture.connect(endpoint, spool), { requeued: 0, failed: 0 });
  assertEquals(await fixture.connect(endpoint, newId()), { requeued: 2, failed: 1 });
  assertEquals(await fixture.claimIds(endpoint), [...ids, waiting]);
  const [again] = await fixture.claim(endpoint);
  assertEquals(again!.attemptsMade, 1);
  assertEquals(await fixture.timeline(ids[0]!), [
    "received service 0",
    "waiting-for-nodes agent 0",
    "waiting-for-ep service 1",
  ]);
  const failed = await fixture.detail(once!);
  assertEquals([failed.state, failed.result?.error?.code], ["failed", "ENDPOINT_LOST"]);
  queue.accepted(endpoint, ids, 5_000);
  // The third one was never accepted, but it was sent.
  assertEquals(await fixture.connect(endpoint, newId()), { requeued: 1, failed: 2 });
});

Deno.test("attempts that the endpoint made by itself count", async () => {
  const { fixture, endpoint, ids } = await opened(1, { options: { max_attempts: 3 } });
  await using _ = fixture;
  const [taskId] = ids as [string];
  await fixture.connect(endpoint, newId());
  fixture.store.queue.accepted(endpoint, ids, 4_000);
  fixture.store.queue.progressed(endpoint, [{
    task_id: taskId,
    event: { state: "running", at: 4_001, by: "worker", attempt: 2 },
  }]);
  await fixture.connect(endpoint, newId());
  const [again] = await fixture.claim(endpoint);
  assertEquals(again!.attemptsMade, 2);
});

Deno.test("what was sent and not accepted counts as perhaps run when the spool is new", async () => {
  const { fixture, endpoint, code, ids } = await opened(1, { options: { max_attempts: 1 } });
  await using _ = fixture;
  await fixture.connect(endpoint, newId());
  const later = taskIdsOf(
    await fixture.submit(endpoint, code, 1, { options: { max_attempts: 1 }, state: "received" }),
  );
  const [, unsent] = await fixture.claim(endpoint);
  await fixture.store.queue.release(endpoint, [unsent!.position]);
  assertEquals((await fixture.detail(later[0]!)).state, "waiting-for-ep");
  await fixture.connect(endpoint, newId());
  assertEquals((await fixture.detail(ids[0]!)).result?.error?.code, "ENDPOINT_LOST");
  assertEquals(await fixture.claimIds(endpoint), later);
});

Deno.test("a cancelled task is not sent again after a loss", async () => {
  const { fixture, endpoint, ids } = await opened(1);
  await using _ = fixture;
  await fixture.connect(endpoint, newId());
  fixture.store.queue.accepted(endpoint, ids, 4_000);
  await fixture.store.queue.cancel(OWNER, ids, 4_500);
  await fixture.connect(endpoint, newId());
  assertEquals((await fixture.detail(ids[0]!)).state, "cancelled");
});

Deno.test("a lost spool of thousands is handled in portions, after a restart too", async () => {
  const { fixture, endpoint, ids } = await opened(2_500);
  await using _ = fixture;
  const spool = newId();
  await fixture.connect(endpoint, spool);
  fixture.store.queue.accepted(endpoint, ids, 4_000);
  await fixture.reopen();
  assertEquals(await fixture.connect(endpoint, newId()), { requeued: 2_500, failed: 0 });
  assertEquals((await fixture.claimIds(endpoint)).length, 1_000);
});

Deno.test("function code is served for deleted functions too", async () => {
  const { fixture, code } = await opened(1);
  await using _ = fixture;
  await fixture.store.functions.delete(code);
  const codes = await fixture.store.queue.codes([code, newId()]);
  assertEquals(codes.size, 1);
  assertTrue(new TextDecoder().decode(codes.get(code)).includes(code));
});

Deno.test("a task that goes back to waiting while its endpoint is deleted fails as well", async () => {
  const { fixture, endpoint, code, ids, group } = await opened(2);
  await using _ = fixture;
  const { endpoints, queue, results } = fixture.store;
  const sent = await fixture.claim(endpoint);
  await fixture.submit(endpoint, code, 1, { taskGroupId: group, state: "waiting-for-ep" });
  // Its session ends when the one that waits has failed.
  const released = Promise.withResolvers<void>();
  results.onFinished(group, () => {
    released.resolve(queue.release(endpoint, sent.map(({ position }) => position)));
  });
  await endpoints.delete(endpoint, 5_000);
  await released.promise;
  assertEquals(await fixture.store.tasks.unfinished(), 0);
  assertEquals((await fixture.detail(ids[1]!)).result?.error?.code, "ENDPOINT_LOST");
});
