import { jsonPayload, readSourceFunction } from "../../contract/envelope.ts";
import { newId } from "../../contract/ids.ts";
import { ENDPOINT_LOCK_TIME } from "../../contract/limits.ts";
import { assertEquals, assertMatch, assertNotEquals } from "../../lib/assert.ts";
import { ConnectedEndpoint } from "../testing/connected_endpoint.ts";
import { ServiceFixture } from "../testing/service_fixture.ts";

const PAYLOAD = jsonPayload([21]);

Deno.test("a submit to several endpoints is answered in its order, under one task group", async () => {
  await using service = await ServiceFixture.open();
  const token = await service.token();
  const [fn, other] = [
    await service.registerFunction(token),
    await service.registerFunction(token),
  ];
  const [a, b] = [await service.registerEndpoint(token), await service.registerEndpoint(token)];
  const group = newId();
  const asked = [[fn, a.id], [other, b.id], [other, a.id], [fn, a.id], [fn, b.id.toUpperCase()]];
  const { status, body } = await service.call("POST", "/v2/submit", {
    token,
    body: {
      task_group_id: group,
      create_websocket_queue: false,
      tasks: asked.map((ids) => [...ids, PAYLOAD]),
    },
  });
  assertEquals([status, body.task_group_id, body.results.length], [200, group, 5]);
  for (const [index, { task_uuid, http_status_code }] of body.results.entries()) {
    const task = (await service.call("GET", `/v3/tasks/${task_uuid}`, { token })).body;
    assertEquals(http_status_code, 200);
    assertEquals(
      [task.function_id, task.endpoint_id, task.task_group_id],
      [asked[index]![0], asked[index]![1]!.toLowerCase(), group],
    );
  }
});

Deno.test("what one endpoint refuses is told beside what another took", async () => {
  await using service = await ServiceFixture.open();
  const token = await service.token();
  const fn = await service.registerFunction(token);
  const endpoint = await service.registerEndpoint(token);
  const unknown = newId();
  const mixed = await service.call("POST", "/v2/submit", {
    token,
    body: { tasks: [[fn, unknown, PAYLOAD], [fn, endpoint.id, PAYLOAD]] },
  });
  assertEquals(mixed.status, 207);
  const [refused, taken] = mixed.body.results;
  assertEquals(
    [refused.status, refused.http_status_code, refused.code],
    ["Failed", 404, "ENDPOINT_NOT_FOUND"],
  );
  assertMatch(refused.reason, new RegExp(unknown));
  assertEquals([taken.status, taken.http_status_code], ["Success", 200]);
  const tasks = (await service.call("GET", "/v3/tasks", { token })).body.items;
  assertEquals(tasks.map((task: { task_id: string }) => task.task_id), [taken.task_uuid]);
  for (
    const [tasks, expected] of [
      [[[fn, unknown, PAYLOAD]], "404 ENDPOINT_NOT_FOUND"],
      [[[newId(), endpoint.id, PAYLOAD]], "404 FUNCTION_NOT_FOUND"],
      [[], "422 SEMANTICALLY_INVALID"],
      [[[fn, endpoint.id]], "422 SEMANTICALLY_INVALID"],
    ] as const
  ) {
    assertEquals(await service.refusal("POST", "/v2/submit", { token, body: { tasks } }), expected);
  }
});

Deno.test("a locked endpoint is told to stop, and registers again when the lock has ended", async () => {
  for (const version of ["v2", "v3"]) {
    await using service = await ServiceFixture.open();
    const token = await service.token();
    const endpoint = await service.registerEndpoint(token);
    const path = `/${version}/endpoints/${endpoint.id}/lock`;
    const { status, body } = await service.call("POST", path, { token });
    assertEquals([status, body.endpoint_id], [200, endpoint.id]);
    const again = { token, body: { endpoint_name: "default" } };
    const put = `/v3/endpoints/${endpoint.id}`;
    assertEquals(await service.refusal("PUT", put, again), "423 RESOURCE_LOCKED");
    service.clockOffset = ENDPOINT_LOCK_TIME + 1;
    assertEquals((await service.call("PUT", put, again)).status, 200);
  }
});

Deno.test("the whitelist is what an endpoint may run", async () => {
  await using service = await ServiceFixture.open();
  const token = await service.token();
  const [fn, other] = [
    await service.registerFunction(token),
    await service.registerFunction(token),
  ];
  const { id } = await service.registerEndpoint(token);
  const path = `/v2/endpoints/${id}/whitelist`;
  const functions = async (): Promise<string[]> =>
    (await service.call("GET", path, { token })).body.functions;
  assertEquals(await functions(), []);
  await service.call("POST", path, { token, body: { func: [fn] } });
  await service.call("POST", path, { token, body: { func: other } });
  assertEquals(await functions(), [fn, other]);
  await service.call("DELETE", `${path}/${fn}`, { token });
  assertEquals(await functions(), [other]);
  const tasks = { [fn]: [PAYLOAD] };
  assertEquals(
    await service.refusal("POST", `/v3/endpoints/${id}/submit`, { token, body: { tasks } }),
    "403 FUNCTION_NOT_PERMITTED",
  );
  assertEquals(
    await service.refusal("DELETE", `${path}/${fn}`, { token }),
    "404 FUNCTION_NOT_FOUND",
  );
});

Deno.test("an endpoint that is connected hears of its changed whitelist, by connecting anew", async () => {
  await using service = await ServiceFixture.open();
  const token = await service.token();
  const [fn, other] = [
    await service.registerFunction(token),
    await service.registerFunction(token),
  ];
  const { id } = await service.registerEndpoint(token);
  const path = `/v2/endpoints/${id}/whitelist`;
  const allow = (func: string): Promise<unknown> =>
    service.call("POST", path, { token, body: { func } });
  const changes = [
    [() => allow(fn), [fn]],
    [() => allow(other), [fn, other]],
    [() => service.call("DELETE", `${path}/${fn}`, { token }), [other]],
  ] as const;
  let known: readonly string[] | undefined;
  for (const [change, changed] of changes) {
    await using connected = await ConnectedEndpoint.open(service.parts.hub, id);
    assertEquals(connected.welcome.allowed_functions, known);
    await change();
    assertMatch((await connected.fake.expect("goodbye")).reason, /functions .* have changed/);
    known = changed;
  }
  await using connected = await ConnectedEndpoint.open(service.parts.hub, id);
  assertEquals(connected.welcome.allowed_functions, known);
  await allow(other);
  await connected.fake.expectNothing();
});

Deno.test("functions that are allowed at the same time are all allowed", async () => {
  await using service = await ServiceFixture.open();
  const token = await service.token();
  const { id } = await service.registerEndpoint(token);
  const path = `/v2/endpoints/${id}/whitelist`;
  const functions = await Promise.all(
    Array.from({ length: 8 }, () => service.registerFunction(token)),
  );
  await Promise.all(
    functions.map((func) => service.call("POST", path, { token, body: { func } })),
  );
  const { body } = await service.call("GET", path, { token });
  assertEquals(body.functions.toSorted(), functions.toSorted());
});

Deno.test("token, counts and groups answer as they did to earlier SDKs", async () => {
  await using service = await ServiceFixture.open();
  const [token, stranger] = [await service.token(), await service.token("bob")];
  const fn = await service.registerFunction(token);
  const endpoint = await service.registerEndpoint(token);
  const { body } = await service.call("POST", "/v2/submit", {
    token,
    body: { tasks: [[fn, endpoint.id, PAYLOAD]] },
  });
  const group = `/v2/task_groups/${body.task_group_id}`;
  assertEquals((await service.call("GET", group, { token })).body, { authorized: true });
  assertEquals((await service.call("GET", group, { token: stranger })).body, { authorized: false });
  const stats = await service.call("GET", "/v2/stats", { token });
  assertEquals(stats.body, { total_function_invocations: 1 });
  assertEquals((await service.call("GET", "/v2/authenticate", { token })).body.user, "ada");
  assertEquals(await service.refusal("GET", "/v2/authenticate"), "401 USER_UNAUTHENTICATED");
});

Deno.test("a source that is not packed is packed as Python's", async () => {
  await using service = await ServiceFixture.open();
  const token = await service.token();
  const source = "import math\n\ndef area(r):\n    return math.pi * r ** 2\n";
  const id = await service.registerFunction(token, {
    function_name: "area",
    function_code: source,
    serialized: false,
  });
  const { body } = await service.call("GET", `/v2/functions/${id}`, { token });
  assertEquals(readSourceFunction(body.function_code), { header: "st", name: "area", source });
  assertEquals(body.runtime, "python");
  const refused = { function_name: "a:b", function_code: source, serialized: false };
  assertEquals(
    await service.refusal("POST", "/v3/functions", { token, body: refused }),
    "422 SEMANTICALLY_INVALID",
  );
});

Deno.test("what only endpoints of high assurance could keep is refused, or told", async () => {
  await using service = await ServiceFixture.open();
  const token = await service.token();
  const body = { function_name: "f", function_code: "x", ha_endpoint_id: newId() };
  for (const path of ["/v2/functions", "/v3/functions"]) {
    const { status, body: error } = await service.call("POST", path, { token, body });
    assertEquals([status, error.error_args[0]], [422, "ha_endpoint_id"]);
  }
  const { body: registered } = await service.call("POST", "/v3/endpoints", {
    token,
    body: { endpoint_name: "e", high_assurance: true, admins: [newId()] },
  });
  assertEquals(registered.warnings.length, 2);
  assertNotEquals(registered.endpoint_id, undefined);
});

Deno.test("whoever asks for containers is told how functions name their image", async () => {
  await using service = await ServiceFixture.open();
  const token = await service.token();
  const asked = [
    ["POST", "/v2/containers"],
    ["POST", "/v2/get_containers"],
    ["POST", "/v2/containers/build"],
    ["GET", `/v2/containers/build/${newId()}`],
    ["GET", `/v2/containers/${newId()}/docker`],
  ] as const;
  for (const [method, path] of asked) {
    const body = method === "GET" ? {} : { body: { location: "docker.io/library/python:3.12" } };
    const answer = await service.call(method, path, { token, ...body });
    assertEquals([answer.status, answer.body.code], [422, "CONTAINERS_NOT_KEPT"]);
    assertMatch(answer.body.hint, /function register FILE --container IMAGE/);
  }
});
