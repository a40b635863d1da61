import { jsonPayload } from "../../contract/envelope.ts";
import { newId } from "../../contract/ids.ts";
import { MAX_LIVE_STREAMS } from "../../contract/limits.ts";
import { assertEquals } from "../../lib/assert.ts";
import { ConnectedEndpoint } from "../testing/connected_endpoint.ts";
import { IDLE } from "../hub/testing/fake_endpoint.ts";
import { finishTasks } from "../testing/finish_tasks.ts";
import { type ReadEvent, readEvents } from "../testing/read_events.ts";
import { ServiceFixture } from "../testing/service_fixture.ts";

const NODE = {
  manager_id: "m1",
  hostname: "node1",
  block_id: "b1",
  state: "attached" as const,
  workers: 1,
  idle_workers: 1,
  slots: [{ task_id: null, since: null }],
};
const BLOCK = {
  block_id: "b1",
  job_id: "17",
  state: "running" as const,
  nodes: ["node1", "node2"],
  reason: "as asked for",
  submitted_at: 1,
  running_since: 2,
  ends_at: null,
};
const ENDED_BLOCK = { ...BLOCK, block_id: "b0", state: "ended" as const };

type Events = AsyncGenerator<ReadEvent, void>;

async function openLive(service: ServiceFixture, token: string, body: unknown): Promise<Events> {
  const response = await service.send("POST", "/v3/live", { token, body });
  assertEquals(response.status, 200);
  return readEvents(response);
}

/** The data of the next event of a kind. */
async function nextOf(events: Events, kind: string): Promise<ReadEvent["data"]> {
  while (true) {
    const { value, done } = await events.next();
    if (done) throw new Error(`the stream ended before an event ${kind}`);
    if (value.event === kind) return value.data;
  }
}

async function nextCounts(events: Events): Promise<readonly number[]> {
  const { endpoints, online } = await nextOf(events, "endpoint_list");
  return [endpoints, online];
}

async function submit(
  service: ServiceFixture,
  token: string,
  endpoint: string,
  fn: string,
): Promise<string> {
  const { body } = await service.call("POST", `/v3/endpoints/${endpoint}/submit`, {
    token,
    body: { tasks: { [fn]: [jsonPayload([1])] } },
  });
  return body.tasks[fn][0];
}

Deno.test("a stream begins with all that was asked for, then tells what changes", async () => {
  await using service = await ServiceFixture.open();
  const token = await service.token();
  const fn = await service.registerFunction(token);
  const endpoint = await service.registerEndpoint(token);
  const first = await submit(service, token, endpoint.id, fn);
  const unknown = newId();
  const events = await openLive(service, token, {
    stats: true,
    endpoints: [endpoint.id, unknown],
    tasks: { limit: 10 },
    task_ids: [first, unknown],
  });
  assertEquals(await nextCounts(events), [1, 0]);
  const endpoints = await nextOf(events, "endpoints");
  assertEquals([endpoints.changed[0].uuid, endpoints.gone], [endpoint.id, [unknown]]);
  assertEquals((await nextOf(events, "stats")).total_function_invocations, 1);
  assertEquals((await nextOf(events, "tasks")).length, 1);
  assertEquals((await nextOf(events, "task_changes"))[0].status, "waiting-for-ep");

  const second = await submit(service, token, endpoint.id, fn);
  const both = await nextOf(events, "tasks");
  assertEquals(both.map((task: { readonly task_id: string }) => task.task_id), [second, first]);

  await finishTasks(service.parts.store, endpoint.id);
  const [ended] = await nextOf(events, "task_changes");
  assertEquals([ended.task_id, ended.status], [first, "success"]);

  await service.registerEndpoint(token, { endpoint_name: "other" });
  assertEquals(await nextCounts(events), [2, 0]);
  await service.call("DELETE", `/v2/endpoints/${endpoint.id}`, { token });
  const deleted = async (): Promise<readonly string[]> => {
    const { gone } = await nextOf(events, "endpoints");
    return gone.length > 0 ? gone : await deleted();
  };
  assertEquals(await deleted(), [endpoint.id]);
  await events.return();
});

Deno.test("pictures of machines come of the one that is asked for alone", async () => {
  await using service = await ServiceFixture.open();
  const token = await service.token();
  const endpoint = await service.registerEndpoint(token);
  const status = { ...IDLE, provider: "slurm", nodes: [NODE], blocks: [BLOCK, ENDED_BLOCK] };
  await using connected = await ConnectedEndpoint.open(service.parts.hub, endpoint.id, { status });
  const inBrief = { ...IDLE, provider: "slurm", blocks: [{ ...BLOCK, nodes: 2, reason: "" }] };
  const brief = await openLive(service, token, { endpoints: [endpoint.id] });
  assertEquals((await nextOf(brief, "endpoints")).changed[0].details, inBrief);
  await brief.return();
  const { items } = (await service.call("GET", "/v3/endpoints", { token })).body;
  assertEquals(items[0].details, inBrief);

  const whole = await openLive(service, token, { machine: endpoint.id });
  assertEquals((await nextOf(whole, "endpoints")).changed[0].details, status);
  const next = { ...status, idle_workers: 1 };
  connected.fake.send({ type: "heartbeat", at: 1, status: next });
  assertEquals((await nextOf(whole, "endpoints")).changed[0].details, next);
  await whole.return();
});

Deno.test("nobody is told of another user's tasks, endpoints or groups", async () => {
  await using service = await ServiceFixture.open();
  const [ada, bob] = [await service.token("ada"), await service.token("bob")];
  const fn = await service.registerFunction(ada);
  const endpoint = await service.registerEndpoint(ada);
  const task = await submit(service, ada, endpoint.id, fn);
  const events = await openLive(service, bob, {
    endpoints: [endpoint.id],
    tasks: { limit: 10 },
    task_ids: [task],
  });
  assertEquals(await nextCounts(events), [0, 0]);
  assertEquals(await nextOf(events, "endpoints"), { changed: [], gone: [endpoint.id] });
  assertEquals(await nextOf(events, "tasks"), []);
  assertEquals(await nextOf(events, "task_changes"), []);
  await events.return();
});

Deno.test("a stream ends with its token, and when the service stops", async () => {
  await using service = await ServiceFixture.open();
  const admin = await service.token();
  const made = (await service.call("POST", "/v3/tokens", { token: admin, body: {} })).body;
  const [revoked, stopped] = [
    await openLive(service, made.token, { stats: true }),
    await openLive(service, admin, { stats: true }),
  ];
  await service.call("DELETE", `/v3/tokens/${made.token_id}`, { token: admin });
  for await (const { event } of revoked) {
    assertEquals(["endpoint_list", "stats"].includes(event!), true);
  }
  service.parts.uses.endAll();
  for await (const { event } of stopped) {
    assertEquals(["endpoint_list", "stats"].includes(event!), true);
  }
});

Deno.test("a user has a limited number of streams; one that is left makes room", async () => {
  await using service = await ServiceFixture.open();
  const token = await service.token();
  const streams: Response[] = [];
  while (streams.length < MAX_LIVE_STREAMS) {
    streams.push(await service.send("POST", "/v3/live", { token, body: {} }));
  }
  assertEquals(
    await service.refusal("POST", "/v3/live", { token, body: {} }),
    "429 TOO_MANY_STREAMS",
  );
  const other = await openLive(service, await service.token("bob"), {});
  await streams.pop()!.body!.cancel();
  const again = await openLive(service, token, {});
  await nextOf(again, "endpoint_list");
  for (const events of [other, again]) await events.return();
  for (const stream of streams) await stream.body!.cancel();
});
