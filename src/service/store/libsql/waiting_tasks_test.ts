import { assertEquals, assertTrue } from "../../../lib/assert.ts";
import { StoreFixture, taskIdsOf } from "../testing/store_fixture.ts";

const WAITING = { state: "waiting-for-ep" } as const;

/** Claims until nothing waits; each claim as the owners of its tasks, run by run. */
async function owners(fixture: StoreFixture, endpointId: string, limit: number): Promise<string[]> {
  const runs: [owner: string, count: number][] = [];
  while (true) {
    const tasks = await fixture.store.queue.claim({ endpointId, limit, maximumBytes: 1 << 24 });
    if (tasks.length === 0) return runs.map(([owner, count]) => `${owner} ${count}`);
    for (const { owner } of tasks) {
      const last = runs.at(-1);
      if (last?.[0] === owner) last[1]++;
      else runs.push([owner, 1]);
    }
  }
}

Deno.test("owners take turns, however the claims are cut", async () => {
  for (const limit of [1_000, 37, 1]) {
    await using fixture = await StoreFixture.open();
    const [endpoint, code] = [await fixture.endpoint(), await fixture.function()];
    await fixture.submit(endpoint, code, 150, { ...WAITING, owner: "ada" });
    await fixture.submit(endpoint, code, 70, { ...WAITING, owner: "bob" });
    assertEquals(await owners(fixture, endpoint, limit), [
      "ada 64",
      "bob 64",
      "ada 64",
      "bob 6",
      "ada 22",
    ]);
  }
});

Deno.test("arguments weigh: who sends large ones sends fewer", async () => {
  await using fixture = await StoreFixture.open();
  const [endpoint, code] = [await fixture.endpoint(), await fixture.function()];
  const large = "x".repeat(31 * 65_536);
  await fixture.submit(endpoint, code, 0, {
    ...WAITING,
    owner: "ada",
    tasks: [{ functionId: code, payloads: Array(5).fill(large) }],
  });
  await fixture.submit(endpoint, code, 130, { ...WAITING, owner: "bob" });
  assertEquals(await owners(fixture, endpoint, 1_000), [
    "ada 2",
    "bob 64",
    "ada 2",
    "bob 64",
    "ada 1",
    "bob 2",
  ]);
});

Deno.test("within an owner the highest priority goes first, its groups by turns, each in order", async () => {
  await using fixture = await StoreFixture.open();
  const [endpoint, code] = [await fixture.endpoint(), await fixture.function()];
  const submit = async (count: number, priority: number): Promise<string[]> =>
    taskIdsOf(await fixture.submit(endpoint, code, count, { ...WAITING, options: { priority } }));
  const low = await submit(2, -1);
  const one = await submit(100, 5);
  const other = await submit(3, 5);
  const tasks = await fixture.store.queue.claim({
    endpointId: endpoint,
    limit: 1_000,
    maximumBytes: 1 << 20,
  });
  assertEquals(
    tasks.map(({ taskId }) => taskId),
    [...one.slice(0, 64), ...other, ...one.slice(64), ...low],
  );
});

Deno.test("groups of one task each are claimed without looking at those of the others", async () => {
  await using fixture = await StoreFixture.open();
  const [endpoint, code] = [await fixture.endpoint(), await fixture.function()];
  const submits = Array.from({ length: 2_000 }, () => fixture.submit(endpoint, code, 1, WAITING));
  const ids = (await Promise.all(submits)).flatMap(taskIdsOf);
  assertEquals(await fixture.claimIds(endpoint, 1_000), ids.slice(0, 1_000));
  for (const lane of ["owner_row >= 1", "owner_row = 1 AND priority = 0 AND group_row >= 1"]) {
    const column = lane.startsWith("owner_row >=") ? "owner_row" : "group_row";
    const plan = fixture.store.connection.prepare(
      `EXPLAIN QUERY PLAN SELECT ${column} FROM tasks INDEXED BY tasks_waiting
       WHERE endpoint_row = 1 AND ${lane} AND delivery = 0 ORDER BY ${column} LIMIT 1`,
    ).all() as { detail: string }[];
    assertEquals(plan.length, 1);
    assertTrue(/SEARCH tasks USING COVERING INDEX tasks_waiting/.test(plan[0]!.detail));
  }
});
