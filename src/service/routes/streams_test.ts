import { jsonPayload } from "../../contract/envelope.ts";
import { assertEquals, assertTrue } from "../../lib/assert.ts";
import { finishTasks } from "../testing/finish_tasks.ts";
import { type ReadEvent, readEvents } from "../testing/read_events.ts";
import { ServiceFixture } from "../testing/service_fixture.ts";

interface Group {
  readonly service: ServiceFixture;
  readonly token: string;
  readonly endpoint: string;
  readonly group: string;
  readonly tasks: readonly string[];
}

async function submitGroup(service: ServiceFixture, count: number): Promise<Group> {
  const token = await service.token();
  const fn = await service.registerFunction(token);
  const endpoint = await service.registerEndpoint(token);
  const { body } = await service.call("POST", `/v3/endpoints/${endpoint.id}/submit`, {
    token,
    body: { tasks: { [fn]: Array.from({ length: count }, (_, index) => jsonPayload([index])) } },
  });
  return {
    service,
    token,
    endpoint: endpoint.id,
    group: body.task_group_id,
    tasks: body.tasks[fn],
  };
}

async function openResults(
  { service, token, group }: Group,
  options: { readonly query?: string; readonly lastEventId?: string; readonly token?: string } = {},
): Promise<AsyncGenerator<ReadEvent, void>> {
  const headers = options.lastEventId === undefined
    ? undefined
    : { "last-event-id": options.lastEventId };
  const path = `/v3/task_groups/${group}/results${options.query ?? ""}`;
  const response = await service.send("GET", path, { token: options.token ?? token, headers });
  assertEquals(response.status, 200);
  return readEvents(response);
}

async function next(events: AsyncGenerator<ReadEvent, void>): Promise<ReadEvent> {
  const { value } = await events.next();
  assertTrue(value !== undefined && value !== null, "the stream has ended");
  return value as ReadEvent;
}

function idsOf({ data }: ReadEvent): string[] {
  return data.map(({ task_id }: { task_id: string }) => task_id);
}

Deno.test("results are pushed as tasks finish, and a reader that comes back misses none", async () => {
  await using service = await ServiceFixture.open();
  const group = await submitGroup(service, 6);
  const finish = (count: number): Promise<readonly string[]> =>
    finishTasks(service.parts.store, group.endpoint, { count });

  const early = await finish(2);
  const events = await openResults(group);
  const first = await next(events);
  assertEquals([first.event, idsOf(first)], ["results", [...early]]);
  assertEquals(first.data[0], {
    task_id: early[0],
    status: "success",
    result: "11\n42",
    stdout: "hello\n",
  });
  const waiting = next(events);
  const late = await finish(1);
  assertEquals(idsOf(await waiting), [...late]);
  await events.return();

  const missed = await finish(2);
  for (const options of [{ lastEventId: first.id }, { query: `?after=${first.id}` }]) {
    const again = await openResults(group, options);
    assertEquals(idsOf(await next(again)), [...late, ...missed]);
    await again.return();
  }
  const both = await openResults(group, { query: "?after=0", lastEventId: first.id });
  assertEquals(idsOf(await next(both)), [...late, ...missed]);
  await both.return();
  assertEquals(service.parts.uses.size, 0);
});

Deno.test("a place in the stream that no event had is refused", async () => {
  await using service = await ServiceFixture.open();
  const { token, group } = await submitGroup(service, 1);
  const path = `/v3/task_groups/${group}/results`;
  const headers = { "last-event-id": "yesterday" };
  assertEquals(await service.refusal("GET", path, { token, headers }), "400 REQUEST_MALFORMED");
  assertEquals(
    await service.refusal("GET", `${path}?after=-1`, { token }),
    "422 SEMANTICALLY_INVALID",
  );
});

Deno.test("a stream ends at once when its token is revoked", async () => {
  await using service = await ServiceFixture.open();
  const group = await submitGroup(service, 1);
  const made = (await service.call("POST", "/v3/tokens", { token: group.token, body: {} })).body;
  const revoked = await openResults(group, { token: made.token });
  const kept = await openResults(group);
  const end = revoked.next();
  await service.call("DELETE", `/v3/tokens/${made.token_id}`, { token: group.token });
  assertEquals((await end).done, true);
  const waiting = next(kept);
  await finishTasks(service.parts.store, group.endpoint);
  assertEquals(idsOf(await waiting), [...group.tasks]);
  await kept.return();
});

Deno.test("streams end when the service stops", async () => {
  await using service = await ServiceFixture.open();
  const group = await submitGroup(service, 1);
  const events = await openResults(group);
  const end = events.next();
  service.parts.uses.endAll();
  assertEquals((await end).done, true);
});

Deno.test("a task that is over is followed to its end at once", async () => {
  await using service = await ServiceFixture.open();
  const { token, endpoint, tasks } = await submitGroup(service, 1);
  await finishTasks(service.parts.store, endpoint);
  const response = await service.send("GET", `/v3/tasks/${tasks[0]}/follow`, { token });
  const events = await Array.fromAsync(readEvents(response));
  assertEquals(events.at(-1)!.event, "finished");
  assertEquals(events.at(-1)!.data.result, "11\n42");
});
