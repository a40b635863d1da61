import { assertEquals } from "../../lib/assert.ts";
import { newId } from "../../contract/ids.ts";
import type { FakeEndpoint } from "./testing/fake_endpoint.ts";
import { type HubFixture, opened } from "./testing/hub_fixture.ts";

/** Two tasks that the agent has acknowledged before it ended, the first with one attempt only. */
async function acknowledged(
  fixture: HubFixture,
  endpoint: string,
  code: string,
  spool_id: string,
): Promise<string[]> {
  const fake = await fixture.connect(endpoint, { spool_id });
  const once = await fixture.submit(endpoint, code, 1, { options: { max_attempts: 1 } });
  const twice = await fixture.submit(endpoint, code, 1, { options: { max_attempts: 2 } });
  const ids = [...once.ids, ...twice.ids];
  await fake.takeTasks(2);
  fake.send({ type: "task_ack", task_ids: ids });
  await fake.expectNothing();
  await fake.cut();
  await fixture.offline(endpoint);
  return ids;
}

function anew(fixture: HubFixture, endpoint: string, spool_id: string): Promise<FakeEndpoint> {
  return fixture.connect(endpoint, { spool_id, answers_held: true, instance_id: newId() });
}

Deno.test("what an agent that was started anew has lost is sent again, or fails", async () => {
  const { fixture, endpoint, code } = await opened();
  await using _ = fixture;
  const spool_id = newId();
  const ids = await acknowledged(fixture, endpoint, code, spool_id);
  await using second = await anew(fixture, endpoint, spool_id);
  assertEquals((await second.expect("held")).task_ids, ids);
  second.send({ type: "missing", task_ids: ids });
  const [again] = await second.takeTasks(1);
  assertEquals([again!.task_id, again!.attempts_made], [ids[1], 1]);
  const lost = await fixture.stored.store.tasks.detail(ids[0]!);
  assertEquals([lost?.state, lost?.result?.error?.code], ["failed", "ENDPOINT_LOST"]);
});

Deno.test("an agent that has everything is asked once, and not again after a cut", async () => {
  const { fixture, endpoint, code } = await opened();
  await using _ = fixture;
  const spool_id = newId();
  const ids = await acknowledged(fixture, endpoint, code, spool_id);
  const instance_id = newId();
  const second = await fixture.connect(endpoint, { spool_id, answers_held: true, instance_id });
  assertEquals((await second.expect("held")).task_ids, ids);
  second.send({ type: "missing", task_ids: [] });
  await second.expectNothing();
  await second.cut();
  await fixture.offline(endpoint);
  await using third = await fixture.connect(endpoint, {
    spool_id,
    answers_held: true,
    instance_id,
  });
  await third.expectNothing();
});

Deno.test("a task that the agent finishes while it is asked is not lost", async () => {
  const { fixture, endpoint, code } = await opened();
  await using _ = fixture;
  const spool_id = newId();
  const ids = await acknowledged(fixture, endpoint, code, spool_id);
  await using second = await anew(fixture, endpoint, spool_id);
  await second.expect("held");
  const results = ids.map((task_id) => ({
    task_id,
    attempt: 1,
    state: "success" as const,
    result: new TextEncoder().encode("11\n1"),
    timeline: [],
  }));
  second.send({ type: "results", results });
  await second.expect("result_ack");
  second.send({ type: "missing", task_ids: ids });
  await second.expectNothing();
  const { state } = (await fixture.stored.store.tasks.detail(ids[0]!))!;
  assertEquals(state, "success");
});
