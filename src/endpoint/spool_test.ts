import { newId } from "../contract/ids.ts";
import { FuncxError } from "../contract/errors.ts";
import { assertEquals, assertMatch, assertTrue } from "../lib/assert.ts";
import { closeDatabase, openDatabase } from "../lib/database.ts";
import { join } from "../lib/path.ts";
import type { StoredLane } from "./lane.ts";
import { openSpool, Spool } from "./spool.ts";
import { MIGRATIONS, openSpoolFile } from "./spool_file.ts";
import type { LoadedLane } from "./table_events.ts";
import type { SpooledTask } from "./task.ts";
import { taskMessage } from "./testing/tasks.ts";

const ENDPOINT = "1e999502-b434-49a2-a2e0-d925383d2dd4";

const LANE: StoredLane = { lane: 1, owner: "ann", group: null, priority: 0 };

function folder(): { path: string; [Symbol.dispose](): void } {
  const root = Deno.makeTempDirSync();
  return {
    path: join(root, "spool.db"),
    [Symbol.dispose]: () => Deno.removeSync(root, { recursive: true }),
  };
}

function spooled(seq: number, changes: Partial<SpooledTask> = {}): SpooledTask {
  const message = taskMessage();
  return {
    seq,
    lane: LANE.lane,
    taskId: message.task_id,
    functionId: message.function_id,
    options: {},
    attemptsMade: 0,
    moved: 0,
    timeline: [{ state: "waiting-for-nodes", at: 1, by: "agent", attempt: 0 }],
    payload: new Uint8Array([1, 2, 3]),
    ...changes,
  };
}

function committed(spool: Spool): void {
  assertEquals(spool.commit(), { kind: "ok", value: undefined });
}

function waitingIn(spool: Spool): number {
  return spool.recover(1).lanes.reduce((sum, { waiting }) => sum + waiting, 0);
}

function loaded(spool: Spool, after: number, tasks: number, bytes: number): LoadedLane {
  return spool.load([{ lane: LANE.lane, after, tasks }], bytes)[0];
}

function codeOf(action: () => unknown): string {
  try {
    action();
  } catch (thrown) {
    if (thrown instanceof FuncxError) return `${thrown.code}: ${thrown.message} | ${thrown.hint}`;
    throw thrown;
  }
  throw new Error("it did not throw");
}

Deno.test("a crash leaves what was committed, and knows what had begun", () => {
  using place = folder();
  const before = openSpool(place.path, ENDPOINT);
  const tasks = [1, 2, 3, 4, 5].map((seq) => spooled(seq));
  before.store(tasks, [LANE]);
  before.begin([{ lane: 1, seq: 3 }], []);
  before.requeue([{ ...tasks[0], attemptsMade: 1 }, { ...tasks[1], attemptsMade: 1 }]);
  before.begin([], [2]);
  before.requeue([{ ...tasks[0], attemptsMade: 2, moved: 1 }]);
  committed(before);
  before.store([spooled(6)], []);
  // Not committed: the process is gone.
  before.close();

  const after = openSpool(place.path, ENDPOINT);
  assertEquals(after.spoolId, before.spoolId);
  const recovery = after.recover(9);
  assertEquals(recovery.lastSeq, 5);
  assertEquals(recovery.begun.map(({ seq, attemptsMade }) => [seq, attemptsMade]), [[2, 1], [
    3,
    0,
  ]]);
  const again = recovery.again.map(({ seq, attemptsMade, moved }) => [seq, attemptsMade, moved]);
  assertEquals(again, [[1, 2, 1]]);
  assertEquals(recovery.lanes, [{ ...LANE, begunThrough: 3, waiting: 2 }]);
  assertEquals(recovery.begun[1], tasks[2]);
  after.close();
});

Deno.test("tasks come back as they were, however they were written together", () => {
  using place = folder();
  const spool = openSpool(place.path, ENDPOINT);
  const shapes: Partial<SpooledTask>[] = [
    {},
    { payload: new Uint8Array() },
    { payload: new TextEncoder().encode("é\0'\"") },
    { options: { max_attempts: 3, resource_specification: { cores: 2, "a'b": ["é"] } } },
    { functionId: newId() },
    { attemptsMade: 2 },
    { payload: new Uint8Array(3_000_000).fill(1) },
    { payload: new Uint8Array(5_000_000).fill(2) },
    { payload: new Uint8Array(3_000_000).fill(3) },
  ];
  const tasks = shapes.flatMap((shape) => [shape, shape]).map((shape, at) =>
    spooled(at + 1, shape)
  );
  tasks.push(spooled(100));
  spool.store(tasks, [LANE]);
  committed(spool);
  assertEquals(loaded(spool, 0, 100, 1e9).tasks, tasks);
  spool.close();
});

Deno.test("a seq is never given twice, even when its task is gone", () => {
  using place = folder();
  const before = openSpool(place.path, ENDPOINT);
  const task = spooled(7);
  before.store([task], [LANE]);
  before.begin([{ lane: 1, seq: 7 }], []);
  const batch = before.storeResults(new Uint8Array([1]), [task]);
  committed(before);
  before.dropResults(batch);
  committed(before);
  before.close();
  const after = openSpool(place.path, ENDPOINT);
  assertEquals(after.recover(1).lastSeq, 7);
  after.close();
});

Deno.test("a task is known from its acceptance until its result is acknowledged", () => {
  using place = folder();
  const spool = openSpool(place.path, ENDPOINT);
  const task = spooled(1);
  const other = newId();
  spool.store([task], [LANE]);
  assertEquals(spool.known([task.taskId, other]), new Set([task.taskId]));
  committed(spool);
  assertEquals(spool.lookUp([task.taskId, other]).waiting.map(({ seq }) => seq), [1]);
  const batch = spool.storeResults(new Uint8Array([1]), [task, { seq: null, taskId: other }]);
  committed(spool);
  assertEquals(spool.known([task.taskId]), new Set([task.taskId]));
  assertEquals(spool.lookUp([task.taskId]).finished, new Set([task.taskId]));
  assertEquals(spool.batch(batch)!.taskIds, [task.taskId, other]);
  assertEquals(spool.unacknowledged(), { batches: [batch], results: 2 });
  assertEquals(waitingIn(spool), 0);
  spool.dropResults(batch);
  assertTrue(!spool.hasChanges && spool.hasDrops, "that is no reason to write by itself");
  committed(spool);
  assertTrue(!spool.hasDrops);
  assertEquals(spool.known([task.taskId]), new Set());
  assertEquals(spool.unacknowledged(), { batches: [], results: 0 });
  spool.close();
});

Deno.test("loading keeps to both bounds, and says when there is no more", () => {
  using place = folder();
  const spool = openSpool(place.path, ENDPOINT);
  const tasks = [1, 2, 3, 4].map((seq) => spooled(seq, { payload: new Uint8Array(100) }));
  spool.store(tasks, [LANE]);
  spool.storeResults(new Uint8Array(), [tasks[1]]);
  committed(spool);
  const load = (after: number, maximum: number, bytes: number): unknown => {
    const { tasks, end } = loaded(spool, after, maximum, bytes);
    return [tasks.map((task) => task.seq), end];
  };
  assertEquals(load(0, 10, 1_000), [[1, 3, 4], true]);
  assertEquals(load(0, 2, 1_000), [[1, 3], false]);
  assertEquals(load(0, 10, 250), [[1, 3], false]);
  assertEquals(load(0, 10, 1), [[1], false]);
  assertEquals(load(4, 10, 1_000), [[], true]);
  spool.close();
});

Deno.test("what finished tasks took can be given back to the disk", () => {
  using place = folder();
  const spool = openSpool(place.path, ENDPOINT);
  const task = spooled(1, { payload: new Uint8Array(1_000_000) });
  spool.store([task], [LANE]);
  const batch = spool.storeResults(new Uint8Array([1]), [task]);
  committed(spool);
  spool.dropResults(batch);
  committed(spool);
  const size = (): number =>
    Deno.statSync(place.path).size + Deno.statSync(`${place.path}-wal`).size;
  assertTrue(size() > 1_000_000);
  spool.shrink();
  assertTrue(size() < 100_000, `${size()} bytes`);
  spool.close();
});

Deno.test("functions stay as long as a task needs them", () => {
  using place = folder();
  const spool = openSpool(place.path, ENDPOINT);
  const task = spooled(1);
  const unused = newId();
  const code = new Uint8Array([7]);
  spool.storeFunctions([{ function_id: task.functionId, code }, { function_id: unused, code }]);
  spool.store([task], [LANE]);
  spool.dropFunctions();
  committed(spool);
  assertEquals([...spool.functionCode(task.functionId)!], [7]);
  assertEquals(spool.functionCode(unused), undefined);
  spool.close();
});

Deno.test("a full disk writes nothing, says so, and takes everything once there is room", () => {
  using place = folder();
  const connection = openSpoolFile(place.path, ENDPOINT);
  const spool = new Spool(place.path, connection);
  const pages = connection.prepare("PRAGMA page_count").get() as { page_count: number };
  connection.pragma(`max_page_count = ${pages.page_count + 2}`);
  const tasks = [1, 2, 3].map((seq) => spooled(seq, { payload: new Uint8Array(20_000) }));
  spool.store(tasks, [LANE]);
  const outcome = spool.commit();
  assertTrue(outcome.kind === "retryable");
  assertEquals(outcome.failure.code, "STORAGE_FULL");
  assertMatch(outcome.failure.message, /full/);
  assertTrue(spool.hasChanges);
  assertEquals(loaded(spool, 0, 10, 1_000_000).tasks, []);
  assertEquals(spool.known(tasks.map((task) => task.taskId)).size, 3);
  connection.pragma("max_page_count = 100000");
  committed(spool);
  assertEquals(loaded(spool, 0, 10, 1_000_000).tasks.length, 3);
  spool.close();
});

const SQLITE_HEADER = 100;

Deno.test("a damaged spool is refused and kept as it is", () => {
  using place = folder();
  const spool = openSpool(place.path, ENDPOINT);
  spool.store([1, 2, 3].map((seq) => spooled(seq, { payload: new Uint8Array(10_000) })), [LANE]);
  committed(spool);
  spool.close();
  const damaged = Deno.readFileSync(place.path).fill(0x5a, 8_192);
  Deno.writeFileSync(place.path, damaged);
  assertMatch(codeOf(() => openSpool(place.path, ENDPOINT)), /^SPOOL_UNREADABLE: .*mv '/);
  const kept = Deno.readFileSync(place.path);
  assertEquals(kept.subarray(SQLITE_HEADER), damaged.subarray(SQLITE_HEADER));
});

Deno.test("a large spool whose end is missing after a crash is refused and kept as it is", () => {
  using place = folder();
  const connection = openSpoolFile(place.path, ENDPOINT);
  const spool = new Spool(place.path, connection);
  spool.store(
    Array.from(
      { length: 80 },
      (_, at) => spooled(at + 1, { payload: new Uint8Array(1_000_000).fill(7) }),
    ),
    [LANE],
  );
  committed(spool);
  connection.pragma("wal_checkpoint(TRUNCATE)");
  spool.begin([{ lane: LANE.lane, seq: 1 }], []);
  committed(spool);
  const log = Deno.readFileSync(`${place.path}-wal`);
  spool.close();
  Deno.writeFileSync(`${place.path}-wal`, log);
  const { size } = Deno.statSync(place.path);
  Deno.truncateSync(place.path, size - 5_000_000);
  assertMatch(codeOf(() => openSpool(place.path, ENDPOINT)), /^SPOOL_UNREADABLE: .*mv '/);
  assertEquals(Deno.statSync(place.path).size, size - 5_000_000);
});

Deno.test("a file that is no database is refused and kept as it is", () => {
  using place = folder();
  const text = "this is not a database, it is a text".repeat(100);
  Deno.writeTextFileSync(place.path, text);
  assertMatch(codeOf(() => openSpool(place.path, ENDPOINT)), /^SPOOL_UNREADABLE: .*mv '/);
  assertEquals(Deno.readTextFileSync(place.path), text);
});

Deno.test("a spool of a newer version is refused", () => {
  using place = folder();
  const connection = openDatabase(place.path);
  connection.pragma("user_version = 99");
  closeDatabase(connection);
  assertMatch(codeOf(() => openSpool(place.path, ENDPOINT)), /^SPOOL_UNREADABLE: .*newer version/);
});

Deno.test("a spool of the first version is taken over with what it had begun", () => {
  using place = folder();
  const connection = openDatabase(place.path);
  connection.exec(`${MIGRATIONS[0]}; PRAGMA user_version = 1;
    INSERT INTO meta (key, value) VALUES ('spool_id', '${newId()}'), ('endpoint_id', '${ENDPOINT}'),
      ('begun_through', '2')`);
  const insert = connection.prepare(
    `INSERT INTO tasks (seq, task_id, function_id, options, attempts_made, timeline, payload, again)
      VALUES (?, ?, ?, '{}', 0, '[]', x'01', ?)`,
  );
  for (const seq of [1, 2, 3]) insert.run(seq, newId(), newId(), seq === 2 ? 1 : 0);
  closeDatabase(connection);
  const spool = openSpool(place.path, ENDPOINT);
  const recovery = spool.recover(1);
  assertEquals(recovery.begun.map(({ seq }) => seq), [1]);
  assertEquals(recovery.again.map(({ seq, moved }) => [seq, moved]), [[2, 0]]);
  const [lane] = recovery.lanes;
  assertEquals(lane, { ...LANE, owner: "", begunThrough: 2, waiting: 1 });
  assertEquals(loaded(spool, 2, 5, 1e6).tasks.map(({ seq }) => seq), [3]);
  spool.close();
});

Deno.test("lanes are loaded together within the bytes, and forgotten when they are done", () => {
  using place = folder();
  const spool = openSpool(place.path, ENDPOINT);
  const lanes = [1, 2, 3].map((lane) => ({ ...LANE, lane, group: newId(), priority: lane }));
  const payload = new Uint8Array(100);
  const tasks = [1, 2, 3, 1, 2, 3].map((lane, at) => spooled(at + 1, { lane, payload }));
  spool.store(tasks, lanes);
  committed(spool);
  const load = (bytes: number): unknown =>
    spool.load(lanes.map(({ lane }) => ({ lane, after: 0, tasks: 3 })), bytes)
      .map(({ lane, tasks, end }) => [lane, tasks.map(({ seq }) => seq), end]);
  assertEquals(load(1_000), [[1, [1, 4], true], [2, [2, 5], true], [3, [3, 6], true]]);
  assertEquals(load(250), [[1, [1, 4], true], [2, [2], false], [3, [], false]]);
  spool.storeResults(new Uint8Array(), tasks.filter(({ lane }) => lane === 2));
  spool.forgetLanes([2]);
  committed(spool);
  const { lanes: left, lastSeq, lastLane } = spool.recover(1);
  assertEquals(left, [lanes[0], lanes[2]].map((l) => ({ ...l, begunThrough: 0, waiting: 2 })));
  assertEquals([lastSeq, lastLane], [6, 3]);
  spool.close();
});

Deno.test("a spool that another process has is not opened", () => {
  using place = folder();
  const spool = openSpool(place.path, ENDPOINT);
  assertMatch(codeOf(() => openSpool(place.path, ENDPOINT)), /^ALREADY_RUNNING: /);
  spool.close();
});

Deno.test("the spool of an earlier registration is set aside, not lost", () => {
  using place = folder();
  const before = openSpool(place.path, ENDPOINT);
  before.store([spooled(1)], [LANE]);
  committed(before);
  before.close();
  const other = newId();
  const fresh = openSpool(place.path, other);
  assertTrue(fresh.spoolId !== before.spoolId);
  assertEquals(waitingIn(fresh), 0);
  fresh.close();
  const aside = openSpool(place.path.replace("spool.db", `spool.${ENDPOINT}.db`), ENDPOINT);
  assertEquals(waitingIn(aside), 1);
  aside.close();
});

Deno.test("the file is private", () => {
  using place = folder();
  const spool = openSpool(place.path, ENDPOINT);
  spool.store([spooled(1)], [LANE]);
  committed(spool);
  assertEquals(Deno.statSync(place.path).mode! & 0o777, 0o600);
  assertEquals(Deno.statSync(`${place.path}-wal`).mode! & 0o777, 0o600);
  spool.close();
});
