import { jsonPayload } from "../../contract/envelope.ts";
import { newId } from "../../contract/ids.ts";
import { assertEquals, assertTrue } from "../../lib/assert.ts";
import { finishTasks } from "../testing/finish_tasks.ts";
import { ServiceFixture } from "../testing/service_fixture.ts";

const PAYLOAD = jsonPayload([21]);

/** Refusals of things that exist must not differ from those of things that do not, but for the id. */
async function assertLikeUnknown(
  service: ServiceFixture,
  token: string,
  method: string,
  path: (id: string) => string,
  id: string,
  body?: unknown,
): Promise<void> {
  const unknownId = newId();
  const ofUnknown = await service.call(method, path(unknownId), { token, body });
  const ofForeign = await service.call(method, path(id), { token, body });
  assertTrue(ofUnknown.status === 404, `${method} ${path(unknownId)}: ${ofUnknown.status}`);
  assertEquals(
    JSON.stringify(ofForeign.body).replaceAll(id, "ID"),
    JSON.stringify(ofUnknown.body).replaceAll(unknownId, "ID"),
  );
}

Deno.test("what belongs to another user looks as if it did not exist", async () => {
  await using service = await ServiceFixture.open();
  const [ada, bob] = [await service.token("ada"), await service.token("bob")];
  const fn = await service.registerFunction(ada);
  const endpoint = await service.registerEndpoint(ada);
  const submitted = await service.call("POST", `/v3/endpoints/${endpoint.id}/submit`, {
    token: ada,
    body: { tasks: { [fn]: [PAYLOAD] } },
  });
  const task: string = submitted.body.tasks[fn][0];
  const group: string = submitted.body.task_group_id;
  const probes: [string, (id: string) => string, string, unknown?][] = [
    ["GET", (id) => `/v2/functions/${id}`, fn],
    ["DELETE", (id) => `/v2/functions/${id}`, fn],
    ["GET", (id) => `/v2/endpoints/${id}`, endpoint.id],
    ["GET", (id) => `/v2/endpoints/${id}/status`, endpoint.id],
    ["GET", (id) => `/v3/endpoints/${id}/allowed_functions`, endpoint.id],
    ["PUT", (id) => `/v3/endpoints/${id}`, endpoint.id, { endpoint_name: "mine" }],
    ["DELETE", (id) => `/v2/endpoints/${id}`, endpoint.id],
    ["POST", (id) => `/v3/endpoints/${id}/shutdown`, endpoint.id, {}],
    ["POST", (id) => `/v3/endpoints/${id}/lock`, endpoint.id],
    ["GET", (id) => `/v2/endpoints/${id}/whitelist`, endpoint.id],
    ["POST", (id) => `/v2/endpoints/${id}/whitelist`, endpoint.id, { func: [fn] }],
    ["DELETE", (id) => `/v2/endpoints/${id}/whitelist/${fn}`, endpoint.id],
    ["POST", (id) => `/v3/endpoints/${id}/submit`, endpoint.id, { tasks: { [fn]: [PAYLOAD] } }],
    ["GET", (id) => `/v2/tasks/${id}`, task],
    ["GET", (id) => `/v3/tasks/${id}`, task],
    ["GET", (id) => `/v3/tasks/${id}/follow`, task],
    ["GET", (id) => `/v2/taskgroup/${id}`, group],
    ["GET", (id) => `/v3/task_groups/${id}/results`, group],
  ];
  for (const [method, path, id, body] of probes) {
    await assertLikeUnknown(service, bob, method, path, id, body);
  }
  assertEquals(
    await service.refusal("POST", "/v3/tasks/cancel", { token: bob, body: { task_ids: [task] } }),
    "404 TASK_NOT_FOUND",
  );
  const batch = await service.call("POST", "/v2/batch_status", {
    token: bob,
    body: { task_ids: [task] },
  });
  assertEquals(batch.body.results, {});
});

Deno.test("lists and counts hold one's own and what is public", async () => {
  await using service = await ServiceFixture.open();
  const [ada, bob] = [await service.token("ada"), await service.token("bob")];
  await service.registerFunction(ada, { function_name: "private" });
  await service.registerFunction(ada, { function_name: "shared", public: true });
  await service.registerEndpoint(ada, { endpoint_name: "private" });
  await service.registerEndpoint(ada, {
    endpoint_name: "shared",
    public: true,
    metadata: { local_user: "ada" },
  });
  const get = async (path: string): Promise<ReturnType<typeof JSON.parse>> =>
    (await service.call("GET", path, { token: bob })).body;
  const functions = await get("/v3/functions");
  assertEquals(functions.items.map((one: { function_name: string }) => one.function_name), [
    "shared",
  ]);
  const endpoints = await get("/v3/endpoints");
  assertEquals(endpoints.items.map((one: { name: string }) => one.name), ["shared"]);
  assertEquals(endpoints.items[0].metadata, null);
  assertEquals(await get("/v2/endpoints"), []);
  assertEquals((await get("/v2/endpoints?role=any")).length, 1);
  assertEquals((await get("/v3/tasks")).items, []);
  const { functions: ownFunctions, endpoints: ownEndpoints } = await get("/v3/stats");
  assertEquals([ownFunctions, ownEndpoints], [0, 0]);
});

Deno.test("what is public can be used by all and changed by its owner alone", async () => {
  await using service = await ServiceFixture.open();
  const [ada, bob] = [await service.token("ada"), await service.token("bob")];
  const fn = await service.registerFunction(ada, { public: true });
  const endpoint = await service.registerEndpoint(ada, { public: true });
  const submitted = await service.call("POST", `/v3/endpoints/${endpoint.id}/submit`, {
    token: bob,
    body: { tasks: { [fn]: [PAYLOAD] } },
  });
  assertEquals(submitted.status, 200);
  const [task] = await finishTasks(service.parts.store, endpoint.id);
  assertEquals(
    (await service.call("GET", `/v2/tasks/${task}`, { token: bob })).body.result,
    "11\n42",
  );
  // The endpoint's owner sees neither the task nor its arguments.
  assertEquals(
    await service.refusal("GET", `/v3/tasks/${task}`, { token: ada }),
    "404 TASK_NOT_FOUND",
  );
  assertEquals(
    await service.refusal("DELETE", `/v2/functions/${fn}`, { token: bob }),
    "403 FUNCTION_ACCESS_FORBIDDEN",
  );
  assertEquals(
    await service.refusal("DELETE", `/v2/endpoints/${endpoint.id}`, { token: bob }),
    "403 ENDPOINT_ACCESS_FORBIDDEN",
  );
});

Deno.test("a private function cannot be run by another user, wherever he may submit", async () => {
  await using service = await ServiceFixture.open();
  const [ada, bob] = [await service.token("ada"), await service.token("bob")];
  const fn = await service.registerFunction(ada);
  const endpoint = await service.registerEndpoint(bob);
  const path = `/v3/endpoints/${endpoint.id}/submit`;
  assertEquals(
    await service.refusal("POST", path, { token: bob, body: { tasks: { [fn]: [PAYLOAD] } } }),
    "404 FUNCTION_NOT_FOUND",
  );
});

Deno.test("another user's task group cannot be added to", async () => {
  await using service = await ServiceFixture.open();
  const [ada, bob] = [await service.token("ada"), await service.token("bob")];
  const submit = async (token: string, group: string): Promise<string> => {
    const fn = await service.registerFunction(token);
    const endpoint = await service.registerEndpoint(token);
    const { body } = await service.call("POST", `/v3/endpoints/${endpoint.id}/submit`, {
      token,
      body: { tasks: { [fn]: [PAYLOAD] }, task_group_id: group },
    });
    return body.code ?? "taken";
  };
  const group = newId();
  assertEquals(await submit(ada, group), "taken");
  assertEquals(await submit(ada, group), "taken");
  assertEquals(await submit(bob, group), "TASK_GROUP_ACCESS_FORBIDDEN");
});
