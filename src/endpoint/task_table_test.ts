import fc from "fast-check";
import type { TaskId } from "../contract/ids.ts";
import { assertEquals, assertMatch, assertTrue } from "../lib/assert.ts";
import type { AttemptOutcome } from "./executor/executor.ts";
import type { Handover, TableEffect, TableEvent } from "./table_events.ts";
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

const WINDOW = { windowTasks: 4, windowBytes: 1_000 };
const DEFAULT_ATTEMPTS = 2;

/** A disk and an executor that do exactly what the effects say, and check the promises. */
class World {
  table = new TaskTable({ maxAttempts: DEFAULT_ATTEMPTS, ...WINDOW });
  readonly received = new Map<TaskId, number>();
  readonly disk = new Map<number, SpooledTask & { again: number }>();
  readonly results = new Map<TaskId, FinishedTask>();
  readonly runs = new Map<TaskId, number[]>();
  running = new Map<TaskId, Handover>();
  begunThrough = 0;

  apply(event: TableEvent): void {
    for (const effect of this.table.apply(event)) this.#carryOut(effect);
  }

  receive(maximum: number | undefined): void {
    const task = taskMessage(maximum === undefined ? {} : { max_attempts: maximum });
    this.received.set(task.task_id, maximum ?? DEFAULT_ATTEMPTS);
    this.apply({ kind: "received", at: 1, tasks: [task] });
  }

  finish(index: number, outcome: AttemptOutcome): void {
    const handover = [...this.running.values()][index];
    if (handover === undefined) return;
    const { task, attempt } = handover;
    this.running.delete(task.taskId);
    if (outcome.kind === "returned") this.runs.get(task.taskId)!.pop();
    const attempts = [finishedAttempt(task.taskId, attempt, outcome)];
    this.apply({ kind: "finished", at: 3, attempts });
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

  /** The agent dies with all that it knew; the disk stays. */
  crash(): void {
    this.running.clear();
    this.table = new TaskTable({ maxAttempts: DEFAULT_ATTEMPTS, ...WINDOW });
    const tasks = this.#unfinished();
    const old = tasks.filter((task) => task.seq <= this.begunThrough);
    const lastSeq = Math.max(this.begunThrough, ...this.disk.keys());
    const recovery = {
      at: 5,
      lastSeq,
      begunThrough: this.begunThrough,
      begun: old.filter((task) => task.again !== 1),
      again: old.filter((task) => task.again === 1),
      waiting: tasks.length - old.length,
    };
    this.apply({ kind: "recovered", recovery });
  }

  #unfinished(): (SpooledTask & { again: number })[] {
    return [...this.disk.values()].filter((task) => !this.results.has(task.taskId));
  }

  #carryOut(effect: TableEffect): void {
    switch (effect.kind) {
      case "store":
        for (const task of effect.tasks) {
          assertTrue(!this.disk.has(task.seq), "a seq was used twice");
          this.disk.set(task.seq, { ...task, again: 0 });
        }
        return;
      case "begin":
        this.begunThrough = Math.max(this.begunThrough, effect.through ?? 0);
        for (const seq of effect.again) this.disk.get(seq)!.again = 2;
        return;
      case "requeue":
        for (const task of effect.tasks) {
          this.disk.set(task.seq, { ...this.disk.get(task.seq)!, ...task, again: 1 });
        }
        return;
      case "finish":
        for (const task of effect.tasks) {
          assertTrue(!this.results.has(task.result.task_id), "a second result");
          this.results.set(task.result.task_id, task);
        }
        return;
      case "run":
        for (const handover of effect.attempts) this.#run(handover);
        return;
      case "end":
        for (const taskId of effect.taskIds) assertTrue(this.running.has(taskId));
        return;
      case "load":
        return this.#load(effect);
      case "report":
        return;
    }
  }

  #run(handover: Handover): void {
    const { task, attempt } = handover;
    const { seq, again } = this.disk.get(task.seq)!;
    assertTrue(again === 2 || seq <= this.begunThrough, "runs without being marked as begun");
    assertTrue(!this.results.has(task.taskId), "runs after its result");
    assertTrue(!this.running.has(task.taskId), "runs twice at once");
    this.running.set(task.taskId, handover);
    const runs = this.runs.get(task.taskId) ?? [];
    this.runs.set(task.taskId, [...runs, attempt]);
  }

  #load({ after, tasks }: TableEffect & { kind: "load" }): void {
    const found = this.#unfinished().filter((task) => task.seq > after);
    const taken = found.sort((one, other) => one.seq - other.seq).slice(0, Math.max(1, tasks));
    this.apply({ kind: "loaded", tasks: taken, end: taken.length === found.length });
  }
}

const outcome = fc.constantFrom(SUCCESS, LOST, LOST, RAISED, RETURNED);
const command = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant("receive" as const),
      maximum: fc.option(fc.integer({ min: 1, max: 3 }), { nil: undefined }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant("room" as const),
      attempts: fc.integer({ min: 1, max: 3 }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant("finish" as const), index: fc.nat(3), outcome }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("cancel" as const), index: fc.nat(20) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("crash" as const) }) },
);

Deno.test("every accepted task ends in exactly one result, within its attempts", () => {
  fc.assert(
    fc.property(fc.array(command, { maxLength: 80, size: "max" }), (commands) => {
      const world = new World();
      for (const step of commands) {
        if (step.do === "receive") world.receive(step.maximum);
        else if (step.do === "room") world.apply({ kind: "room", at: 2, ...step });
        else if (step.do === "finish") world.finish(step.index, step.outcome);
        else if (step.do === "cancel") world.cancel(step.index);
        else world.crash();
      }
      for (let left = 1_000; left > 0 && world.results.size < world.received.size; left--) {
        world.apply({ kind: "room", at: 6, attempts: 2 });
        world.finish(0, SUCCESS);
      }
      assertEquals([...world.results.keys()].sort(), [...world.received.keys()].sort());
      for (const [taskId, runs] of world.runs) {
        assertTrue(runs.length <= world.received.get(taskId)!, "more attempts than allowed");
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
  world.receive(3);
  world.apply({ kind: "room", at: 2, attempts: 1 });
  world.finish(0, LOST);
  world.apply({ kind: "room", at: 2, attempts: 1 });
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

Deno.test("what is given back unbegun counts as no attempt, also after a restart", () => {
  const world = new World();
  world.receive(1);
  world.apply({ kind: "room", at: 2, attempts: 1 });
  world.finish(0, RETURNED);
  world.crash();
  world.apply({ kind: "room", at: 2, attempts: 1 });
  assertEquals([...world.running.values()].map(({ attempt }) => attempt), [1]);
});

Deno.test("the last lost attempt is the result, with the output that it left", () => {
  const world = new World();
  world.receive(1);
  world.apply({ kind: "room", at: 2, attempts: 1 });
  world.finish(0, LOST);
  const [{ result }] = [...world.results.values()];
  assertEquals([result.state, result.error!.code], ["failed", "WORKER_LOST"]);
  assertEquals(new TextDecoder().decode(result.stdout), "out");
});

Deno.test("attempts made elsewhere count", () => {
  const world = new World();
  const task = taskMessage({ max_attempts: 2 }, { attempts_made: 1 });
  world.apply({ kind: "received", at: 1, tasks: [task] });
  world.apply({ kind: "room", at: 1, attempts: 1 });
  world.finish(0, LOST);
  assertEquals(world.results.get(task.task_id)!.result.attempt, 2);
});

Deno.test("after a crash what ran lost an attempt, what waited did not", () => {
  const world = new World();
  for (const maximum of [1, 2, 1]) world.receive(maximum);
  world.apply({ kind: "room", at: 2, attempts: 2 });
  world.crash();
  const [ended, ...others] = [...world.results.values()];
  assertEquals(others, []);
  assertMatch(ended.result.error!.message, /agent ended/);
  world.apply({ kind: "room", at: 2, attempts: 5 });
  assertEquals([...world.running.values()].map(({ attempt }) => attempt), [2, 1]);
});

Deno.test("a function that is not allowed fails without running", () => {
  const world = new World();
  world.apply({ kind: "allowed", functionIds: [] });
  world.receive(2);
  world.apply({ kind: "room", at: 2, attempts: 1 });
  const [{ result }] = [...world.results.values()];
  assertEquals([result.error!.code, result.attempt], ["FUNCTION_NOT_ALLOWED", 0]);
  assertEquals(world.runs.size, 0);
  world.apply({ kind: "allowed", functionIds: [FUNCTION_ID] });
  world.receive(2);
  world.apply({ kind: "room", at: 2, attempts: 1 });
  assertEquals(world.running.size, 1);
});

Deno.test("what a stop interrupts is kept for the next start, or fails for that reason", () => {
  const world = new World();
  for (const maximum of [1, 2, 2]) world.receive(maximum);
  world.apply({ kind: "room", at: 2, attempts: 2 });
  world.apply({ kind: "stopping", reason: "the endpoint was stopped" });
  world.finish(0, LOST);
  world.finish(0, LOST);
  world.apply({ kind: "room", at: 2, attempts: 5 });
  assertEquals(world.running.size, 0);
  const [ended, ...others] = [...world.results.values()];
  assertEquals(others, []);
  assertEquals(ended.result.error!.message, "the endpoint was stopped");
  world.crash();
  world.apply({ kind: "room", at: 2, attempts: 5 });
  assertEquals([...world.running.values()].map(({ attempt }) => attempt), [2, 1]);
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
  world.receive(3);
  const [taskId] = world.received.keys();
  for (const attempt of [1, 2]) {
    world.apply({ kind: "room", at: 2, attempts: 1 });
    if (attempt === 1) world.finish(0, LOST);
  }
  const late = [finishedAttempt(taskId, 1, SUCCESS)];
  world.apply({ kind: "finished", at: 3, attempts: late });
  assertEquals([world.results.size, world.table.counts.outstanding], [0, 1]);
});

Deno.test("a cancelled task that is lost is not retried", () => {
  const world = new World();
  world.receive(3);
  world.apply({ kind: "room", at: 2, attempts: 1 });
  world.cancel(0);
  world.finish(0, LOST);
  assertEquals([...world.results.values()].map(({ result }) => result.state), ["cancelled"]);
});

Deno.test("memory holds no more than the window and what runs", () => {
  const world = new World();
  for (let count = 0; count < 50; count++) world.receive(undefined);
  assertEquals([...world.received.keys()].filter((taskId) => world.table.has(taskId)).length, 4);
  assertEquals(world.table.counts.pending, 50);
});
