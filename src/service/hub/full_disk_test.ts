import { assertEquals, assertMatch, assertRejects, assertTrue } from "../../lib/assert.ts";
import { success } from "../store/testing/store_fixture.ts";
import { HubFixture } from "./testing/hub_fixture.ts";

Deno.test("with a full disk nothing is acknowledged, and nothing is lost when there is room", async () => {
  await using fixture = await HubFixture.open();
  const { stored } = fixture;
  const [endpoint, code] = [await stored.endpoint(), await stored.function()];
  const identity = { instance_id: crypto.randomUUID(), spool_id: crypto.randomUUID() };
  const first = await fixture.connect(endpoint, identity);
  await first.expectNothing();
  const { ids } = await fixture.submit(endpoint, code, 1);
  await first.takeTasks(1);

  const makeRoom = stored.fillDisk();
  await assertRejects(
    () =>
      stored.submit(endpoint, code, 0, {
        tasks: [{ functionId: code, payloads: ["x".repeat(5_000_000)] }],
      }),
    /cannot store anything/,
  );
  first.send({
    type: "results",
    results: [{ ...success(ids[0]!), stdout: new Uint8Array(1_000_000) }],
  });
  assertMatch((await first.expect("goodbye")).reason, /results cannot be stored now/);
  await first.expect("closed");
  assertEquals((await stored.detail(ids[0]!)).result, null);

  makeRoom();
  await using second = await fixture.connect(endpoint, identity);
  assertEquals(await second.expectTasks(), ids);
  second.send({ type: "results", results: [success(ids[0]!)] });
  assertEquals((await second.expect("result_ack")).task_ids, ids);
  assertTrue((await stored.detail(ids[0]!)).state === "success");
});
