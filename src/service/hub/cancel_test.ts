import { newId } from "../../contract/ids.ts";
import type { ResultMessage } from "../../contract/protocol/messages.ts";
import { assertEquals } from "../../lib/assert.ts";
import { OWNER, success } from "../store/testing/store_fixture.ts";
import { opened } from "./testing/hub_fixture.ts";

function cancelled(task_id: string, attempt = 0): ResultMessage {
  return { task_id, attempt, state: "cancelled", timeline: [] };
}

Deno.test("a task that waits for its endpoint is cancelled at once and never sent", async () => {
  const { fixture, endpoint, code } = await opened();
  await using _ = fixture;
  const { ids } = await fixture.submit(endpoint, code, 2);
  await fixture.cancel(OWNER, ids.slice(0, 1));
  assertEquals((await fixture.stored.detail(ids[0]!)).state, "cancelled");
  await using fake = await fixture.connect(endpoint);
  assertEquals(await fake.expectTasks(), ids.slice(1));
});

Deno.test("a task that was sent is cancelled by its endpoint", async () => {
  const { fixture, endpoint, code } = await opened();
  await using _ = fixture;
  await using fake = await fixture.connect(endpoint);
  await fake.expectNothing();
  const { ids } = await fixture.submit(endpoint, code, 1);
  await fake.takeTasks(1);
  await fixture.cancel(OWNER, ids);
  assertEquals((await fake.expect("cancel")).task_ids, ids);
  assertEquals((await fixture.stored.detail(ids[0]!)).state, "received");
  fake.send({ type: "results", results: [cancelled(ids[0]!, 1)] });
  await fake.expect("result_ack");
  const { state, result } = await fixture.stored.detail(ids[0]!);
  assertEquals([state, result?.error?.code], ["cancelled", "TASK_CANCELLED"]);
});

Deno.test("a result that overtakes the cancel stands", async () => {
  const { fixture, endpoint, code } = await opened();
  await using _ = fixture;
  await using fake = await fixture.connect(endpoint);
  await fake.expectNothing();
  const { ids } = await fixture.submit(endpoint, code, 1);
  await fake.takeTasks(1);
  fake.send({ type: "results", results: [success(ids[0]!)] });
  await fixture.cancel(OWNER, ids);
  fake.send({ type: "results", results: [cancelled(ids[0]!)] });
  const types = [await fake.next(), await fake.next()].map(({ type }) => type);
  if (types.includes("cancel")) await fake.expect("result_ack");
  assertEquals((await fixture.stored.detail(ids[0]!)).state, "success");
});

Deno.test("a cancel is remembered for an endpoint that is away, and said before any task", async () => {
  const { fixture, endpoint, code } = await opened();
  await using _ = fixture;
  const spool_id = newId();
  const first = await fixture.connect(endpoint, { spool_id });
  await first.expectNothing();
  const { ids } = await fixture.submit(endpoint, code, 3);
  await first.takeTasks(3);
  first.send({ type: "task_ack", task_ids: ids.slice(0, 1) });
  await first.expectNothing();
  await first.cut();
  await fixture.offline(endpoint);
  // One that it has, and one that it may have.
  await fixture.cancel(OWNER, ids.slice(0, 2));
  await using second = await fixture.connect(endpoint, { spool_id });
  assertEquals((await second.expect("cancel")).task_ids, ids.slice(0, 2));
  assertEquals(await second.expectTasks(), ids.slice(2));
  second.send({ type: "results", results: ids.slice(0, 2).map((id) => cancelled(id)) });
  await second.expect("result_ack");
  assertEquals(await fixture.stored.store.tasks.counts(OWNER), { received: 1, cancelled: 2 });
});

Deno.test("a task that waits for credits is cancelled at once, and never sent", async () => {
  const { fixture, endpoint, code } = await opened();
  await using _ = fixture;
  await using fake = await fixture.connect(endpoint, { task_credits: 1 });
  await fake.expectNothing();
  const { ids } = await fixture.submit(endpoint, code, 3);
  await fake.takeTasks(1);
  await fixture.cancel(OWNER, ids.slice(1, 2));
  assertEquals((await fixture.stored.detail(ids[1]!)).state, "cancelled");
  fake.send({ type: "task_ack", task_ids: ids.slice(0, 1) });
  assertEquals(await fake.expectTasks(), ids.slice(2));
});
