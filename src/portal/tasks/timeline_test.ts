import { assertEquals } from "../../lib/assert.ts";
import type { TaskEvent } from "../../contract/task_state.ts";
import { fullerTimeline, timelineOf } from "./timeline.ts";

function move(state: TaskEvent["state"], at: number): TaskEvent {
  return { state, at, by: "service", attempt: 1 };
}

const shortOf = (events: readonly TaskEvent[], now: number): unknown[] =>
  timelineOf(events, now).hops.map(({ seconds, share, clamped }) => [seconds, share, clamped]);

Deno.test("stretches add up to the whole, and an end has no length", () => {
  const events = [move("received", 1_000), move("running", 2_000), move("success", 5_000)];
  assertEquals(shortOf(events, 99), [[1, 0.25, false], [3, 0.75, false], [null, 0, false]]);
  assertEquals(timelineOf(events, 99).seconds, 4);
});

Deno.test("what is not over lasts until now", () => {
  const { hops, seconds } = timelineOf([move("received", 1_000), move("running", 2_000)], 5);
  assertEquals(hops.map((hop) => [hop.seconds, hop.ongoing]), [[1, false], [3, true]]);
  assertEquals(seconds, 4);
});

Deno.test("a clock that is behind makes no negative stretch", () => {
  const events = [
    move("received", 10_000),
    move("waiting-for-nodes", 4_000),
    move("running", 12_000),
    move("success", 11_500),
  ];
  assertEquals(shortOf(events, 99), [
    [0, 0, false],
    [2, 1, true],
    [0, 0, false],
    [null, 0, true],
  ]);
});

Deno.test("a reader whose clock is behind sees no negative stretch either", () => {
  assertEquals(shortOf([move("received", 10_000)], 3), [[0, 0, false]]);
});

Deno.test("a task without moves has no stretches", () => {
  assertEquals(timelineOf([], 7), { hops: [], seconds: 0 });
});

Deno.test("of an ended task the service's account counts, of another one the longer", () => {
  const live = [move("received", 1_000), move("waiting-for-nodes", 1_300), move("running", 1_200)];
  assertEquals(fullerTimeline(live, live.slice(0, 2)), live);
  assertEquals(fullerTimeline(live.slice(0, 2), live), live);
  const ended = [...live, move("success", 1_400)];
  const told = [move("received", 1_000), move("running", 1_200), move("success", 1_400)];
  assertEquals(fullerTimeline(ended, told), told);
});
