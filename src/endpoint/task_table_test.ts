import fc from "fast-check";
import type { TaskError } from "../contract/errors.ts";
import type { TaskId } from "../contract/ids.ts";
import { MAX_ATTEMPTS, MAX_MOVES } from "../contract/limits.ts";
import { assertEquals, assertMatch, assertTrue } from "../lib/assert.ts";
import type { AttemptOutcome } from "./executor/executor.ts";
import type { Handover, RecoveredLane, TableEffect, TableEvent } from "./table_events.ts";
import type { FinishedTask, SpooledTask } from "./task.ts";
import { TaskTable } from "./task_table.ts";
import {
  finishedAttempt,
  FUNCTION_ID,
  LOST,
  RAISED,
  RETURNED,
  SUCCESS,
  taskMessage,
} from "./testing/tasks.ts";

const OPTIONS = {
  maxAttempts: 2,
  windowTasks: 4,
  windowBytes: 1_000,
  maxLanes: 6,
  refers: (payload: Uint8Array): boolean => payload[0] === REFERS,
  fetchPlaces: 2,
  fetchTasks: 8,
  fetchBytes: 1_000,
};
/** The first byte of a payload whose arguments are to be fetched. */
const REFERS = 7;
const GONE: TaskError = {
  code: "BLOB_NOT_FOUND",
  type: "BLOB_NOT_FOUND",
  message: "an argument could not be fetched: it is gone",
  traceback: "",
};

const PLANNED: AttemptOutcome = { ...LOST, planned: { reason: "block b reached its walltime" } };
const OUTLASTS: AttemptOutcome = {
  ...LOST,
  planned: { reason: "block b reached its walltime", outlasts: true },
};

/** Of a task that is received. */
interface Shape {
  readonly maximum?: number;
  readonly owner?: string;
  readonly group?: number;
  readonly priority?: number;
  readonly bytes?: number;
  readonly refers?: boolean;
}

interface StoredTask extends SpooledTask {
  readonly again: number;
}

/** A disk and an executor that do exactly what the effects say, and check the promises. */
class World {
  table = new TaskTable(OPTIONS);
  readonly received = new Map<TaskId, Shape>();
  readonly disk = new Map<number, StoredTask>();
  readonly lanes = new Map<number, RecoveredLane>();
  readonly results = new Map<TaskId, FinishedTask>();
  readonly runs = new Map<TaskId, number[]>();
  running = new Map<TaskId, Handover>();
  /** Of tasks whose arguments were asked for and not released. */
  readonly files = new Map<TaskId, "on their way" | "here">();
  /** Effects that wait for the disk, which takes nothing for a while; null while it does. */
  #held: TableEffect[] | null = null;

  get isFailing(): boolean {
    return this.#held !== null;
  }

  apply(event: TableEvent): void {
    const effects = this.table.apply(event);
    if (this.#held !== null) this.#held.push(...effects);
    else this.#carryOut(effects);
  }

  receive(shape: Shape = {}): TaskId {
    const { maximum, owner = "ann", group = 0, priority = 0, bytes = 10, refers } = shape;
    const options = {
      ...(maximum === undefined ? {} : { max_attempts: maximum }),
      ...(priority === 0 ? {} : { priority }),
    };
    const task = taskMessage(options, {
      owner_id: owner,
      task_group_id: `0000000${group}-b434-49a2-a2e0-d925383d2dd4`,
      payload: new Uint8Array(bytes).fill(refers ? REFERS : 0, 0, 1),
    });
    this.received.set(task.task_id, shape);
    this.apply({ kind: "received", at: 1, tasks: [task] });
    return task.task_id;
  }

  room(attempts: number): void {
    this.apply({ kind: "room", at: 2, attempts });
  }

  finish(index: number, outcome: AttemptOutcome): void {
    const handover = [...this.running.values()][index];
    if (handover === undefined) return;
    const { task, attempt } = handover;
    this.running.delete(task.taskId);
    const attempts = [finishedAttempt(task.taskId, attempt, outcome)];
    this.apply({ kind: "finished", at: 3, attempts });
  }

  /** The arguments of one task have come, or cannot be had. */
  fetched(index: number, error: TaskError | null = null): void {
    const onTheirWay = [...this.files].filter(([, state]) => state === "on their way");
    if (onTheirWay.length === 0) return;
    const [taskId] = onTheirWay[index % onTheirWay.length];
    if (error === null) this.files.set(taskId, "here");
    this.apply({ kind: "fetched", at: 3, taskId, error });
  }

  cancel(index: number): void {
    const taskId = [...this.received.keys()][index];
    if (taskId === undefined) return;
    const spooled = [...this.disk.values()].filter((task) =>
      task.taskId === taskId && !this.table.has(taskId) && !this.results.has(taskId)
    );
    const finished = new Set(this.results.has(taskId) ? [taskId] : []);
    this.apply({ kind: "cancel", at: 4, taskIds: [taskId], spooled, finished });
  }

  /** The disk takes nothing, or takes it again, all at once. */
  fail(): void {
    this.#held ??= [];
  }

  mend(): void {
    const held = this.#held ?? [];
    this.#held = null;
    this.#carryOut(held);
  }

  /** The agent dies with all that it knew; the disk stays. */
  crash(): void {
    this.running.clear();
    this.files.clear();
    this.#held = null;
    this.table = new TaskTable(OPTIONS);
    const tasks = this.unfinished();
    const begun = tasks.filter((task) => this.#hasBegun(task));
    const lanes = [...this.lanes.values()].map((lane) => ({
      ...lane,
      waiting: tasks.filter((task) => task.lane === lane.lane && !this.#hasBegun(task)).length,
    }));
    const recovery = {
      at: 5,
      lastSeq: Math.max(0, ...this.disk.keys()),
      lastLane: Math.max(0, ...[...this.disk.values()].map(({ lane }) => lane)),
      lanes,
      begun: begun.filter((task) => task.again !== 1),
      again: begun.filter((task) => task.again === 1),
    };
    this.apply({ kind: "recovered", recovery, isHeld: false });
  }

  unfinished(): StoredTask[] {
    return [...this.disk.values()].filter((task) => !this.results.has(task.taskId));
  }

  #hasBegun({ lane, seq }: SpooledTask): boolean {
    return seq <= this.lanes.get(lane)!.begunThrough;
  }

  /** What is to be read is read when all before it is on disk, and before anything is told. */
  #carryOut(effects: readonly TableEffect[]): void {
    for (const effect of effects) this.#write(effect);
    for (const effect of effects) if (effect.kind === "load") this.#load(effect);
    for (const effect of effects) this.#tell(effect);
    this.#check();
  }

  #write(effect: TableEffect): void {
    switch (effect.kind) {
      case "store":
        for (const lane of effect.lanes) {
          assertTrue(!this.lanes.has(lane.lane), "a number of a lane was used twice");
          this.lanes.set(lane.lane, { ...lane, begunThrough: 0, waiting: 0 });
        }
        for (const task of effect.tasks) {
          assertTrue(!this.disk.has(task.seq), "a seq was used twice");
          assertTrue(this.lanes.has(task.lane), "a task without its lane");
          this.disk.set(task.seq, { ...task, again: 0 });
        }
        return;
      case "begin":
        return this.#begin(effect);
      case "forget":
        for (const lane of effect.lanes) {
          assertTrue(this.lanes.delete(lane), "a lane was forgotten twice");
        }
        return;
      case "requeue":
        for (const task of effect.tasks) {
          // Given back: that was no attempt.
          const runs = this.runs.get(task.taskId) ?? [];
          if (task.attemptsMade < runs.length) runs.pop();
          this.disk.set(task.seq, { ...this.disk.get(task.seq)!, ...task, again: 1 });
        }
        return;
      case "finish":
        for (const task of effect.tasks) {
          assertTrue(!this.results.has(task.result.task_id), "a second result");
          this.results.set(task.result.task_id, task);
        }
    }
  }

  #begin({ through, again }: TableEffect & { kind: "begin" }): void {
    for (const { lane, seq } of through) {
      const known = this.lanes.get(lane)!;
      assertTrue(seq > known.begunThrough, "a lane goes back");
      for (const task of this.unfinished()) {
        if (task.lane !== lane || task.seq <= known.begunThrough || task.seq > seq) continue;
        const isSetAside = this.table.has(task.taskId) && OPTIONS.refers(task.payload);
        assertTrue(
          this.table.isGiven(task.taskId) || isSetAside,
          "a task counts as begun and is not given",
        );
      }
      this.lanes.set(lane, { ...known, begunThrough: seq });
    }
    for (const seq of again) this.disk.set(seq, { ...this.disk.get(seq)!, again: 2 });
  }

  #tell(effect: TableEffect): void {
    if (effect.kind === "run") { for (const handover of effect.attempts) this.#run(handover); }
    if (effect.kind === "fetch") { for (const task of effect.tasks) this.#fetch(task); }
    if (effect.kind === "release") {
      for (const taskId of effect.taskIds) {
        assertTrue(this.files.delete(taskId), "files are released that nobody asked for");
        assertTrue(!this.running.has(taskId), "files are released under the attempt");
      }
    }
    if (effect.kind === "end") {
      for (const taskId of effect.taskIds) assertTrue(this.running.has(taskId));
    }
  }

  #fetch({ taskId, seq, payload }: SpooledTask): void {
    assertTrue(OPTIONS.refers(payload) && !this.files.has(taskId), "fetched without need");
    assertTrue(this.disk.get(seq)!.again === 1, "set aside, and not on disk as one that waits");
    this.files.set(taskId, "on their way");
  }

  #run(handover: Handover): void {
    const { task, attempt } = handover;
    const stored = this.disk.get(task.seq)!;
    assertTrue(this.#hasBegun(stored) && stored.again !== 1, "runs without being marked as begun");
    assertTrue(!this.results.has(task.taskId), "runs after its result");
    assertTrue(!this.running.has(task.taskId), "runs twice at once");
    const state = OPTIONS.refers(task.payload) ? "here" : undefined;
    assertTrue(this.files.get(task.taskId) === state, "runs without its arguments");
    this.running.set(task.taskId, handover);
    const runs = this.runs.get(task.taskId) ?? [];
    this.runs.set(task.taskId, [...runs, attempt]);
  }

  #load({ lanes, bytes }: TableEffect & { kind: "load" }): void {
    let left = bytes;
    const loaded = lanes.map(({ lane, after, tasks: maximum }, index) => {
      const found = this.unfinished().filter((task) => task.lane === lane && task.seq > after)
        .sort((one, other) => one.seq - other.seq);
      const tasks: SpooledTask[] = [];
      for (const task of found) {
        const isFirst = index === 0 && tasks.length === 0;
        if (tasks.length === maximum || (left < task.payload.length && !isFirst)) break;
        tasks.push(task);
        left -= task.payload.length;
      }
      return { lane, tasks, end: tasks.length === found.length && tasks.length < maximum };
    });
    this.apply({ kind: "loaded", at: 2, lanes: loaded });
  }

  /** What the table says of itself is what is on disk (3, 5). */
  #check(): void {
    if (this.#held !== null) return;
    const unfinished = this.unfinished();
    const { pending, outstanding } = this.table.counts;
    assertEquals(pending + outstanding, unfinished.length);
    const ahead = [...this.files.keys()].filter((taskId) => !this.table.isGiven(taskId));
    assertTrue(ahead.length <= OPTIONS.fetchPlaces, "more is fetched ahead than allowed");
    assertTrue(this.lanes.size <= 2 * OPTIONS.maxLanes + 100, "lanes are not bounded");
    for (const { lane } of unfinished) assertTrue(this.lanes.has(lane), "a lane is missing");
  }
}

const outcome = fc.constantFrom(SUCCESS, LOST, LOST, PLANNED, PLANNED, OUTLASTS, RAISED, RETURNED);
const shape = fc.record({
  maximum: fc.option(fc.integer({ min: 1, max: 3 }), { nil: undefined }),
  owner: fc.constantFrom("ann", "ben"),
  group: fc.nat(5),
  priority: fc.constantFrom(0, 0, 1, -1),
  bytes: fc.constantFrom(0, 10, 400, 70_000),
  refers: fc.constantFrom(false, false, true),
});
const command = fc.oneof(
  { weight: 8, arbitrary: fc.record({ do: fc.constant("receive" as const), shape }) },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant("room" as const),
      attempts: fc.integer({ min: 1, max: 3 }),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constant("finish" as const), index: fc.nat(3), outcome }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant("fetched" as const),
      index: fc.nat(3),
      error: fc.constantFrom(null, null, null, GONE),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("cancel" as const), index: fc.nat(20) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("fail" as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("mend" as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("crash" as const) }) },
);
type Command = typeof command extends fc.Arbitrary<infer T> ? T : never;

function take(world: World, step: Command): void {
  // While the disk fails, the flow takes and hands over nothing; what runs goes on.
  if (step.do === "receive" && !world.isFailing) world.receive(step.shape);
  else if (step.do === "room" && !world.isFailing) world.room(step.attempts);
  else if (step.do === "cancel" && !world.isFailing) world.cancel(step.index);
  else if (step.do === "finish") world.finish(step.index, step.outcome);
  else if (step.do === "fetched") world.fetched(step.index, step.error);
  else if (step.do === "fail") world.fail();
  else if (step.do === "mend") world.mend();
  else if (step.do === "crash") world.crash();
}

Deno.test("every accepted task ends in exactly one result, within its attempts", () => {
  fc.assert(
    fc.property(fc.array(command, { maxLength: 100, size: "max" }), (commands) => {
      const world = new World();
      for (const step of commands) take(world, step);
      world.mend();
      for (let left = 1_000; left > 0 && world.results.size < world.received.size; left--) {
        world.room(2);
        world.fetched(0);
        world.finish(0, SUCCESS);
      }
      assertEquals(world.files.size, 0);
      assertEquals([...world.results.keys()].sort(), [...world.received.keys()].sort());
      for (const [taskId, runs] of world.runs) {
        const { maximum = OPTIONS.maxAttempts } = world.received.get(taskId)!;
        const moves = maximum === 1 ? 0 : MAX_MOVES;
        assertTrue(runs.length <= maximum + moves, "more attempts than allowed");
        assertEquals(runs, runs.map((_, index) => index + 1));
      }
      const { pending, outstanding } = world.table.counts;
      assertEquals({ pending, outstanding }, { pending: 0, outstanding: 0 });
    }),
    { numRuns: 500 },
  );
});

Deno.test("a lost attempt is retried with its reason in the timeline, an exception is not", () => {
  const world = new World();
  world.receive({ maximum: 3 });
  world.room(1);
  world.finish(0, LOST);
  world.room(1);
  world.finish(0, RAISED);
  const [{ result }] = [...world.results.values()];
  assertEquals(result.state, "failed");
  assertEquals(result.attempt, 2);
  assertEquals(result.error!.type, "ValueError");
  assertEquals(result.timeline.map(({ state, attempt, detail }) => [state, attempt, detail]), [
    ["waiting-for-nodes", 0, undefined],
    ["running", 1, undefined],
    ["waiting-for-nodes", 1, "killed by SIGKILL"],
    ["running", 2, undefined],
    ["failed", 2, undefined],
  ]);
});

Deno.test("a planned end moves the task, which is no attempt, and says so", () => {
  const world = new World();
  const taskId = world.receive({ maximum: 2 });
  for (let moves = 0; moves < MAX_MOVES; moves++) {
    world.room(1);
    world.finish(0, PLANNED);
    // The next agent knows of it.
    if (moves === 1) world.crash();
  }
  world.room(1);
  world.finish(0, LOST);
  assertEquals(world.results.size, 0);
  world.room(1);
  world.finish(0, LOST);
  const { result } = world.results.get(taskId)!;
  const details = result.timeline.flatMap(({ detail }) => detail ?? []);
  assertEquals(details, [
    ...Array.from({ length: MAX_MOVES }, () => "moved: block b reached its walltime"),
    "killed by SIGKILL",
  ]);
  assertEquals(result.attempt, MAX_MOVES + 2);
  assertEquals(result.error!.message, "killed by SIGKILL (attempt 2, moved 3 times)");
});

Deno.test("a planned end counts when the task was moved as often as it may be", () => {
  const world = new World();
  world.receive({ maximum: 2 });
  for (let runs = 0; runs < MAX_MOVES + 1; runs++) {
    world.room(1);
    world.finish(0, PLANNED);
  }
  assertEquals(world.results.size, 0);
  world.room(1);
  world.finish(0, PLANNED);
  const [{ result }] = [...world.results.values()];
  assertEquals([result.attempt, result.error!.code], [MAX_MOVES + 2, "WORKER_LOST"]);
});

Deno.test("a task that has outlasted blocks as often as it may be moved is not tried in another", () => {
  const world = new World();
  world.receive({ maximum: 50 });
  for (let runs = 0; runs < MAX_MOVES; runs++) {
    world.room(1);
    world.finish(0, OUTLASTS);
  }
  assertEquals(world.results.size, 0);
  world.room(1);
  world.finish(0, OUTLASTS);
  const [{ result }] = [...world.results.values()];
  assertEquals([result.state, result.attempt], ["failed", MAX_MOVES + 1]);
});

Deno.test("with a maximum of 1 nothing runs twice, however its end was planned", () => {
  for (const planned of [PLANNED, OUTLASTS]) {
    const world = new World();
    const taskId = world.receive({ maximum: 1 });
    world.room(1);
    world.finish(0, planned);
    world.crash();
    world.room(5);
    assertEquals(world.runs.get(taskId), [1]);
    assertEquals(world.results.get(taskId)!.result.error!.code, "WORKER_LOST");
  }
});

Deno.test("the profile's maximum of 1 holds for tasks that name none", () => {
  const table = new TaskTable({ ...OPTIONS, maxAttempts: 1 });
  const task = taskMessage();
  table.apply({ kind: "received", at: 1, tasks: [task] });
  table.apply({ kind: "room", at: 2, attempts: 1 });
  const attempts = [finishedAttempt(task.task_id, 1, PLANNED)];
  const effects = table.apply({ kind: "finished", at: 3, attempts });
  assertEquals(effects.map(({ kind }) => kind), ["finish"]);
});

Deno.test("no attempt has a number beyond what a frame may name", () => {
  const world = new World();
  const made = MAX_ATTEMPTS - 2;
  const task = taskMessage({ max_attempts: MAX_ATTEMPTS }, { attempts_made: made });
  world.apply({ kind: "received", at: 1, tasks: [task] });
  for (let runs = 0; runs < 2; runs++) {
    world.room(1);
    world.finish(0, PLANNED);
  }
  assertEquals(world.results.get(task.task_id)!.result.attempt, MAX_ATTEMPTS);
});

Deno.test("what is given back unbegun counts as no attempt, also after a restart", () => {
  const world = new World();
  world.receive({ maximum: 1 });
  world.room(1);
  world.finish(0, RETURNED);
  world.crash();
  world.room(1);
  assertEquals([...world.running.values()].map(({ attempt }) => attempt), [1]);
});

Deno.test("the last lost attempt is the result, with the output that it left", () => {
  const world = new World();
  world.receive({ maximum: 1 });
  world.room(1);
  world.finish(0, LOST);
  const [{ result }] = [...world.results.values()];
  assertEquals([result.state, result.error!.code], ["failed", "WORKER_LOST"]);
  assertEquals(new TextDecoder().decode(result.stdout), "out");
});

Deno.test("attempts made elsewhere count", () => {
  const world = new World();
  const task = taskMessage({ max_attempts: 2 }, { attempts_made: 1 });
  world.apply({ kind: "received", at: 1, tasks: [task] });
  world.room(1);
  world.finish(0, LOST);
  assertEquals(world.results.get(task.task_id)!.result.attempt, 2);
});

Deno.test("after a crash what ran lost an attempt, what waited did not", () => {
  const world = new World();
  for (const maximum of [1, 2, 1]) world.receive({ maximum });
  world.room(2);
  world.crash();
  const [ended, ...others] = [...world.results.values()];
  assertEquals(others, []);
  assertMatch(ended.result.error!.message, /agent ended/);
  world.room(5);
  assertEquals([...world.running.values()].map(({ attempt }) => attempt).sort(), [1, 2]);
});

Deno.test("a function that is not allowed fails without running", () => {
  const world = new World();
  world.apply({ kind: "allowed", functionIds: [] });
  world.receive({ maximum: 2 });
  world.room(1);
  const [{ result }] = [...world.results.values()];
  assertEquals([result.error!.code, result.attempt], ["FUNCTION_NOT_ALLOWED", 0]);
  assertEquals(world.runs.size, 0);
  world.apply({ kind: "allowed", functionIds: [FUNCTION_ID] });
  world.receive({ maximum: 2 });
  world.room(1);
  assertEquals(world.running.size, 1);
});

Deno.test("what a stop interrupts is kept for the next start, or fails for that reason", () => {
  const world = new World();
  for (const maximum of [1, 2, 2]) world.receive({ maximum });
  world.room(2);
  world.apply({ kind: "stopping", reason: "the endpoint was stopped" });
  world.finish(0, LOST);
  world.finish(0, LOST);
  world.room(5);
  assertEquals(world.running.size, 0);
  const [ended, ...others] = [...world.results.values()];
  assertEquals(others, []);
  assertEquals(ended.result.error!.message, "the endpoint was stopped");
  world.crash();
  world.room(5);
  assertEquals([...world.running.values()].map(({ attempt }) => attempt).sort(), [1, 2]);
});

Deno.test("a cancel of what is not known is answered, of what is finished it is not", () => {
  const world = new World();
  const unknown = taskMessage().task_id;
  const done = taskMessage().task_id;
  const taskIds = [unknown, done];
  const finished = new Set([done]);
  world.apply({ kind: "cancel", at: 1, taskIds, spooled: [], finished });
  assertEquals([...world.results.keys()], [unknown]);
  const { seq, result } = world.results.get(unknown)!;
  assertEquals([seq, result.state, result.attempt], [null, "cancelled", 0]);
});

Deno.test("the end of an attempt that was given up before changes nothing", () => {
  const world = new World();
  world.receive({ maximum: 3 });
  const [taskId] = world.received.keys();
  for (const attempt of [1, 2]) {
    world.room(1);
    if (attempt === 1) world.finish(0, LOST);
  }
  const late = [finishedAttempt(taskId, 1, SUCCESS)];
  world.apply({ kind: "finished", at: 3, attempts: late });
  assertEquals([world.results.size, world.table.counts.outstanding], [0, 1]);
});

Deno.test("a cancelled task that is lost is not retried", () => {
  const world = new World();
  world.receive({ maximum: 3 });
  world.room(1);
  world.cancel(0);
  world.finish(0, LOST);
  assertEquals([...world.results.values()].map(({ result }) => result.state), ["cancelled"]);
});

Deno.test("memory holds no more than the window and what runs", () => {
  const world = new World();
  for (let count = 0; count < 50; count++) world.receive({ group: count % 5 });
  const inMemory = (): number =>
    [...world.received.keys()].filter((taskId) => world.table.has(taskId)).length;
  assertEquals(inMemory(), OPTIONS.windowTasks);
  for (let running = 1; running <= 40; running++) {
    world.room(1);
    assertTrue(inMemory() <= OPTIONS.windowTasks + running, `${inMemory()}`);
  }
  assertEquals(world.table.counts.pending, 10);
});

function begunOwners(world: World): string[] {
  return [...world.running.keys()].map((taskId) => world.received.get(taskId)!.owner!);
}

Deno.test("the one task of another owner overtakes a backlog, on disk or not", () => {
  const world = new World();
  for (let count = 0; count < 50; count++) world.receive({ owner: "ann" });
  world.receive({ owner: "ben" });
  world.room(2);
  assertEquals(begunOwners(world).sort(), ["ann", "ben"]);
  world.receive({ owner: "cy" });
  world.crash();
  world.room(3);
  assertEquals(begunOwners(world).sort(), ["ann", "ben", "cy"]);
});

Deno.test("an owner's higher priority goes first, and its groups take turns", () => {
  const world = new World();
  const tasks = [
    { group: 1, priority: 0 },
    ...[1, 1, 1, 1, 1, 2, 2].map((group) => ({ group, priority: 1 })),
    { group: 3, priority: 2 },
  ].map((shape) => world.receive(shape));
  for (const _ of tasks) world.room(1);
  const order = [...world.running.keys()].map((taskId) => tasks.indexOf(taskId));
  assertEquals(order, [8, 1, 6, 2, 7, 3, 4, 5, 0]);
});

Deno.test("a retry goes before the other tasks of its lane, and not before other owners", () => {
  const world = new World();
  const [lost, next] = [world.receive({ maximum: 3 }), world.receive()];
  const other = world.receive({ owner: "ben" });
  world.room(1);
  world.finish(0, LOST);
  world.room(1);
  assertEquals([...world.running.keys()], [other]);
  world.room(1);
  assertEquals([...world.running.keys()], [other, lost]);
  world.room(1);
  assertEquals([...world.running.keys()], [other, lost, next]);
});

Deno.test("any number of groups makes a bounded number of lanes", () => {
  const world = new World();
  for (let round = 0; round < 300; round++) {
    for (let group = 0; group < 9; group++) world.receive({ group, priority: round % 3 });
    if (round % 50 === 0) world.crash();
    world.room(20);
    while (world.running.size > 0) world.finish(0, SUCCESS);
  }
  assertTrue(world.lanes.size <= OPTIONS.maxLanes + 3, `${world.lanes.size} lanes`);
});

Deno.test("a task waits for its arguments without an attempt, and those behind it go on", () => {
  const world = new World();
  const large = world.receive({ maximum: 1, refers: true });
  const small = world.receive();
  world.room(1);
  assertEquals([...world.running.keys()], [small]);
  assertEquals([...world.files], [[large, "on their way"]]);
  world.crash();
  world.room(2);
  assertEquals([...world.files], [[large, "on their way"]]);
  world.fetched(0);
  world.room(2);
  assertEquals(world.running.get(large)!.attempt, 1);
  assertEquals(world.running.get(small)!.attempt, 2);
  world.finish(1, SUCCESS);
  assertEquals(world.files.size, 0);
});

Deno.test("a lost attempt has its arguments fetched again", () => {
  const world = new World();
  const large = world.receive({ maximum: 2, refers: true });
  for (const attempt of [1, 2]) {
    world.room(1);
    world.fetched(0);
    world.room(1);
    assertEquals(world.running.get(large)!.attempt, attempt);
    world.finish(0, LOST);
  }
  assertEquals(world.results.get(large)!.result.error!.code, "WORKER_LOST");
});

Deno.test("arguments that cannot be had end the task, which says so", () => {
  const world = new World();
  const large = world.receive({ refers: true });
  world.room(1);
  world.fetched(0, GONE);
  const { result } = world.results.get(large)!;
  assertEquals([result.state, result.error!.code, result.attempt], ["failed", "BLOB_NOT_FOUND", 0]);
  assertEquals([world.runs.size, world.files.size], [0, 0]);
});

Deno.test("a cancel ends a task that waits for its arguments, or with them for room", () => {
  const world = new World();
  for (let count = 0; count < 3; count++) world.receive({ refers: true });
  world.room(1);
  world.fetched(0);
  for (let index = 0; index < 3; index++) world.cancel(index);
  assertEquals([...world.results.values()].map(({ result }) => result.state), [
    "cancelled",
    "cancelled",
    "cancelled",
  ]);
  assertEquals([world.files.size, world.table.counts.pending], [0, 0]);
});

Deno.test("any number of tasks with large arguments is bounded, and holds up its own lane only", () => {
  const world = new World();
  for (let count = 0; count < 50; count++) world.receive({ refers: true });
  const other = world.receive({ group: 1 });
  const large = world.receive({ owner: "ben", refers: true });
  world.room(2);
  assertEquals([...world.running.keys()], [other]);
  const inMemory = [...world.received.keys()].filter((taskId) => world.table.has(taskId)).length;
  assertTrue(inMemory <= OPTIONS.windowTasks + OPTIONS.fetchTasks + 1, `${inMemory}`);
  assertTrue(world.files.has(large), "another owner's is not fetched");
});

Deno.test("what can never run here ends before its turn, in memory, on disk or set aside", () => {
  const world = new World();
  const aside = world.receive({ refers: true });
  world.room(1);
  const given = world.receive();
  world.room(1);
  const waiting = Array.from({ length: 6 }, () => world.receive());
  const onDisk = waiting.filter((taskId) => !world.table.has(taskId));
  assertTrue(onDisk.length > 0);
  const spooled = [...world.disk.values()].filter(({ taskId }) => onDisk.includes(taskId));
  const tasks = [aside, given, ...waiting].map((taskId) => ({ taskId, error: GONE }));
  world.apply({ kind: "unfit", at: 4, tasks, spooled });
  assertEquals(world.results.size, 7);
  for (const { result } of world.results.values()) {
    assertEquals([result.state, result.error!.code, result.attempt], ["failed", GONE.code, 0]);
  }
  assertEquals([...world.running.keys()], [given]);
  assertEquals(world.table.counts.pending, 0);
  world.finish(0, SUCCESS);
  assertEquals(world.results.size, 8);
});
