/** Tasks run again with what they were given: what is kept of that, and for whom. */
import { blobBuffer } from "../../contract/blob_reference.ts";
import { jsonBuffer, jsonPayload, pack } from "../../contract/envelope.ts";
import { newId } from "../../contract/ids.ts";
import { KEPT_PAYLOAD_BYTES, UNUSED_BLOB_LIFETIME } from "../../contract/limits.ts";
import { assertEquals, assertMatch } from "../../lib/assert.ts";
import { finishTasks } from "../testing/finish_tasks.ts";
import { type Answered, type CallOptions, ServiceFixture } from "../testing/service_fixture.ts";

/** With `bytes` of arguments. */
function payloadOf(bytes: number): string {
  const payload = jsonPayload(["x".repeat(bytes)]);
  return jsonPayload(["x".repeat(2 * bytes - payload.length)]);
}

class Stage implements AsyncDisposable {
  private constructor(
    readonly service: ServiceFixture,
    readonly token: string,
    readonly code: string,
    readonly endpoint: string,
  ) {}

  static async open(): Promise<Stage> {
    const service = await ServiceFixture.open();
    const token = await service.token();
    const code = await service.registerFunction(token);
    return new Stage(service, token, code, (await service.registerEndpoint(token)).id);
  }

  async submit(payload: string, change: Record<string, unknown> = {}): Promise<string> {
    const { body } = await this.service.call("POST", `/v3/endpoints/${this.endpoint}/submit`, {
      token: this.token,
      body: { tasks: { [this.code]: [payload] }, ...change },
    });
    return body.tasks[this.code][0];
  }

  again(taskId: string, options: CallOptions = {}): Promise<Answered> {
    const path = `/v3/tasks/${taskId}/run_again`;
    return this.service.call("POST", path, { token: this.token, body: {}, ...options });
  }

  /** What the endpoint finishes. */
  finish(): Promise<readonly string[]> {
    return finishTasks(this.service.parts.store, this.endpoint);
  }

  async isKept(taskId: string): Promise<boolean> {
    return (await this.service.call("GET", `/v3/tasks/${taskId}`, { token: this.token })).body
      .payload_kept;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.service[Symbol.asyncDispose]();
  }
}

Deno.test("a finished task runs again with its arguments and options, in a group of its own", async () => {
  await using stage = await Stage.open();
  const { store } = stage.service.parts;
  const payload = payloadOf(KEPT_PAYLOAD_BYTES);
  const before = await stage.submit(payload, { priority: 7, walltime_seconds: 3 });
  await stage.finish();
  assertEquals(await stage.isKept(before), true);
  const { status, body } = await stage.again(before);
  assertEquals([status, body.endpoint_id], [200, stage.endpoint]);
  const after = body.tasks[stage.code][0];
  assertEquals(await store.tasks.input(after), await store.tasks.input(before));
  const [sent] = await store.queue.claim({
    endpointId: stage.endpoint,
    limit: 1,
    maximumBytes: 1_000_000,
  });
  assertEquals([sent?.taskId, new TextDecoder().decode(sent?.payload)], [after, payload]);
  assertEquals(sent?.options, { priority: 7, walltime_seconds: 3 });
  assertEquals(body.task_group_id === (await store.tasks.detail(before))?.taskGroupId, false);
});

Deno.test("larger arguments are not kept, and the refusal says so", async () => {
  await using stage = await Stage.open();
  const taskId = await stage.submit(payloadOf(KEPT_PAYLOAD_BYTES + 1));
  assertEquals([await stage.isKept(taskId), (await stage.again(taskId)).status], [true, 200]);
  await stage.finish();
  assertEquals(await stage.isKept(taskId), false);
  const { status, body } = await stage.again(taskId);
  assertEquals([status, body.code], [410, "PAYLOAD_NOT_KEPT"]);
  assertMatch(body.hint, /submit it/);
});

Deno.test("arguments that refer to a blob are kept as long as the blob is", async () => {
  await using stage = await Stage.open();
  const { parts } = stage.service;
  const bytes = new TextEncoder().encode(jsonBuffer("large"));
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  const reference = { sha256: digest.toHex(), size: bytes.length };
  const { sha256, size } = reference;
  await stage.service.call("PUT", `/v3/blobs/${sha256}?offset=0&size=${size}`, {
    token: stage.token,
    body: bytes,
  });
  const taskId = await stage.submit(pack([blobBuffer(reference), jsonBuffer({})]));
  await stage.finish();
  assertEquals([await stage.isKept(taskId), (await stage.again(taskId)).status], [true, 200]);
  await stage.finish();
  await parts.store.blobs.takeUnused(parts.now() + 2 * UNUSED_BLOB_LIFETIME, 100);
  assertEquals(await stage.isKept(taskId), false);
  assertEquals((await stage.again(taskId)).body.code, "PAYLOAD_NOT_KEPT");
});

Deno.test("a task runs again elsewhere when asked to, once for each key, and for its owner alone", async () => {
  await using stage = await Stage.open();
  const { service, token } = stage;
  const taskId = await stage.submit(payloadOf(100));
  const other = await service.registerEndpoint(token);
  const elsewhere = { body: { endpoint_id: other.id }, idempotencyKey: "once" };
  const [first, second] = [
    await stage.again(taskId, elsewhere),
    await stage.again(taskId, elsewhere),
  ];
  assertEquals(first.body.endpoint_id, other.id);
  assertEquals(second.body.tasks, first.body.tasks);
  assertEquals((await stage.again(newId())).body.code, "TASK_NOT_FOUND");
  const stranger = await service.token("eve");
  assertEquals((await stage.again(taskId, { token: stranger })).body.code, "TASK_NOT_FOUND");
  const foreign = await service.registerEndpoint(stranger);
  const refused = await stage.again(taskId, { body: { endpoint_id: foreign.id } });
  assertEquals(refused.body.code, "ENDPOINT_NOT_FOUND");
  const reader = await service.token("ada", ["read"]);
  assertEquals((await stage.again(taskId, { token: reader })).body.code, "INSUFFICIENT_AUTH_SCOPE");
});

Deno.test("options that only agents of Globus Compute get do not come along to another endpoint", async () => {
  await using stage = await Stage.open();
  const { service, token, endpoint } = stage;
  const agent = (await service.registerEndpoint(token, {
    metadata: { user_config_template: "engine: {}" },
  })).id;
  const given = {
    user_endpoint_config: { worker_init: "x" },
    user_runtime: { python_version: "3.11.7 (main)", more: true },
  };
  const { body } = await service.call("POST", `/v3/endpoints/${agent}/submit`, {
    token,
    body: { tasks: { [stage.code]: [jsonPayload([])] }, ...given },
  });
  const taskId = body.tasks[stage.code][0];
  for (
    const [at, options] of [[agent, given], [endpoint, { client: { python: "3.11.7" } }]] as const
  ) {
    const again = await stage.again(taskId, { body: { endpoint_id: at } });
    const id = again.body.tasks[stage.code][0];
    assertEquals((await service.parts.store.tasks.input(id))?.options, options);
  }
});
