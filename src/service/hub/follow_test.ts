import type { FollowEvent } from "../../contract/api.ts";
import type { Output } from "../../contract/protocol/messages.ts";
import { assertEquals, assertTrue } from "../../lib/assert.ts";
import { success } from "../store/testing/store_fixture.ts";
import { Follower } from "./follow.ts";
import { opened } from "./testing/hub_fixture.ts";

const encoder = new TextEncoder();

function chunk(task_id: string, offset: number, text: string): Output["chunks"][number] {
  return { task_id, stream: "stdout", offset, data: encoder.encode(text) };
}

function shortOf(event: FollowEvent): string {
  if (event.event === "state") return event.data.state;
  if (event.event === "output") return `${event.data.offset}:${event.data.text}`;
  return `finished ${event.data.status} ${event.data.result}`;
}

async function take(events: AsyncGenerator<FollowEvent>, count: number): Promise<string[]> {
  const taken: string[] = [];
  for (let index = 0; index < count; index++) {
    const next = await events.next();
    if (next.done) break;
    taken.push(shortOf(next.value));
  }
  return taken;
}

Deno.test("a follower sees the past, the moves, the output and the end", async () => {
  const { fixture, endpoint, code } = await opened();
  await using _ = fixture;
  await using fake = await fixture.connect(endpoint);
  await fake.expectNothing();
  const { ids: [id] } = await fixture.submit(endpoint, code, 1);
  await fake.takeTasks(1);
  const events = fixture.hub.follow(id!);
  assertEquals(await take(events, 1), ["received"]);
  assertEquals((await fake.expect("follow")).on, false);
  const follow = await fake.expect("follow");
  assertEquals([follow.task_ids, follow.on], [[id], true]);
  fake.send({ type: "task_ack", task_ids: [id!] });
  const running = { state: "running", at: 4_001, by: "worker", attempt: 1 } as const;
  fake.send({ type: "task_events", events: [{ task_id: id!, event: running }] });
  assertEquals(await take(events, 2), ["waiting-for-nodes", "running"]);
  fake.send({ type: "output", chunks: [chunk(id!, 0, "hel"), chunk(id!, 3, "lo")] });
  assertEquals(await take(events, 2), ["0:hel", "3:lo"]);
  fake.send({ type: "results", results: [success(id!)] });
  assertEquals(await take(events, 3), ["success", "finished success 11\n1"]);
  await fake.expect("result_ack");
  assertEquals((await fake.expect("follow")).on, false);
});

Deno.test("a finished task is told whole, an unknown one not at all", async () => {
  const { fixture, endpoint, code } = await opened();
  await using _ = fixture;
  const { ids: [id] } = await fixture.submit(endpoint, code, 1);
  await fixture.stored.store.queue.finished(endpoint, [success(id!)], 5_000);
  assertEquals(await take(fixture.hub.follow(id!), 10), [
    "received",
    "waiting-for-ep",
    "waiting-for-nodes",
    "running",
    "success",
    "finished success 11\n1",
  ]);
  assertEquals(await take(fixture.hub.follow(crypto.randomUUID()), 10), []);
});

Deno.test("a second reader gets the output from its beginning, the first gets nothing twice", async () => {
  const { fixture, endpoint, code } = await opened();
  await using _ = fixture;
  // As an earlier session has left it: this one sends it again.
  const { ids: [id] } = await fixture.submit(endpoint, code, 1, { state: "received" });
  await using fake = await fixture.connect(endpoint);
  await fake.takeTasks(1);
  const first = fixture.hub.follow(id!);
  await take(first, 1);
  await fake.expect("follow");
  await fake.expect("follow");
  fake.send({ type: "output", chunks: [chunk(id!, 0, "abc")] });
  const stop = new AbortController();
  assertEquals(await take(first, 1), ["0:abc"]);
  const second = fixture.hub.follow(id!, stop.signal);
  await take(second, 1);
  assertEquals([(await fake.expect("follow")).on, (await fake.expect("follow")).on], [false, true]);
  fake.send({ type: "output", chunks: [chunk(id!, 0, "abc"), chunk(id!, 3, "def")] });
  assertEquals(await take(first, 1), ["3:def"]);
  assertEquals(await take(second, 2), ["0:abc", "3:def"]);
  const ended = second.next();
  stop.abort();
  assertEquals((await ended).done, true);
  await first.return();
  assertEquals((await fake.expect("follow")).on, false);
});

Deno.test("followed tasks are asked for again in the next session", async () => {
  const { fixture, endpoint, code } = await opened();
  await using _ = fixture;
  const { ids: [id] } = await fixture.submit(endpoint, code, 1);
  const events = fixture.hub.follow(id!);
  await take(events, 2);
  await using fake = await fixture.connect(endpoint);
  assertEquals((await fake.expect("follow")).task_ids, [id]);
  await fake.takeTasks(1);
  await events.return();
  await fake.expect("follow");
});

Deno.test("an endpoint cannot speak into another one's task", async () => {
  const { fixture, endpoint, code } = await opened();
  await using _ = fixture;
  const { ids: [id] } = await fixture.submit(endpoint, code, 1);
  const events = fixture.hub.follow(id!);
  await take(events, 2);
  await using stranger = await fixture.connect(await fixture.stored.endpoint());
  stranger.send({ type: "output", chunks: [chunk(id!, 0, "lies")] });
  await stranger.expectNothing();
  await using fake = await fixture.connect(endpoint);
  await fake.expect("follow");
  await fake.takeTasks(1);
  fake.send({ type: "output", chunks: [chunk(id!, 0, "true")] });
  assertEquals(await take(events, 1), ["0:true"]);
  await events.return();
  await fake.expect("follow");
});

Deno.test("a reader that is slow loses output beyond a bound, and sees the gap", () => {
  const follower = new Follower("task", "endpoint");
  const size = 400_000;
  for (let count = 0; count < 5; count++) {
    follower.output(chunk("task", count * size, "x".repeat(size)));
  }
  assertEquals(follower.takeOutput().map(({ data }) => data.offset), [0, size]);
  follower.output(chunk("task", 5 * size, "end"));
  const [last] = follower.takeOutput();
  assertEquals([last!.data.offset, last!.data.text], [5 * size, "end"]);
});

Deno.test("a character that is cut between two chunks comes whole", () => {
  const follower = new Follower("task", "endpoint");
  const bytes = encoder.encode("ä€");
  follower.output({ task_id: "task", stream: "stdout", offset: 0, data: bytes.slice(0, 3) });
  follower.output({ task_id: "task", stream: "stdout", offset: 3, data: bytes.slice(3) });
  assertEquals(follower.takeOutput().map(({ data }) => data.text).join(""), "ä€");
  assertTrue(follower.takeOutput().length === 0);
});
