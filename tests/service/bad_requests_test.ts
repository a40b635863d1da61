/** What a client or an endpoint may send to a running service that it must refuse and survive. */
import { assertEquals, assertTrue } from "../../src/lib/assert.ts";
import { MAX_FRAME_BYTES, MAX_REQUEST_BYTES } from "../../src/contract/limits.ts";
import { FakeEndpoint } from "../helpers/fake_endpoint.ts";
import { ServiceUnderTest } from "../helpers/service.ts";
import { processTest, type TestEnv } from "../helpers/test_env.ts";

/** The service runs at the end of each test in the process in which it was started. */
function serviceTest(
  name: string,
  body: (service: ServiceUnderTest, env: TestEnv) => Promise<void>,
): void {
  processTest(name, async (env) => {
    const service = await ServiceUnderTest.start(env);
    const before = await env.json<{ pid: number }>(["service", "status"]);
    await body(service, env);
    const after = await env.json<{ pid: number }>(["service", "status"]);
    assertEquals(after.pid, before.pid);
  });
}

const ENDPOINT = "3a5c2f9e-0000-4000-8000-000000000000";
const SUBMIT = `/v3/endpoints/${ENDPOINT}/submit`;

serviceTest("bodies that cannot be read are refused by name", async (service) => {
  const refused = async (status: number, code: string, init: RequestInit): Promise<void> => {
    const answer = await service.request("POST", SUBMIT, init);
    assertEquals([answer.status, answer.body.code], [status, code]);
    assertTrue(typeof answer.body.reason === "string" && answer.body.reason !== "");
  };
  const json = (body: string): RequestInit => ({ body });
  await refused(400, "REQUEST_MALFORMED", json('{"tasks": '));
  await refused(400, "REQUEST_MALFORMED", json("[".repeat(100_000)));
  await refused(422, "SEMANTICALLY_INVALID", json('{"tasks": "none"}'));
  await refused(422, "SEMANTICALLY_INVALID", json("null"));
  await refused(400, "REQUEST_MALFORMED", {
    body: new Uint8Array([0xdf, 0xff, 0xff, 0xff, 0xff]),
    headers: { "content-type": "application/msgpack" },
  });
  await refused(415, "UNSUPPORTED_MEDIA_TYPE", {
    body: "tasks: []",
    headers: { "content-type": "application/yaml" },
  });
  const oversize = await service.request("POST", SUBMIT, {
    body: "x".repeat(MAX_REQUEST_BYTES + 1),
  });
  assertEquals(oversize.status, 413);
});

serviceTest("ids that are none, or of nothing, are refused by name", async (service) => {
  const code = async (path: string): Promise<unknown> =>
    (await service.request("GET", path)).body.code;
  assertEquals(await code("/v2/tasks/not-a-uuid"), "INVALID_UUID");
  assertEquals(await code(`/v2/tasks/${ENDPOINT}`), "TASK_NOT_FOUND");
  assertEquals(await code(`/v2/functions/${ENDPOINT}`), "FUNCTION_NOT_FOUND");
  assertEquals(await code(`/v2/endpoints/${ENDPOINT}`), "ENDPOINT_NOT_FOUND");
  assertEquals(await code("/v3/nowhere"), "ROUTE_NOT_FOUND");
  assertEquals((await service.request("PATCH", "/v3/functions")).status, 405);
});

serviceTest("missing and foreign tokens open nothing", async (service, env) => {
  const answer = await fetch(`${service.url}/v3/tasks`);
  assertEquals(answer.status, 401);
  await answer.body?.cancel();
  for (const authorization of ["Bearer x", `Bearer fx_${"a".repeat(43)}`, "Basic abc", "Bearer"]) {
    const { status } = await service.request("GET", "/v3/tasks", { headers: { authorization } });
    assertEquals(status, 401);
  }
  const { token } = await env.json<{ token: string }>(
    ["service", "token", "create", "--scope", "read"],
  );
  const headers = { authorization: `Bearer ${token}` };
  assertEquals((await service.request("GET", "/v3/tasks", { headers })).status, 200);
  const refused = await service.request("POST", "/v3/endpoints", {
    headers,
    body: '{"endpoint_name": "x"}',
  });
  assertEquals([refused.status, refused.body.code], [403, "INSUFFICIENT_AUTH_SCOPE"]);
});

serviceTest("what needs no token is open, and a page of another origin is not", async (service) => {
  for (const path of ["/v2/version", "/v3/health", "/openapi.json"]) {
    const answer = await fetch(`${service.url}${path}`);
    assertEquals(answer.status, 200);
    await answer.body?.cancel();
  }
  const rebound = await service.request("GET", "/v3/health", {
    headers: { origin: "http://evil.example.org" },
  });
  assertTrue(rebound.status === 403 || rebound.status === 421);
});

serviceTest("a user sees nothing of another's", async (service, env) => {
  const { endpoint_id } = await service.registerEndpoint();
  const function_id = await service.registerFunction();
  const { token } = await env.json<{ token: string }>(
    ["service", "token", "create", "--user", "somebody-else"],
  );
  const headers = { authorization: `Bearer ${token}` };
  const asOther = (path: string): Promise<{ status: number }> =>
    service.request("GET", path, { headers });
  assertTrue([403, 404].includes((await asOther(`/v2/functions/${function_id}`)).status));
  assertTrue([403, 404].includes((await asOther(`/v2/endpoints/${endpoint_id}`)).status));
  const submitted = await service.request("POST", `/v3/endpoints/${endpoint_id}/submit`, {
    headers,
    body: JSON.stringify({ tasks: { [function_id]: ["4\n11\n[]5\n11\n{}"] } }),
  });
  assertTrue([403, 404].includes(submitted.status));
});

serviceTest("a link that breaks the protocol ends alone", async (service) => {
  const registration = await service.registerEndpoint();
  const dial = (): Promise<FakeEndpoint> => FakeEndpoint.dial(registration);
  const violations: ((endpoint: FakeEndpoint) => void)[] = [
    (endpoint) => endpoint.sendText("hello"),
    (endpoint) => endpoint.send(new Uint8Array([0xc1])),
    (endpoint) => endpoint.sendValue({ type: "salute" }),
    (endpoint) => endpoint.sendValue({ type: "results", results: "all" }),
    (endpoint) => endpoint.sendValue({ type: "task_ack", task_ids: Array(100_000).fill(ENDPOINT) }),
    // The first half of a frame, as a whole one.
    (endpoint) => endpoint.send(endpoint.hello().subarray(0, 40)),
    (endpoint) => endpoint.send(new Uint8Array(MAX_FRAME_BYTES + 1)),
  ];
  for (const violate of violations) {
    using early = await dial();
    violate(early);
    assertTrue((await early.closed()) !== 1000);
    using late = await dial();
    late.send(late.hello());
    await late.next("welcome");
    violate(late);
    assertTrue((await late.closed()) !== 1000);
  }
  using good = await dial();
  good.send(good.hello());
  await good.next("welcome");
});

serviceTest("a version from the future is told ours", async (service) => {
  using endpoint = await FakeEndpoint.dial(await service.registerEndpoint());
  endpoint.send(endpoint.hello({ protocol_version: 999 }));
  const reject = await endpoint.next("reject");
  assertEquals(reject.code, "PROTOCOL_VERSION_UNSUPPORTED");
  assertEquals(reject.retryable, false);
  await endpoint.closed();
});

serviceTest("an endpoint's token is for its own endpoint alone", async (service) => {
  const mine = await service.registerEndpoint("mine");
  const other = await service.registerEndpoint("other");
  using endpoint = await FakeEndpoint.dial(mine);
  endpoint.send(endpoint.hello({ endpoint_id: other.endpoint_id }));
  assertEquals((await endpoint.next("reject")).code, "ENDPOINT_NOT_FOUND");
  const headers = { authorization: `Bearer ${mine.endpoint_token}` };
  assertEquals((await service.request("GET", "/v3/tasks", { headers })).status, 403);
});

serviceTest("a task outlives the link that had it, and its first end counts", async (service) => {
  const registration = await service.registerEndpoint();
  const function_id = await service.registerFunction();
  const submitted = await service.post(`/v3/endpoints/${registration.endpoint_id}/submit`, {
    tasks: { [function_id]: ["5\n11\n[]5\n11\n{}"] },
  });
  const [task_id] = (submitted.body.tasks as Record<string, string[]>)[function_id];
  const spool_id = crypto.randomUUID();
  {
    using first = await FakeEndpoint.dial(registration);
    first.send(first.hello({ spool_id }));
    assertEquals((await first.next("tasks")).tasks.map((task) => task.task_id), [task_id]);
    first.terminate();
  }
  using second = await FakeEndpoint.dial(registration);
  second.send(second.hello({ spool_id }));
  assertEquals((await second.next("tasks")).tasks.map((task) => task.task_id), [task_id]);
  second.sendValue({ type: "task_ack", task_ids: [task_id] });
  const end = (state: string): Record<string, unknown> => ({
    task_id,
    attempt: 1,
    state,
    result: new TextEncoder().encode("11\n1"),
    timeline: [],
  });
  second.sendValue({ type: "results", results: [end("success")] });
  assertEquals((await second.next("result_ack")).task_ids, [task_id]);
  second.sendValue({
    type: "results",
    results: [{
      ...end("failed"),
      result: undefined,
      error: { code: "WORKER_LOST", type: "", message: "too late", traceback: "" },
    }],
  });
  assertEquals((await second.next("result_ack")).task_ids, [task_id]);
  assertEquals((await service.request("GET", `/v2/tasks/${task_id}`)).body.status, "success");
});

serviceTest("a repeated submit makes no second task", async (service) => {
  const { endpoint_id } = await service.registerEndpoint();
  const function_id = await service.registerFunction();
  const submit = (): Promise<{ body: Record<string, unknown> }> =>
    service.request("POST", `/v3/endpoints/${endpoint_id}/submit`, {
      headers: { "idempotency-key": "once" },
      body: JSON.stringify({ tasks: { [function_id]: ["5\n11\n[]5\n11\n{}"] } }),
    });
  assertEquals((await submit()).body, (await submit()).body);
});
