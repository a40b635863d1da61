/** The log of an agent, asked for over its link. */
import { newId } from "../../contract/ids.ts";
import { assertEquals, assertRejects } from "../../lib/assert.ts";
import { HubFixture } from "./testing/hub_fixture.ts";

Deno.test("the lines come that the agent answers, each to whoever has asked", async () => {
  await using fixture = await HubFixture.open();
  const endpoint = await fixture.stored.endpoint();
  await using fake = await fixture.connect(endpoint, { answers_logs: true });
  await fixture.online(endpoint);
  const [first, second] = [fixture.hub.log(endpoint, 5), fixture.hub.log(endpoint, 7)];
  const asked = [await fake.expect("log_request"), await fake.expect("log_request")];
  assertEquals(asked.map(({ lines }) => lines), [5, 7]);
  fake.send({ type: "log_lines", request_id: newId(), lines: ["nobody's"] });
  fake.send({ type: "log_lines", request_id: asked[1]!.request_id, lines: ["b"] });
  fake.send({ type: "log_lines", request_id: asked[0]!.request_id, lines: ["a", "c"] });
  assertEquals([await first, await second], [["a", "c"], ["b"]]);
});

Deno.test("an agent that is away, too old or silent is told apart", async () => {
  await using fixture = await HubFixture.open({ logTimeout: 1 });
  const [away, old, silent] = [
    await fixture.stored.endpoint(),
    await fixture.stored.endpoint(),
    await fixture.stored.endpoint(),
  ];
  await assertRejects(() => fixture.hub.log(away, 1), /is not connected/);
  await using _old = await fixture.connect(old);
  await fixture.online(old);
  await assertRejects(() => fixture.hub.log(old, 1), /older than this request/);
  await using fake = await fixture.connect(silent, { answers_logs: true });
  await fixture.online(silent);
  await assertRejects(() => fixture.hub.log(silent, 1), /not sent its log in time/);
  await fake.expect("log_request");
});

Deno.test("open requests are few, and end with the session", async () => {
  await using fixture = await HubFixture.open();
  const endpoint = await fixture.stored.endpoint();
  await using fake = await fixture.connect(endpoint, { answers_logs: true });
  await fixture.online(endpoint);
  const open = Array.from({ length: 4 }, () => fixture.hub.log(endpoint, 1));
  const ends = Promise.allSettled(open);
  await assertRejects(() => fixture.hub.log(endpoint, 1), /asked for its log already/);
  for (const _ of open) await fake.expect("log_request");
  await fake.cut();
  const codes = (await ends).map((end) => end.status === "rejected" && end.reason.code);
  assertEquals(codes, Array(4).fill("ENDPOINT_OFFLINE"));
});
