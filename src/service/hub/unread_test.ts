import { setImmediate } from "node:timers/promises";
import { newId } from "../../contract/ids.ts";
import { assertEquals, assertTrue } from "../../lib/assert.ts";
import { HubFixture } from "./testing/hub_fixture.ts";
import { UnreadEndpoint } from "./testing/unread_endpoint.ts";

/** More than the system's own buffers and the limit of the test take, at 38 KB each. */
const MANY_MESSAGES = 2_000;

Deno.test("an endpoint that reads nothing loses its link, and none of its tasks", async () => {
  await using fixture = await HubFixture.open({ maximumBacklog: 64 * 1024 });
  const [endpoint, code] = [await fixture.stored.endpoint(), await fixture.stored.function()];
  const { ids } = await fixture.submit(endpoint, code, 3);
  {
    using _ = await UnreadEndpoint.connect(fixture.port, endpoint);
    await fixture.online(endpoint);
    for (let said = 0; fixture.hub.isOnline(endpoint); said++) {
      assertTrue(said < MANY_MESSAGES, "everything was taken");
      cancelThousand(fixture, endpoint);
      await setImmediate();
    }
  }
  await using fake = await fixture.connect(endpoint);
  assertEquals((await fake.takeTasks(3)).map(({ task_id }) => task_id), ids);
});

/** No credits limit these, unlike tasks. */
function cancelThousand({ hub }: HubFixture, endpointId: string): void {
  const taskIds = Array.from({ length: 1_000 }, () => newId());
  hub.cancel(taskIds.map((taskId) => ({ kind: "requested", endpointId, taskId })));
}
