/** Which user endpoint gets which tasks, whatever comes at the same time, fails or is started again. */
import { assertEquals } from "../../lib/assert.ts";
import { deferred } from "../../lib/async.ts";
import { GlobusFixture } from "./testing/globus_fixture.ts";

Deno.test("all tasks of a new configuration go to one user endpoint, in however many frames they come", async () => {
  await using fixture = await GlobusFixture.open();
  await fixture.beat();
  const { userEndpoints } = fixture.stored.store;
  const [put, released] = [userEndpoints.put.bind(userEndpoints), deferred<void>()];
  userEndpoints.put = (record) => released.promise.then(() => put(record));
  const ids = [];
  for (let frame = 1; frame <= 3; frame++) {
    ids.push(...await fixture.submit({ workers: 1 }));
    await fixture.frames.first(frame);
  }
  released.resolve();
  const user = await fixture.started(1);
  await user.beat(1);
  assertEquals(await user.given.first(3), ids);
  assertEquals(fixture.commands.all.length, 1);
});

Deno.test("a task is given out though one that came with it cannot be, which comes again", async () => {
  await using fixture = await GlobusFixture.open();
  await fixture.beat();
  const [first] = await fixture.submit({ workers: 1 });
  const user = await fixture.started(1);
  await user.beat(1);
  await user.given.first(1);
  await user.finish(first!);
  await fixture.leave();
  const [known] = await fixture.submit({ workers: 1 });
  const [unknown] = await fixture.submit({ workers: 2 });
  fixture.broker.failNext();
  await fixture.beat();
  assertEquals(await user.given.first(2), [first!, known!]);
  await fixture.offline();
  await fixture.beat();
  // The second command kept the first user endpoint from its end.
  const other = await fixture.started(3);
  await other.beat(2);
  assertEquals(await other.given.first(1), [unknown!]);
});

Deno.test("a task that is cancelled before it has a place is given to nobody", async () => {
  await using fixture = await GlobusFixture.open();
  await fixture.beat();
  const making = fixture.broker.holdNext();
  const [cancelled] = await fixture.submit({ workers: 1 });
  await making.reached;
  const ended = fixture.ended();
  await fixture.cancel(cancelled!);
  await ended;
  making.release();
  const [next] = await fixture.submit({ workers: 1 });
  const user = await fixture.started(1);
  await user.beat(1);
  assertEquals(await user.given.first(1), [next!]);
  assertEquals(await fixture.states(cancelled!), ["cancelled"]);
});

Deno.test("after a restart of the service a user endpoint that ends loses its own tasks, and no others", async () => {
  await using fixture = await GlobusFixture.open();
  await fixture.beat();
  const [lost] = await fixture.submit({ workers: 1 });
  const ending = await fixture.started(1);
  await ending.beat(1);
  const [kept] = await fixture.submit({ workers: 2 });
  const staying = await fixture.started(2);
  await staying.beat(2);
  await Promise.all([ending.given.first(1), staying.given.first(1)]);
  await fixture.restart();
  await fixture.beat();
  await ending.beat(1);
  await staying.beat(2);
  const ended = fixture.ended();
  // Another process of it, so the one before is gone.
  await ending.beat(3);
  await ended;
  await staying.finish(kept!);
  assertEquals(await fixture.states(lost!, kept!), ["failed", "success"]);
});

Deno.test("after a restart of the service a process that was not heard yet is not started anew", async () => {
  await using fixture = await GlobusFixture.open();
  await fixture.beat();
  const [held] = await fixture.submit({ workers: 1 });
  const user = await fixture.started(1);
  await user.beat(1);
  await user.given.first(1);
  await fixture.restart();
  await fixture.beat();
  const [later] = await fixture.submit({ workers: 1 });
  await fixture.submit({ workers: 2 });
  // What came after it has been asked for.
  await fixture.commands.first(2);
  await user.beat(1);
  assertEquals(await user.given.first(2), [held!, later!]);
  assertEquals(fixture.commands.all.map(({ config }) => config["workers"]), [1, 2]);
});
