import { jsonPayload } from "../../contract/envelope.ts";
import { assertEquals } from "../../lib/assert.ts";
import { finishTasks } from "../testing/finish_tasks.ts";
import { ServiceFixture } from "../testing/service_fixture.ts";

Deno.test("the progress of a group says when it will be done, to its owner alone", async () => {
  await using service = await ServiceFixture.open();
  const token = await service.token();
  const [code, endpoint] = [
    await service.registerFunction(token),
    await service.registerEndpoint(token),
  ];
  const submitted = await service.call("POST", `/v3/endpoints/${endpoint.id}/submit`, {
    token,
    body: { tasks: { [code]: Array(8).fill(jsonPayload([1])) } },
  });
  const path = `/v3/task_groups/${submitted.body.task_group_id}/progress`;
  const before = (await service.call("GET", path, { token })).body;
  assertEquals([before.tasks, before.tasks_per_second, before.eta_seconds], [8, null, null]);
  await finishTasks(service.parts.store, endpoint.id, { count: 2 });
  const half = (await service.call("GET", path, { token })).body;
  assertEquals([half.by_state.success, half.eta_seconds > 0], [2, true]);
  assertEquals(half.eta_seconds, 6 / half.tasks_per_second);
  await finishTasks(service.parts.store, endpoint.id);
  const after = (await service.call("GET", path, { token })).body;
  assertEquals([after.by_state, after.eta_seconds], [{ success: 8 }, 0]);
  assertEquals(after.durations.counts.length, after.durations.bounds.length + 1);
  const { body } = await service.call("GET", "/v3/task_groups", { token });
  assertEquals(body.items.map(({ by_state }: { by_state: unknown }) => by_state), [{ success: 8 }]);
  const stranger = { token: await service.token("eve") };
  assertEquals(await service.refusal("GET", path, stranger), "404 TASK_GROUP_NOT_FOUND");
  assertEquals((await service.call("GET", "/v3/task_groups", stranger)).body.items, []);
});
