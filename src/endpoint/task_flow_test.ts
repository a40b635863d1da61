import { setImmediate } from "node:timers";
import { newId, type TaskId } from "../contract/ids.ts";
import { MAX_WINDOW_BYTES, RESULTS_AHEAD } from "../contract/limits.ts";
import type { TaskMessage, Tasks } from "../contract/protocol/messages.ts";
import { assertEquals, assertMatch, assertTrue } from "../lib/assert.ts";
import type { Connection } from "../lib/database.ts";
import { DiskRoom } from "../lib/free_space.ts";
import type { Failure } from "../lib/outcome.ts";
import { join } from "../lib/path.ts";
import { Waiters } from "../lib/waiters.ts";
import { Spool } from "./spool.ts";
import type { AttemptId, FinishedAttempt, TaskAttempt } from "./executor/executor.ts";
import { unfitReason } from "./parallel/specification.ts";
import { openSpoolFile } from "./spool_file.ts";
import { TaskFlow } from "./task_flow.ts";
import { FakeExecutor } from "./testing/fake_executor.ts";
import { FakeSession } from "./testing/fake_session.ts";
import { FUNCTION_ID, LOST, SUCCESS, taskMessage } from "./testing/tasks.ts";

const ENDPOINT = "1e999502-b434-49a2-a2e0-d925383d2dd4";
const CODE = new TextEncoder().encode("9\nsh\nf:true");

/** One of managers that outlive the agent. */
class KeepingExecutor extends FakeExecutor {
  readonly confirmed: TaskId[] = [];

  adopt(attempts: readonly AttemptId[]): void {
    for (const attempt of attempts) this.running.set(attempt.taskId, attempt as TaskAttempt);
  }

  kept(attempts: readonly FinishedAttempt[]): void {
    this.confirmed.push(...attempts.map(({ taskId }) => taskId));
  }
}

/** A flow with a real spool; `restart` is what follows a crash. */
class Bench implements Disposable {
  readonly #folder = Deno.makeTempDirSync();
  readonly storage: (Failure | null)[] = [];
  readonly changed = new Waiters();
  /** Bytes on the disk, as far as the flow knows. */
  free = 1e9;
  connection!: Connection;
  spool!: Spool;
  flow!: TaskFlow;
  executor!: FakeExecutor;

  /** @param keeps whether its managers outlive the agent, and keep ends until they are confirmed */
  constructor(
    readonly slots = 2,
    readonly allowed: readonly string[] | null = null,
    readonly keeps = false,
  ) {
    this.#open();
  }

  #open(): void {
    const path = join(this.#folder, "spool.db");
    this.connection = openSpoolFile(path, ENDPOINT);
    this.spool = new Spool(path, this.connection);
    this.flow = new TaskFlow({
      spool: this.spool,
      maxAttempts: 2,
      allowedFunctions: this.allowed,
      unfitReason: (options) => unfitReason(options, 2),
      now: () => 1,
      room: new DiskRoom("", 0, () => this.free),
      awaitsManagers: this.keeps,
      onStorage: (problem) => {
        this.storage.push(problem);
        this.changed.check();
      },
      onFatal: (problem) => {
        throw new Error(problem.message);
      },
    });
    this.executor = this.keeps
      ? new KeepingExecutor(this.slots, this.flow.executorEvents)
      : new FakeExecutor(this.slots, this.flow.executorEvents);
    this.flow.start(this.executor);
  }

  /** The agent dies without a word, and another one starts. */
  restart(): void {
    this.flow.close();
    this.spool.close();
    this.#open();
  }

  session(changes: ConstructorParameters<typeof FakeSession>[0] = {}): FakeSession {
    const session = new FakeSession(changes);
    this.flow.sessionOpened(session);
    return session;
  }

  [Symbol.dispose](): void {
    this.flow.close();
    this.spool.close();
    Deno.removeSync(this.#folder, { recursive: true });
  }
}

/** After the flow has looked at everything that has come in. */
async function nextTurn(): Promise<void> {
  for (let turn = 0; turn < 2; turn++) await new Promise((resolve) => setImmediate(resolve));
}

function tasksOf(tasks: TaskMessage[]): Tasks {
  return { type: "tasks", functions: [{ function_id: FUNCTION_ID, code: CODE }], tasks };
}

function idsOf(tasks: readonly { readonly task_id: string }[]): string[] {
  return tasks.map((task) => task.task_id);
}

Deno.test("a task goes from the service through spool and executor and back", async () => {
  using bench = new Bench();
  const session = bench.session();
  const task = taskMessage();
  bench.flow.receive(tasksOf([task]));
  assertEquals((await session.messages.expect("task_ack")).task_ids, [task.task_id]);
  const [attempt] = await bench.executor.hasBeenGiven(1);
  assertEquals([attempt.attempt, [...attempt.code]], [1, [...CODE]]);
  assertEquals(bench.spool.recover(1).begun.length, 1);
  bench.executor.finish(task.task_id, SUCCESS);
  const { results: [result] } = await session.messages.expect("results");
  assertEquals([result.task_id, result.state, result.attempt], [task.task_id, "success", 1]);
  assertEquals(bench.flow.unacknowledgedResults, 1);
  bench.flow.receive({ type: "result_ack", task_ids: [task.task_id] });
  await bench.flow.settled();
  assertEquals(bench.flow.unacknowledgedResults, 0);
  assertEquals(session.messages.size, 0);
  bench.flow.close();
  assertEquals(bench.spool.known([task.task_id]).size, 0);
});

Deno.test("what the service has leaves the spool with the next change at the latest", async () => {
  using bench = new Bench();
  bench.executor.automatic = SUCCESS;
  const session = bench.session();
  const [first, second] = [taskMessage(), taskMessage()];
  bench.flow.receive(tasksOf([first]));
  await session.messages.expect("results");
  bench.flow.receive({ type: "result_ack", task_ids: [first.task_id] });
  await bench.flow.settled();
  bench.flow.receive(tasksOf([second]));
  await session.messages.expect("results");
  assertEquals(bench.spool.known([first.task_id, second.task_id]), new Set([second.task_id]));
});

Deno.test("a task that comes again is acknowledged again and not run twice", async () => {
  using bench = new Bench();
  let session = bench.session();
  session.messages.ignore("task_events");
  const tasks = [taskMessage(), taskMessage()];
  bench.flow.receive(tasksOf(tasks));
  await session.messages.expect("task_ack");
  await bench.executor.hasBeenGiven(2);
  bench.executor.finish(tasks[0].task_id, SUCCESS);
  await session.messages.expect("results");
  bench.flow.sessionClosed();

  session = bench.session();
  // That the other task runs is told after a moment, before or after the acknowledgement.
  session.messages.ignore("task_events");
  bench.flow.receive(tasksOf([...tasks, tasks[0]]));
  const { results } = await session.messages.expect("results");
  assertEquals(idsOf(results), [tasks[0].task_id]);
  assertEquals((await session.messages.expect("task_ack")).task_ids, [tasks[1].task_id]);
  assertEquals(bench.executor.given.length, 2);
});

Deno.test("results are sent again until they are acknowledged, also after a crash", async () => {
  using bench = new Bench(5);
  bench.executor.automatic = SUCCESS;
  const tasks = [taskMessage(), taskMessage(), taskMessage()];
  let session = bench.session();
  bench.flow.receive(tasksOf(tasks));
  // Their results say that they have come.
  assertEquals(idsOf((await session.messages.expect("results")).results), idsOf(tasks));
  bench.flow.sessionClosed();
  session = bench.session();
  assertEquals(idsOf((await session.messages.expect("results")).results), idsOf(tasks));

  bench.restart();
  assertEquals(bench.flow.unacknowledgedResults, 3);
  session = bench.session();
  assertEquals(idsOf((await session.messages.expect("results")).results), idsOf(tasks));
  bench.flow.receive({ type: "result_ack", task_ids: idsOf(tasks) });
  await bench.flow.settled();
  bench.restart();
  assertEquals(bench.flow.unacknowledgedResults, 0);
  assertEquals(bench.executor.given, []);
});

Deno.test("results keep to the credits of the session", async () => {
  using bench = new Bench(3_000);
  bench.executor.automatic = SUCCESS;
  const session = bench.session({ result_credits: 1_000 });
  session.messages.ignore("task_events");
  for (let batch = 0; batch < 3; batch++) {
    const tasks = Array.from({ length: 1_000 }, () => taskMessage());
    bench.flow.receive(tasksOf(tasks));
  }
  session.messages.ignore("task_ack");
  for (let part = 0; part < 3; part++) {
    const taskIds: TaskId[] = [];
    while (taskIds.length < 1_000) {
      taskIds.push(...idsOf((await session.messages.expect("results")).results));
    }
    assertEquals([taskIds.length, session.messages.size], [1_000, 0]);
    bench.flow.receive({ type: "result_ack", task_ids: taskIds });
  }
  await bench.flow.settled();
});

Deno.test("nothing begins far ahead of a service that takes no results, unless it is away", async () => {
  const slots = 500;
  using bench = new Bench(slots);
  bench.executor.automatic = SUCCESS;
  // After the first no result is sent, so that tasks have to be acknowledged by themselves.
  const session = bench.session({ result_credits: 1 });
  session.messages.ignore("task_events");
  bench.flow.receive(tasksOf([taskMessage()]));
  await session.messages.expect("results");
  const count = RESULTS_AHEAD + 3_001;
  for (let sent = 1, told = 1; sent < count;) {
    bench.flow.receive(tasksOf(Array.from({ length: 1_000 }, () => taskMessage())));
    sent += 1_000;
    while (told < sent) told += (await session.messages.expect("task_ack")).task_ids.length;
  }
  await bench.executor.until(() => bench.executor.given.length >= RESULTS_AHEAD);
  for (let turn = 0; turn < 5; turn++) await nextTurn();
  assertTrue(bench.executor.given.length < RESULTS_AHEAD + slots);
  bench.flow.sessionClosed();
  await bench.executor.hasBeenGiven(count);
});

Deno.test("more tasks than credits is a violation", () => {
  using bench = new Bench();
  const session = bench.session();
  const tasks = Array.from({ length: 1_000 }, () => taskMessage());
  for (let batch = 0; batch < 4; batch++) bench.flow.receive(tasksOf(tasks));
  assertEquals(session.violation, undefined);
  bench.flow.receive(tasksOf([taskMessage()]));
  assertMatch(session.violation!, /credits/);
});

Deno.test("a last attempt begins on disk, one that may be repeated when it is written", async () => {
  using bench = new Bench(5);
  const session = bench.session();
  const [last, other] = [taskMessage({ max_attempts: 1 }), taskMessage({ max_attempts: 2 })];
  const synced: string[] = [];
  const { synced: sync } = bench.spool;
  bench.spool.synced = async () => {
    await sync.call(bench.spool);
    synced.push(...bench.executor.given.map(({ taskId }) => taskId));
  };
  bench.flow.receive(tasksOf([last, other]));
  const given = await bench.executor.hasBeenGiven(2);
  assertEquals(given.map(({ taskId }) => taskId), idsOf([other, last]));
  assertEquals(synced, [other.task_id]);
  bench.executor.finish(other.task_id, LOST);
  await bench.executor.hasBeenGiven(3);
  assertEquals([given[2].attempt, synced.length], [2, 3]);
  assertEquals((await session.messages.expect("task_ack")).task_ids, idsOf([last, other]));
});

Deno.test("an attempt that is the last one but for moves begins on disk too", async () => {
  using bench = new Bench(5);
  const session = bench.session();
  const task = taskMessage({ max_attempts: 2 });
  let syncs = 0;
  const { synced } = bench.spool;
  bench.spool.synced = async () => {
    await synced.call(bench.spool);
    syncs += 1;
  };
  bench.flow.receive(tasksOf([task]));
  await bench.executor.hasBeenGiven(1);
  await session.messages.expect("task_ack");
  const before = syncs;
  bench.executor.finish(task.task_id, { ...LOST, planned: { reason: "its block ended" } });
  await bench.executor.hasBeenGiven(2);
  assertEquals(syncs, before);
  bench.executor.finish(task.task_id, LOST);
  const given = await bench.executor.hasBeenGiven(3);
  assertEquals(syncs, before + 1);
  assertEquals(given.map(({ attempt, moved }) => [attempt, moved]), [[1, 0], [2, 1], [3, 1]]);
});

Deno.test("a cancel reaches an attempt whose beginning is on its way to the disk", async () => {
  using bench = new Bench(5);
  bench.session().messages.ignore("task_ack");
  const task = taskMessage({ max_attempts: 1 });
  const disk = Promise.withResolvers<void>();
  bench.spool.synced = () => disk.promise;
  bench.flow.receive(tasksOf([task]));
  await nextTurn();
  assertEquals(bench.executor.given, []);
  bench.flow.receive({ type: "cancel", task_ids: [task.task_id] });
  await nextTurn();
  assertEquals(bench.executor.cancelled, []);
  disk.resolve();
  await bench.executor.until(() => bench.executor.cancelled.length > 0);
  assertEquals(idsOf([task]), bench.executor.given.map(({ taskId }) => taskId));
});

Deno.test("after a crash, what ran counts as lost and what waited is run", async () => {
  using bench = new Bench(2);
  const session = bench.session();
  const tasks = [taskMessage({ max_attempts: 1 }), taskMessage(), taskMessage({ max_attempts: 1 })];
  bench.flow.receive(tasksOf(tasks));
  await session.messages.expect("task_ack");
  await bench.executor.hasBeenGiven(2);
  bench.restart();
  const given = await bench.executor.hasBeenGiven(2);
  assertEquals(given.map(({ taskId, attempt }) => [taskId, attempt]), [
    [tasks[1].task_id, 2],
    [tasks[2].task_id, 1],
  ]);
  const after = bench.session();
  const { results: [lost] } = await after.messages.expect("results");
  assertEquals([lost.task_id, lost.error!.code], [tasks[0].task_id, "WORKER_LOST"]);
});

Deno.test("after a crash, what ran at managers goes on there, and its end is confirmed once on disk", async () => {
  using bench = new Bench(2, null, true);
  const session = bench.session();
  const tasks = [taskMessage(), taskMessage()];
  const taskIds = idsOf(tasks);
  bench.flow.receive(tasksOf(tasks));
  await session.messages.expect("task_ack");
  await bench.executor.hasBeenGiven(2);
  bench.restart();
  const after = bench.session();
  const executor = bench.executor as KeepingExecutor;
  assertEquals([...executor.running.keys()], taskIds);
  assertEquals([executor.given, executor.capacity()], [[], 0]);
  assertEquals(bench.flow.status().outstanding_tasks, 2);
  executor.finish(taskIds[0]!, SUCCESS);
  assertEquals(executor.confirmed, []);
  const { results } = await after.messages.expect("results");
  assertEquals(results.map(({ task_id, attempt }) => [task_id, attempt]), [[taskIds[0], 1]]);
  assertEquals(executor.confirmed, [taskIds[0]]);
  executor.finish(taskIds[1]!, LOST);
  const [again] = await executor.hasBeenGiven(1);
  assertEquals([again!.taskId, again!.attempt], [taskIds[1], 2]);
  executor.finish(taskIds[1]!, SUCCESS);
  await after.messages.expect("results");
  assertEquals(executor.confirmed, [taskIds[0], taskIds[1], taskIds[1]]);
});

Deno.test("a backlog larger than memory's window is run in order", async () => {
  using bench = new Bench(500);
  bench.executor.automatic = SUCCESS;
  const session = bench.session();
  const total = 9_000;
  const sent: string[] = [];
  bench.flow.stopHandingOver("");
  bench.restart();
  // Nothing runs while the executor has no room.
  const slots = bench.executor;
  slots.capacity = () => 0;
  const queue = bench.session();
  for (let count = 0; count < total; count += 1_000) {
    const tasks = Array.from({ length: 1_000 }, () => taskMessage());
    sent.push(...idsOf(tasks));
    bench.flow.receive(tasksOf(tasks));
    await queue.messages.expect("task_ack");
  }
  assertEquals(bench.flow.status().pending_tasks, total);
  bench.restart();
  bench.executor.automatic = SUCCESS;
  await bench.executor.until(() => bench.executor.given.length === total);
  assertEquals(bench.executor.given.map(({ taskId }) => taskId), sent);
  assertEquals(session.messages.size, 0);
});

Deno.test("cancelling reaches tasks wherever they are", async () => {
  using bench = new Bench(1);
  const session = bench.session();
  const [running, waiting, unknown] = [taskMessage(), taskMessage(), taskMessage()];
  bench.flow.receive(tasksOf([running, waiting]));
  bench.flow.receive({ type: "cancel", task_ids: idsOf([running, waiting, unknown]) });
  // Those of a lane, and those of none, have a frame each.
  const results = [
    ...(await session.messages.expect("results")).results,
    ...(await session.messages.expect("results")).results,
  ];
  assertEquals(idsOf(results), idsOf([waiting, unknown]));
  assertEquals((await session.messages.expect("task_ack")).task_ids, [running.task_id]);
  assertTrue(results.every(({ state }) => state === "cancelled"));
  await bench.executor.until(() => bench.executor.cancelled.length > 0);
  assertEquals(bench.executor.cancelled, [running.task_id]);
  bench.executor.finish(running.task_id, { kind: "cancelled" });
  const { results: [last] } = await session.messages.expect("results");
  assertEquals([last.task_id, last.state], [running.task_id, "cancelled"]);
});

Deno.test("a task that is cancelled twice in one turn ends once", async () => {
  using bench = new Bench(1);
  const session = bench.session();
  session.messages.ignore("task_ack");
  const [running, waiting, next] = [taskMessage(), taskMessage(), taskMessage()];
  bench.flow.receive(tasksOf([running, waiting, next]));
  await bench.executor.hasBeenGiven(1);
  bench.flow.receive({ type: "cancel", task_ids: [waiting.task_id] });
  bench.flow.receive({ type: "cancel", task_ids: [waiting.task_id] });
  assertEquals(idsOf((await session.messages.expect("results")).results), [waiting.task_id]);
  bench.executor.finish(running.task_id, SUCCESS);
  assertEquals(idsOf((await session.messages.expect("results")).results), [running.task_id]);
  assertEquals((await bench.executor.hasBeenGiven(2))[1].taskId, next.task_id);
  assertEquals(bench.storage, []);
});

Deno.test("asked what it still has, it names what it does not have", async () => {
  using bench = new Bench(0);
  const session = bench.session();
  const tasks = [taskMessage(), taskMessage()];
  const unknown = newId();
  bench.flow.receive(tasksOf(tasks));
  bench.flow.receive({ type: "held", task_ids: [...idsOf(tasks), unknown] });
  assertEquals((await session.messages.expect("missing")).task_ids, [unknown]);
  await session.messages.expect("task_ack");
  bench.restart();
  const next = bench.session();
  bench.flow.receive({ type: "held", task_ids: [unknown, ...idsOf(tasks)] });
  assertEquals((await next.messages.expect("missing")).task_ids, [unknown]);
});

Deno.test("a function whose code never came fails its task", async () => {
  using bench = new Bench();
  const session = bench.session();
  const task = taskMessage({}, { function_id: newId() });
  bench.flow.receive({ type: "tasks", functions: [], tasks: [task] });
  const { results: [result] } = await session.messages.expect("results");
  assertEquals(result.error!.code, "FUNCTION_NOT_FOUND");
});

Deno.test("a function has to be allowed by the profile and by the service", async () => {
  const [both, profileOnly, serviceOnly] = [newId(), newId(), newId()];
  using bench = new Bench(5, [both, profileOnly]);
  const session = bench.session({ allowed_functions: [both, serviceOnly] });
  const ids = [both, profileOnly, serviceOnly];
  const tasks = ids.map((function_id) => taskMessage({}, { function_id }));
  const functions = ids.map((function_id) => ({ function_id, code: CODE }));
  bench.flow.receive({ type: "tasks", functions, tasks });
  const { results } = await session.messages.expect("results");
  assertEquals(idsOf(results), idsOf(tasks.slice(1)));
  assertTrue(results.every((result) => result.error!.code === "FUNCTION_NOT_ALLOWED"));
  assertEquals(idsOf(tasks.slice(0, 1)), bench.executor.given.map(({ taskId }) => taskId));
});

Deno.test("moves of a task that stays are told, those of one that ends at once are not", async () => {
  using bench = new Bench(2);
  const session = bench.session();
  const [quick, slow] = [taskMessage(), taskMessage()];
  bench.flow.receive(tasksOf([quick, slow]));
  await session.messages.expect("task_ack");
  await bench.executor.hasBeenGiven(2);
  bench.executor.begin(quick.task_id);
  bench.executor.finish(quick.task_id, SUCCESS);
  bench.executor.begin(slow.task_id);
  await session.messages.expect("results");
  const { events } = await session.messages.expect("task_events");
  assertEquals(events.map(({ task_id, event }) => [task_id, event.state]), [
    [slow.task_id, "waiting-for-launch"],
    [slow.task_id, "running"],
  ]);
  bench.executor.finish(slow.task_id, LOST);
  const again = await session.messages.expect("task_events");
  assertEquals(again.events.map(({ event }) => [event.state, event.attempt]), [
    ["waiting-for-nodes", 1],
    ["waiting-for-launch", 2],
  ]);
});

Deno.test("output is sent while it is followed, and forgotten with the session", async () => {
  using bench = new Bench(1);
  const session = bench.session();
  const task = taskMessage();
  bench.flow.receive({ type: "follow", task_ids: [task.task_id], on: true });
  bench.flow.receive(tasksOf([task]));
  await session.messages.expect("task_ack");
  await bench.executor.until(() => bench.executor.followed.has(task.task_id));
  bench.executor.print(task.task_id, "hello");
  const { chunks: [chunk] } = await session.messages.expect("output");
  assertEquals(new TextDecoder().decode(chunk.data), "hello");
  session.bufferedBytes = 1e9;
  bench.executor.print(task.task_id, "nobody reads");
  assertEquals(session.messages.size, 0);
  bench.flow.sessionClosed();
  await bench.executor.until(() => bench.executor.followed.size === 0);
});

Deno.test("a full disk: nothing is acknowledged, begun or lost, and it goes on by itself", async () => {
  using bench = new Bench(1);
  const session = bench.session();
  const first = taskMessage();
  bench.flow.receive(tasksOf([first]));
  await session.messages.expect("task_ack");
  await bench.executor.hasBeenGiven(1);
  const { page_count } = bench.connection.prepare("PRAGMA page_count").get() as {
    page_count: number;
  };
  bench.connection.pragma(`max_page_count = ${page_count}`);
  const large = taskMessage({}, { payload: new Uint8Array(100_000) });
  bench.flow.receive(tasksOf([large]));
  await bench.changed.when(() => bench.storage.length === 1);
  assertEquals(bench.storage[0]!.code, "STORAGE_FULL");
  bench.executor.finish(first.task_id, SUCCESS);
  bench.flow.receive({ type: "cancel", task_ids: [large.task_id] });
  await nextTurn();
  assertEquals([bench.flow.status().completed_tasks, bench.executor.given.length], [1, 1]);
  assertEquals(session.messages.size, 0);
  bench.connection.pragma("max_page_count = 1000000");
  await bench.changed.when(() => bench.storage.length === 2);
  assertEquals(bench.storage[1], null);
  const results = [
    ...(await session.messages.expect("results")).results,
    ...(await session.messages.expect("results")).results,
  ];
  assertEquals(results.map(({ task_id, state }) => [task_id, state]), [
    [first.task_id, "success"],
    [large.task_id, "cancelled"],
  ]);
});

Deno.test("a disk that is nearly full: no new tasks, but results and cancels go on", async () => {
  using bench = new Bench(1);
  bench.free = 10_000;
  const session = bench.session();
  const [running, held, cancelled] = [taskMessage(), taskMessage(), taskMessage()];
  bench.flow.receive(tasksOf([running]));
  await session.messages.expect("task_ack");
  await bench.executor.hasBeenGiven(1);
  bench.free = 0;
  const large = new Uint8Array(20_000);
  bench.flow.receive(tasksOf([held, { ...cancelled, payload: large }]));
  await bench.changed.when(() => bench.storage.length === 1);
  assertMatch(bench.storage[0]!.message, /no more tasks are taken/);
  bench.executor.finish(running.task_id, SUCCESS);
  assertEquals(idsOf((await session.messages.expect("results")).results), [running.task_id]);
  bench.flow.receive({ type: "cancel", task_ids: [cancelled.task_id] });
  assertEquals(idsOf((await session.messages.expect("results")).results), [cancelled.task_id]);
  bench.free = 1e6;
  await bench.changed.when(() => bench.storage.length === 2);
  assertEquals(bench.storage[1], null);
  assertEquals((await session.messages.expect("task_ack")).task_ids, [held.task_id]);
  assertEquals((await bench.executor.hasBeenGiven(2))[1].taskId, held.task_id);
});

Deno.test("tasks that came while the disk was nearly full and then full are taken after that", async () => {
  using bench = new Bench(1);
  bench.free = 10_000;
  const session = bench.session();
  const [running, held] = [taskMessage(), taskMessage({}, { payload: new Uint8Array(20_000) })];
  bench.flow.receive(tasksOf([running]));
  await session.messages.expect("task_ack");
  await bench.executor.hasBeenGiven(1);
  bench.free = 0;
  bench.flow.receive(tasksOf([held]));
  await bench.changed.when(() => bench.storage.length === 1);
  const { page_count } = bench.connection.prepare("PRAGMA page_count").get() as {
    page_count: number;
  };
  bench.connection.pragma(`max_page_count = ${page_count}`);
  const result = { kind: "success", result: new Uint8Array(100_000) } as const;
  bench.executor.finish(running.task_id, result);
  await bench.changed.when(() => bench.storage.length === 2);
  assertMatch(bench.storage[1]!.message, /cannot be written/);
  bench.connection.pragma("max_page_count = 1000000");
  bench.free = 1e6;
  assertEquals(idsOf((await session.messages.expect("results")).results), [running.task_id]);
  assertEquals((await session.messages.expect("task_ack")).task_ids, [held.task_id]);
});

Deno.test("a task that comes again on a full disk, and is acknowledged meanwhile, does not run again", async () => {
  using bench = new Bench(1);
  bench.free = 10_000;
  const session = bench.session();
  const task = taskMessage();
  bench.flow.receive(tasksOf([task]));
  await bench.executor.hasBeenGiven(1);
  bench.executor.finish(task.task_id, SUCCESS);
  await session.messages.expect("results");
  bench.flow.sessionClosed();
  bench.free = 0;
  const next = bench.session();
  await next.messages.expect("results");
  bench.flow.receive(tasksOf([{ ...task, payload: new Uint8Array(20_000) }]));
  await bench.changed.when(() => bench.storage.length === 1);
  bench.flow.receive({ type: "result_ack", task_ids: [task.task_id] });
  assertEquals((await next.messages.expect("task_ack")).task_ids, [task.task_id]);
  bench.free = 1e6;
  await bench.changed.when(() => bench.storage.length === 2);
  await bench.flow.settled();
  assertEquals(bench.executor.given.length, 1);
});

Deno.test("a stopping agent acknowledges nothing, and keeps what has not begun", async () => {
  using bench = new Bench(1);
  const session = bench.session();
  const [running, waiting, late] = [taskMessage(), taskMessage(), taskMessage()];
  bench.flow.receive(tasksOf([running, waiting]));
  await session.messages.expect("task_ack");
  await bench.executor.hasBeenGiven(1);
  bench.flow.stopHandingOver("stopped");
  bench.flow.receive(tasksOf([late]));
  bench.executor.finish(running.task_id, SUCCESS);
  await bench.flow.idle();
  const { results } = await session.messages.expect("results");
  bench.flow.receive({ type: "result_ack", task_ids: idsOf(results) });
  await bench.flow.settled();
  assertEquals(session.messages.size, 0);
  bench.restart();
  const given = await bench.executor.hasBeenGiven(1);
  assertEquals(given[0].taskId, waiting.task_id);
});

Deno.test("after a crash it says what it found on disk", async () => {
  using bench = new Bench(1);
  const session = bench.session();
  const tasks = [taskMessage(), taskMessage(), taskMessage(), taskMessage()];
  bench.flow.receive(tasksOf(tasks));
  await bench.executor.hasBeenGiven(1);
  bench.executor.finish(tasks[0].task_id, SUCCESS);
  await session.messages.expect("results");
  await bench.executor.hasBeenGiven(2);
  bench.restart();
  const found = { waiting_tasks: 2, interrupted_tasks: 1, results: 1 };
  assertEquals(bench.flow.recovered, found);
});

Deno.test("a service that reads nothing is sent no output and no moves, but results", async () => {
  using bench = new Bench();
  const session = bench.session();
  const task = taskMessage();
  bench.flow.receive(tasksOf([task]));
  await session.messages.expect("task_ack");
  await bench.executor.hasBeenGiven(1);
  session.bufferedBytes = MAX_WINDOW_BYTES + 1;
  bench.executor.begin(task.task_id);
  bench.executor.print(task.task_id, "hello");
  bench.flow.reportMoves();
  assertEquals(session.messages.size, 0);
  bench.executor.finish(task.task_id, SUCCESS);
  const { results } = await session.messages.expect("results");
  assertEquals(idsOf(results), [task.task_id]);
});

Deno.test("a task of more nodes than there are fails at once, and the others count as what they need", async () => {
  using bench = new Bench(0);
  const session = bench.session();
  const [large, fitting, plain] = [{ num_nodes: 3 }, { num_nodes: 2 }, undefined].map(
    (resource_specification) => taskMessage({ resource_specification }),
  );
  bench.flow.receive(tasksOf([large, fitting, plain]));
  const { results: [result] } = await session.messages.expect("results");
  assertEquals([result.task_id, result.state], [large.task_id, "failed"]);
  assertMatch(result.error!.message, /asks for 3 nodes, and a block of this endpoint has 2/);
  assertEquals([...bench.flow.nodeDemand], [[2, 1]]);
  assertEquals(bench.flow.status().pending_tasks, 2);
  bench.flow.receive({ type: "cancel", task_ids: [fitting.task_id] });
  await nextTurn();
  assertEquals([...bench.flow.nodeDemand], []);
});
