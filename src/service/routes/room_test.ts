import { jsonPayload } from "../../contract/envelope.ts";
import { REQUEST_OVERHEAD_BYTES } from "../../contract/limits.ts";
import { assertEquals } from "../../lib/assert.ts";
import { DiskRoom } from "../../lib/free_space.ts";
import { RequestRoom } from "../http/request_room.ts";
import { finishTasks } from "../testing/finish_tasks.ts";
import { type CallOptions, ServiceFixture } from "../testing/service_fixture.ts";

/** A submit of one task with about 2,000 bytes. */
async function submission(
  service: ServiceFixture,
): Promise<{ readonly endpoint: string; readonly path: string; readonly options: CallOptions }> {
  const token = await service.token();
  const fn = await service.registerFunction(token);
  const { id } = await service.registerEndpoint(token);
  const body = { tasks: { [fn]: [jsonPayload(["x".repeat(2_000)])] } };
  return { endpoint: id, path: `/v3/endpoints/${id}/submit`, options: { token, body } };
}

Deno.test("who submits without waiting for answers is told to come again, and may then", async () => {
  const requests = new RequestRoom(5 * (REQUEST_OVERHEAD_BYTES + 3_000));
  await using service = await ServiceFixture.open({ requests });
  const { path, options } = await submission(service);
  const answers = await Promise.all(
    Array.from({ length: 50 }, () => service.call("POST", path, options)),
  );
  const taken = answers.filter(({ status }) => status === 200);
  const refused = answers.filter(({ status }) => status === 503);
  assertEquals([taken.length > 0, refused.length > 0], [true, true]);
  assertEquals(taken.length + refused.length, 50);
  for (const { headers, body } of refused) {
    assertEquals([body.code, body.retryable, headers.get("retry-after")], [
      "SERVICE_BUSY",
      true,
      "1",
    ]);
  }
  assertEquals(await service.parts.store.tasks.unfinished(), taken.length);
  assertEquals(requests.taken, 0);
  assertEquals((await service.call("POST", path, options)).status, 200);
});

Deno.test("a body that says no length is counted as it comes", async () => {
  const requests = new RequestRoom(REQUEST_OVERHEAD_BYTES + 1_000);
  await using service = await ServiceFixture.open({ requests });
  const token = await service.token();
  const body = JSON.stringify({ function_name: "x".repeat(2_000), function_code: "" });
  assertEquals(
    await service.refusal("POST", "/v3/functions", { token, body }),
    "503 SERVICE_BUSY",
  );
  assertEquals(requests.taken, 0);
});

Deno.test("a form, which needs no token, is counted as well", async () => {
  const requests = new RequestRoom(REQUEST_OVERHEAD_BYTES + 1_000);
  await using service = await ServiceFixture.open({ requests });
  const form = (headers: Record<string, string>): Promise<Response> =>
    service.app(
      new Request("http://127.0.0.1/v2/oauth2/token", {
        method: "POST",
        headers: { "content-type": "application/x-www-form-urlencoded", ...headers },
        body: `grant_type=client_credentials&client_secret=${"x".repeat(2_000)}`,
      }),
    );
  for (const headers of [[], [["content-length", "2050"]]] as const) {
    const answer = await form(Object.fromEntries(headers));
    assertEquals([answer.status, (await answer.json()).code], [503, "SERVICE_BUSY"]);
  }
  assertEquals(requests.taken, 0);
});

Deno.test("a busy service still answers who asks whether it is there", async () => {
  await using service = await ServiceFixture.open({ requests: new RequestRoom(0) });
  const token = await service.token();
  assertEquals((await service.call("GET", "/v3/health")).status, 200);
  assertEquals(await service.refusal("GET", "/v3/functions", { token }), "503 SERVICE_BUSY");
});

Deno.test("a nearly full disk takes no more tasks, but results of those that it has", async () => {
  let free = 20_000;
  const disk = new DiskRoom("", 0, () => free);
  await using service = await ServiceFixture.open({ disk });
  const { endpoint, path, options } = await submission(service);
  const { body: { tasks } } = await service.call("POST", path, options);
  free = 2_000;
  const more = { ...options, body: { tasks: { [Object.keys(tasks)[0]!]: Array(9).fill("") } } };
  assertEquals(await service.refusal("POST", path, more), "507 STORAGE_FULL");
  assertEquals((await finishTasks(service.parts.store, endpoint, { count: 1 })).length, 1);
});
