import { assertEquals, assertRejects } from "../lib/assert.ts";
import type { FollowEvent } from "../contract/api.ts";
import { newId } from "../contract/ids.ts";
import type { ServerEvents } from "./event_stream.ts";
import { followEvents } from "./follow.ts";

const state = (name: string, attempt = 1, at = 1): object => ({
  event: "state",
  data: { state: name, at, by: "worker", attempt },
});
const output = (offset: number, text: string): object => ({
  event: "output",
  data: { stream: "stdout", offset, text },
});
const finished = { event: "finished", data: { task_id: newId(), status: "success" } };

async function followed(...connections: object[][]): Promise<FollowEvent[]> {
  async function* batches(): AsyncGenerator<ServerEvents> {
    for (const [connection, events] of connections.entries()) {
      for (const event of events) {
        const { event: name, data } = event as { event: string; data: unknown };
        yield { connection, events: [{ event: name, data: JSON.stringify(data), id: undefined }] };
      }
    }
  }
  return await Array.fromAsync(followEvents(batches()));
}

function textOf(events: readonly FollowEvent[]): string {
  return events.map((event) => event.event === "output" ? event.data.text : "").join("");
}

Deno.test("a connection that breaks repeats nothing and loses nothing", async () => {
  const events = await followed(
    [state("running"), output(0, "één "), output(6, "twee ")],
    [state("running"), output(0, "één twee drie "), output(16, "vier"), finished],
  );
  assertEquals(textOf(events), "één twee drie vier");
  assertEquals(events.filter(({ event }) => event === "state").length, 1);
  assertEquals(events.at(-1)?.event, "finished");
});

Deno.test("each attempt begins its output anew", async () => {
  const events = await followed(
    [state("running"), output(0, "first")],
    [state("running", 2, 2), output(0, "first again"), finished],
  );
  assertEquals(textOf(events), "firstfirst again");
});

Deno.test("nothing is read after the end, unknown events are passed over", async () => {
  const events = await followed([
    { event: "weather", data: 1 },
    finished,
    output(0, "too late"),
  ]);
  assertEquals(events.map(({ event }) => event), ["finished"]);
});

Deno.test("an event in another form is a violation", async () => {
  await assertRejects(
    () => followed([{ event: "output", data: { text: 1 } }]),
    /does not understand/,
  );
});
