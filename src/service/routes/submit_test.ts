import { jsonPayload } from "../../contract/envelope.ts";
import { newId } from "../../contract/ids.ts";
import { assertEquals, assertMatch, assertNotEquals } from "../../lib/assert.ts";
import { finishTasks } from "../testing/finish_tasks.ts";
import { type Answered, type CallOptions, ServiceFixture } from "../testing/service_fixture.ts";

const PAYLOAD = jsonPayload([21]);

class Submitter implements AsyncDisposable {
  private constructor(
    readonly service: ServiceFixture,
    readonly token: string,
    readonly fn: string,
    readonly endpoint: string,
  ) {}

  static async open(endpointChange: Record<string, unknown> = {}): Promise<Submitter> {
    const service = await ServiceFixture.open();
    const token = await service.token();
    const fn = await service.registerFunction(token);
    const endpoint = await service.registerEndpoint(token, endpointChange);
    return new Submitter(service, token, fn, endpoint.id);
  }

  submit(body: Record<string, unknown> = {}, options: CallOptions = {}): Promise<Answered> {
    return this.service.call("POST", `/v3/endpoints/${this.endpoint}/submit`, {
      token: this.token,
      body: { tasks: { [this.fn]: [PAYLOAD] }, ...body },
      ...options,
    });
  }

  async refused(body: Record<string, unknown>, options: CallOptions = {}): Promise<string> {
    const { status, body: error } = await this.submit(body, options);
    return `${status} ${error.code}`;
  }

  async count(): Promise<number> {
    return (await this.service.call("GET", "/v3/stats", { token: this.token })).body
      .total_function_invocations;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.service[Symbol.asyncDispose]();
  }
}

Deno.test("tasks are answered in the order of their payloads, as JSON and as msgpack", async () => {
  await using submitter = await Submitter.open();
  const other = await submitter.service.registerFunction(submitter.token);
  const tasks = { [other]: [PAYLOAD, PAYLOAD], [submitter.fn]: [PAYLOAD] };
  for (const msgpack of [false, true]) {
    const { status, body } = await submitter.submit({ tasks }, { msgpack });
    assertEquals(status, 200);
    assertEquals(body.endpoint_id, submitter.endpoint);
    assertEquals(
      Object.entries<string[]>(body.tasks).map(([id, made]) => [id, made.length]),
      [[other, 2], [submitter.fn, 1]],
    );
  }
  const { body } = await submitter.service.call("GET", "/v3/tasks", { token: submitter.token });
  assertEquals(body.items.length, 6);
  assertEquals(body.items[0].status, "waiting-for-ep");
});

Deno.test("the official SDK's body is taken as it is", async () => {
  await using submitter = await Submitter.open();
  const { status, body } = await submitter.submit({
    create_queue: false,
    task_group_id: null,
    user_endpoint_config: { worker_init: "x" },
    resource_specification: { num_nodes: 1 },
    result_serializers: ["globus_compute_sdk.serialize.JSONData"],
    user_runtime: { globus_compute_sdk_version: "4.15.0" },
  });
  assertEquals(status, 200);
  const task = body.tasks[submitter.fn][0];
  const path = `/v2/tasks/${task}`;
  const token = submitter.token;
  const waiting = (await submitter.service.call("GET", path, { token })).body;
  assertEquals(waiting, { task_id: task, status: "waiting-for-ep" });
  await finishTasks(submitter.service.parts.store, submitter.endpoint);
  const done = (await submitter.service.call("GET", path, { token })).body;
  assertEquals([done.status, done.result], ["success", "11\n42"]);
  assertMatch(done.completion_t, /^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
  const batch = await submitter.service.call("POST", "/v2/batch_status", {
    token,
    body: { task_ids: [task, newId()] },
  });
  assertEquals(batch.body, { response: "batch", results: { [task]: done } });
  const group = await submitter.service.call("GET", `/v2/taskgroup/${body.task_group_id}`, {
    token,
  });
  assertEquals(group.body.tasks.map(({ id }: { id: string }) => id), [task]);
});

Deno.test("a task has the Python of its client and that of its function", async () => {
  await using submitter = await Submitter.open();
  const { service, token, endpoint } = submitter;
  const other = await service.registerFunction(token, {
    meta: { python_version: "3.9.2 (default, …)", sdk_version: "2.31.0" },
  });
  // This program's Python client says its version too, but sends source.
  const source = await service.registerFunction(token, { meta: { python_version: "3.9.2" } });
  const tasks = { [other]: [PAYLOAD], [source]: [PAYLOAD] };
  const runtime = { python_version: "3.11.7 | packaged", globus_compute_sdk_version: "4.15.0" };
  const known = (await submitter.submit({ tasks, user_runtime: runtime })).body.tasks;
  const unknown = (await submitter.submit({ tasks })).body.tasks;
  const client = { python: "3.11.7", sdk: "4.15.0" };
  const expected = new Map<string, unknown>([
    [known[other][0], { ...client, function_python: "3.9.2" }],
    [known[source][0], client],
    [unknown[other][0], { function_python: "3.9.2" }],
    [unknown[source][0], undefined],
  ]);
  const { queue } = service.parts.store;
  const sent = await queue.claim({ endpointId: endpoint, limit: 10, maximumBytes: 1_000_000 });
  assertEquals(new Map(sent.map(({ taskId, options }) => [taskId, options.client])), expected);
  for (const [taskId, versions] of expected) {
    const { body } = await service.call("GET", `/v3/tasks/${taskId}`, { token });
    assertEquals(body.client, versions);
  }
});

Deno.test("a repeated submit with the same key gives the same tasks, once", async () => {
  await using submitter = await Submitter.open();
  const [first, second, third] = await Promise.all(
    [1, 2, 3].map(() => submitter.submit({}, { idempotencyKey: "k1" })),
  );
  assertEquals(second!.body, first!.body);
  assertEquals(third!.body, first!.body);
  assertEquals(await submitter.count(), 1);
  const other = await submitter.submit({}, { idempotencyKey: "k2" });
  assertNotEquals(other.body.tasks, first!.body.tasks);
});

Deno.test("a key that came with another request is a conflict", async () => {
  await using submitter = await Submitter.open();
  await submitter.submit({}, { idempotencyKey: "k1" });
  assertEquals(
    await submitter.refused({ max_attempts: 1 }, { idempotencyKey: "k1" }),
    "409 RESOURCE_CONFLICT",
  );
  assertEquals(
    await submitter.refused({}, { idempotencyKey: "k".repeat(201) }),
    "422 SEMANTICALLY_INVALID",
  );
  assertEquals(await submitter.count(), 1);
});

Deno.test("another user's key is another key", async () => {
  await using submitter = await Submitter.open({ public: true });
  const { service } = submitter;
  const bob = await service.token("bob");
  const fn = await service.registerFunction(bob);
  const first = await submitter.submit({}, { idempotencyKey: "k1" });
  const second = await submitter.submit({ tasks: { [fn]: [PAYLOAD] } }, {
    idempotencyKey: "k1",
    token: bob,
  });
  assertEquals([first.status, second.status], [200, 200]);
});

Deno.test("only allowed functions are taken", async () => {
  await using submitter = await Submitter.open({ allowed_functions: [newId()] });
  const { status, body } = await submitter.submit();
  assertEquals([status, body.code], [403, "FUNCTION_NOT_PERMITTED"]);
  assertEquals(
    body.reason,
    `Function ${submitter.fn} not permitted on endpoint ${submitter.endpoint}`,
  );
  assertEquals(await submitter.count(), 0);
});

Deno.test("bad submits are refused whole", async () => {
  await using submitter = await Submitter.open();
  const { fn } = submitter;
  const payloads = (count: number, size: number): string[] =>
    Array.from({ length: count }, () => "x".repeat(size));
  const invalid = "422 SEMANTICALLY_INVALID";
  const refusals: [Record<string, unknown>, string][] = [
    [{ tasks: {} }, invalid],
    [{ tasks: { [fn]: [] } }, invalid],
    [{ tasks: { nonsense: [PAYLOAD] } }, invalid],
    [{ tasks: { [fn]: [PAYLOAD, 3] } }, invalid],
    [{ tasks: [[fn, PAYLOAD]] }, invalid],
    [{ tasks: { [fn]: [PAYLOAD], [newId()]: [PAYLOAD] } }, "404 FUNCTION_NOT_FOUND"],
    [{ max_attempts: 0 }, invalid],
    [{ walltime_seconds: -1 }, invalid],
    [{ walltime_seconds: "60" }, invalid],
    [{ priority: 101 }, invalid],
    [{ priority: -101 }, invalid],
    [{ priority: 0.5 }, invalid],
    [{ result_serializers: ["x".repeat(300)] }, invalid],
    [{ resource_specification: { note: "x".repeat(20_000) } }, invalid],
    [{ resource_specification: nested(40) }, invalid],
    [{ tasks: { [fn]: payloads(10_001, 1) } }, "413 BATCH_RUN_TOO_LARGE"],
    [{ tasks: { [fn]: payloads(1, 10 * 1024 * 1024 + 1) } }, "413 TASK_PAYLOAD_TOO_LARGE"],
    [{ tasks: { [fn]: payloads(11, 1024 * 1024) } }, "413 BATCH_RUN_TOO_LARGE"],
    [{ tasks: { [fn]: payloads(3, 8 * 1024 * 1024) } }, "413 BATCH_RUN_TOO_LARGE"],
  ];
  for (const [body, expected] of refusals) {
    assertEquals(await submitter.refused(body), expected);
  }
  assertEquals(await submitter.count(), 0);
});

function nested(depth: number): Record<string, unknown> {
  return depth === 0 ? {} : { a: nested(depth - 1) };
}

Deno.test("a cancelled task is failed to the official SDK and cancelled elsewhere", async () => {
  await using submitter = await Submitter.open();
  const { service, token } = submitter;
  const task = (await submitter.submit()).body.tasks[submitter.fn][0];
  const body = { task_ids: [task] };
  const cancelled = await service.call("POST", "/v3/tasks/cancel", { token, body });
  assertEquals(cancelled.body, { cancelling: [task], finished: [] });
  const again = await service.call("POST", "/v3/tasks/cancel", { token, body });
  assertEquals(again.body, { cancelling: [], finished: [task] });
  const polled = (await service.call("GET", `/v2/tasks/${task}`, { token })).body;
  assertEquals([polled.status, polled.error.code], ["failed", "TASK_CANCELLED"]);
  const detail = (await service.call("GET", `/v3/tasks/${task}`, { token })).body;
  assertEquals(detail.status, "cancelled");
});

Deno.test("a task's detail has its timeline and output", async () => {
  await using submitter = await Submitter.open();
  const { service, token } = submitter;
  const task =
    (await submitter.submit({ max_attempts: 3, priority: -7 })).body.tasks[submitter.fn][0];
  await finishTasks(service.parts.store, submitter.endpoint);
  const { body } = await service.call("GET", `/v3/tasks/${task}`, { token });
  assertEquals([body.status, body.max_attempts, body.stdout], ["success", 3, "hello\n"]);
  assertEquals(body.priority, -7);
  assertEquals(body.function_name, "double");
  assertEquals(body.timeline.at(-1).state, "success");
});

Deno.test("lists are filtered and paged without gaps or repetitions", async () => {
  await using submitter = await Submitter.open();
  const { service, token, fn } = submitter;
  const made: string[] = [];
  for (let round = 0; round < 3; round++) {
    const { body } = await submitter.submit({ tasks: { [fn]: Array(5).fill(PAYLOAD) } });
    made.push(...body.tasks[fn]);
  }
  await finishTasks(service.parts.store, submitter.endpoint, { count: 4 });
  const seen: string[] = [];
  for (let cursor = "";;) {
    const query = `limit=4${cursor === "" ? "" : `&cursor=${encodeURIComponent(cursor)}`}`;
    const { body } = await service.call("GET", `/v3/tasks?${query}`, { token });
    seen.push(...body.items.map((item: { task_id: string }) => item.task_id));
    if (body.next_cursor === null) break;
    cursor = body.next_cursor;
  }
  assertEquals(seen.toSorted(), made.toSorted());
  const done = await service.call("GET", "/v3/tasks?status=success", { token });
  assertEquals(done.body.items.length, 4);
  const none = await service.call("GET", `/v3/tasks?endpoint_id=${newId()}`, { token });
  assertEquals(none.body, { items: [], next_cursor: null });
});
