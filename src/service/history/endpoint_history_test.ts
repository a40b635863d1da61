/** What endpoints did, with a clock and statuses that the test sets, on a real store. */
import type { HistoryPoint } from "../../contract/api.ts";
import type { EndpointStatus } from "../../contract/protocol/messages.ts";
import { assertEquals, assertTrue } from "../../lib/assert.ts";
import { StoreFixture, success, taskIdsOf } from "../store/testing/store_fixture.ts";
import { EndpointHistory, STEP } from "./endpoint_history.ts";

const MINUTE = 60_000;
const START = 29_000_000 * MINUTE;

class HistoryStage implements AsyncDisposable {
  readonly stored: StoreFixture;
  readonly endpoint: string;
  readonly statuses = new Map<string, EndpointStatus>();
  now = START;
  history: EndpointHistory;
  readonly #code: string;

  private constructor(stored: StoreFixture, endpoint: string, code: string) {
    this.stored = stored;
    this.endpoint = endpoint;
    this.#code = code;
    this.history = this.#begin();
  }

  static async open(): Promise<HistoryStage> {
    const stored = await StoreFixture.open();
    return new HistoryStage(stored, await stored.endpoint(), await stored.function());
  }

  /** @param workers of which all are busy; null takes it offline */
  load(workers: number | null): void {
    if (workers === null) this.statuses.delete(this.endpoint);
    else this.statuses.set(this.endpoint, statusOf(workers));
  }

  /** Tasks that took so many milliseconds end now. */
  async end(
    count: number,
    milliseconds: number,
    state: "success" | "failed" = "success",
  ): Promise<void> {
    const at = this.now - milliseconds;
    const ids = taskIdsOf(await this.stored.submit(this.endpoint, this.#code, count, { at }));
    await this.stored.store.queue.finished(
      this.endpoint,
      ids.map((id) => ({ ...success(id), state })),
      this.now,
    );
  }

  async pass(milliseconds: number): Promise<void> {
    for (const end = this.now + milliseconds; this.now < end;) {
      this.now += Math.min(STEP, end - this.now);
      await this.history.tick();
    }
  }

  /** The service ends, in good order or at once, and begins again. */
  async restart({ orderly, after }: { orderly: boolean; after: number }): Promise<void> {
    if (orderly) {
      this.load(null);
      await this.history.close();
    }
    this.load(null);
    await this.stored.reopen();
    this.now += after;
    this.history = this.#begin();
    await this.history.start();
  }

  async points(minutes: number): Promise<readonly HistoryPoint[]> {
    return (await this.history.points(this.endpoint, minutes)).points;
  }

  /** Minutes after the start, with the workers of each. */
  async workers(minutes: number): Promise<(readonly [minute: number, workers: number | null])[]> {
    return (await this.points(minutes))
      .map(({ at, workers }) => [(at * 1_000 - START) / MINUTE, workers]);
  }

  #begin(): EndpointHistory {
    return new EndpointHistory({
      store: this.stored.store,
      hub: {
        online: () => this.statuses.keys(),
        status: (endpointId) => this.statuses.get(endpointId),
      },
      now: () => this.now,
    });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stored[Symbol.asyncDispose]();
  }
}

function statusOf(workers: number): EndpointStatus {
  return {
    managers: 1,
    total_workers: workers,
    idle_workers: 0,
    pending_tasks: 2 * workers,
    outstanding_tasks: workers,
    completed_tasks: 0,
  };
}

Deno.test("tasks are in the step in which they ended, with how long they took", async () => {
  await using stage = await HistoryStage.open();
  stage.load(4);
  await stage.end(99, 1_000);
  await stage.end(1, 900_000, "failed");
  await stage.pass(STEP);
  await stage.end(1, 20_000);
  const { step_seconds, points } = await stage.history.points(stage.endpoint, 5);
  assertEquals([step_seconds, points.length], [10, 1]);
  await stage.pass(STEP);
  const [first, second] = (await stage.points(5)) as [HistoryPoint, HistoryPoint];
  const { median_seconds, p95_seconds, ...counts } = first;
  assertEquals(counts, {
    at: START / 1_000,
    succeeded: 99,
    failed: 1,
    cancelled: 0,
    workers: 4,
    busy_workers: 4,
    queued_tasks: 12,
  });
  for (
    const [found, expected] of [[median_seconds, 1], [p95_seconds, 1], [second.p95_seconds, 20]]
  ) {
    assertTrue(Math.abs(found! / expected! - 1) < 0.1, `${found} is not about ${expected}`);
  }
  assertEquals([second.succeeded, stage.history.rates.recent(stage.endpoint, stage.now)], [1, 101]);
});

Deno.test("no answer has many more than 300 points, whatever it goes back", async () => {
  await using stage = await HistoryStage.open();
  stage.load(1);
  await stage.pass(3 * MINUTE);
  const steps: number[] = [];
  for (const minutes of [1, 50, 60, 300, 1_440, 2_880]) {
    const { step_seconds } = await stage.history.points(stage.endpoint, minutes);
    assertTrue(minutes * 60 / step_seconds <= 300);
    steps.push(step_seconds);
  }
  assertEquals(steps, [10, 10, 20, 60, 300, 600]);
});

Deno.test("an endpoint that does nothing has its workers in every step, and none while it is away", async () => {
  await using stage = await HistoryStage.open();
  await stage.pass(2 * MINUTE);
  stage.load(3);
  await stage.pass(4 * MINUTE);
  stage.load(null);
  await stage.pass(2 * MINUTE);
  stage.load(5);
  await stage.pass(MINUTE);
  const found = await stage.workers(299);
  assertEquals(found.slice(0, 4), [[2, 3], [3, 3], [4, 3], [5, 3]]);
  assertEquals(found.slice(4), [[8, 5]]);
  const rows = await stage.stored.store.history.minutes(stage.endpoint, { first: 0, last: 1e9 });
  assertEquals(rows.map(({ minute }) => minute - START / MINUTE), [2, 6, 8]);
});

for (const orderly of [true, false]) {
  Deno.test(`charts survive a service that ends ${orderly ? "in order" : "at once"}`, async () => {
    await using stage = await HistoryStage.open();
    stage.load(3);
    await stage.end(7, 1_000);
    await stage.pass(3 * MINUTE);
    await stage.restart({ orderly, after: 5 * MINUTE });
    const before = await stage.points(30);
    assertEquals(before.map(({ succeeded }) => succeeded), [7, 0, 0]);
    assertEquals(before.map(({ workers }) => workers), [3, 3, 3]);
    assertEquals(stage.history.rates.perMinute(stage.endpoint, stage.now).slice(-9, -7), [7, 0]);
    await stage.pass(2 * MINUTE);
    assertEquals((await stage.workers(30)).map(([minute]) => minute), [0, 1, 2]);
    stage.load(6);
    await stage.pass(2 * MINUTE);
    assertEquals((await stage.workers(30)).slice(-2).map(([, workers]) => workers), [6, 6]);
  });
}

Deno.test("what is older than two days is deleted", async () => {
  await using stage = await HistoryStage.open();
  const { history } = stage.stored.store;
  const row = { succeeded: 1, failed: 0, cancelled: 0, durations: [], mean: null, level: null };
  const run = await history.begin(1);
  for (const minute of [1, 2_880, 2_882]) {
    await history.append(run, minute, [{ endpointId: stage.endpoint, row: { ...row, minute } }]);
  }
  const kept = await history.minutes(stage.endpoint, { first: 0, last: 5_000 });
  assertEquals(kept.map(({ minute }) => minute), [2_880, 2_882]);
  assertEquals(await history.ends(2_881), [
    { endpointId: stage.endpoint, minute: 2_882, count: 1 },
  ]);
});
