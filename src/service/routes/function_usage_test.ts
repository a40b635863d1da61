import { jsonPayload } from "../../contract/envelope.ts";
import { assertEquals } from "../../lib/assert.ts";
import { ServiceFixture } from "../testing/service_fixture.ts";

Deno.test("the use of a function is of the viewer's own tasks, with how long they ran", async () => {
  await using service = await ServiceFixture.open();
  const { store } = service.parts;
  const [ada, bob] = [await service.token("ada"), await service.token("bob")];
  const code = await service.registerFunction(ada, { public: true });
  const [first, second] = [
    await service.registerEndpoint(ada, { endpoint_name: "first", public: true }),
    await service.registerEndpoint(ada, { endpoint_name: "second" }),
  ];
  const submit = async (token: string, endpoint: string, count: number): Promise<string[]> =>
    (await service.call("POST", `/v3/endpoints/${endpoint}/submit`, {
      token,
      body: { tasks: { [code]: Array(count).fill(jsonPayload([1])) } },
    })).body.tasks[code];
  const usage = async (token: string): Promise<Record<string, unknown>> =>
    (await service.call("GET", `/v3/functions/${code}/usage`, { token })).body;

  assertEquals((await usage(ada)).last_submitted_at, null);
  const ids = await submit(ada, first.id, 21);
  await submit(ada, second.id, 1);
  await submit(bob, first.id, 3);
  const results = ids.slice(1).map((task_id, index) => ({
    task_id,
    attempt: 2,
    state: "success" as const,
    result: new TextEncoder().encode("11\n1"),
    timeline: [
      { state: "running" as const, at: 1_000, by: "worker" as const, attempt: 1 },
      { state: "running" as const, at: 5_000, by: "worker" as const, attempt: 2 },
      { state: "success" as const, at: 6_000 + 1_000 * index, by: "worker" as const, attempt: 2 },
    ],
  }));
  await store.queue.finished(first.id, results, 30_000);

  const { last_submitted_at, ...own } = await usage(ada);
  assertEquals(typeof last_submitted_at, "number");
  assertEquals(own, {
    tasks: 22,
    by_state: { "waiting-for-ep": 2, success: 20 },
    median_seconds: 10,
    p95_seconds: 19,
    endpoints: [
      { endpoint_id: first.id, endpoint_name: "first", tasks: 21 },
      { endpoint_id: second.id, endpoint_name: "second", tasks: 1 },
    ],
  });
  assertEquals([(await usage(bob)).tasks, (await usage(bob)).median_seconds], [3, null]);

  const hidden = await service.registerFunction(ada);
  const path = `/v3/functions/${hidden}/usage`;
  assertEquals(await service.refusal("GET", path, { token: bob }), "404 FUNCTION_NOT_FOUND");
});
