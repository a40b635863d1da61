/** Who is told when tasks and endpoints change. */
import { setImmediate } from "node:timers/promises";
import { assertEquals } from "../../../lib/assert.ts";
import { StoreFixture, success, taskIdsOf } from "../testing/store_fixture.ts";

Deno.test("an owner's tasks are told of when they are submitted, move and end, once a turn", async () => {
  await using fixture = await StoreFixture.open();
  const { store } = fixture;
  const endpoint = await fixture.endpoint({ public: true });
  const code = await fixture.function({ public: true });
  const told: string[] = [];
  const taken = async (): Promise<string[]> => {
    await setImmediate();
    return told.splice(0).toSorted();
  };
  const end = store.changes.onTasks((owner) => told.push(owner));

  const [first] = await Promise.all([
    fixture.submit(endpoint, code, 2),
    fixture.submit(endpoint, code, 1),
    fixture.submit(endpoint, code, 1, { owner: "bob" }),
  ]);
  assertEquals(await taken(), ["ada", "bob"]);

  const [id, other] = taskIdsOf(first);
  store.queue.progressed(endpoint, [
    { task_id: id!, event: { state: "running", at: 5_000, by: "worker", attempt: 1 } },
    { task_id: other!, event: { state: "running", at: 5_000, by: "worker", attempt: 1 } },
  ]);
  assertEquals(await taken(), ["ada", "bob"]);

  await store.queue.finished(endpoint, [success(id!)], 6_000);
  assertEquals(await taken(), ["ada"]);

  // What endpoints told is written some time later, and counts by state follow only then.
  const written = Promise.withResolvers<void>();
  const endOfWaiting = store.changes.onTasks(() => written.resolve());
  await written.promise;
  endOfWaiting();
  assertEquals(await taken(), ["ada", "bob"]);
  assertEquals((await store.tasks.counts("ada")).running, 1);

  end();
  await store.queue.finished(endpoint, [success(other!)], 6_000);
  assertEquals(await taken(), []);
});

Deno.test("an endpoint is told of when it is registered, changed, heard and deleted", async () => {
  await using fixture = await StoreFixture.open();
  const { endpoints } = fixture.store;
  const told: string[] = [];
  endpoints.onChange((endpointId) => told.push(endpointId));
  const endpoint = await fixture.endpoint();
  assertEquals(told.splice(0), [endpoint]);
  await fixture.connect(endpoint, "spool");
  assertEquals(told.splice(0), [endpoint]);
  await endpoints.seen(endpoint, 4_000);
  assertEquals(told.splice(0), [endpoint]);
  await endpoints.delete(endpoint, 5_000);
  assertEquals(told.splice(0), [endpoint]);
});
