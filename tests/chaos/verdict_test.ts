import { assertEquals } from "../../src/lib/assert.ts";
import type { TaskEvent } from "../../src/contract/task_state.ts";
import { parseLedger } from "./ledger.ts";
import { type Evidence, type FinalTask, judge } from "./verdict.ts";
import { expectedValue, type PlannedBatch, type PlannedTask } from "./workload.ts";

const TASK: PlannedTask = {
  key: "t",
  milliseconds: 0,
  size: 3,
  argument: 0,
  fails: false,
  cancelled: false,
};
const VALUE = expectedValue(TASK);
const BATCH: PlannedBatch = {
  name: "b",
  at: 0,
  group: 0,
  runtime: "typescript",
  maxAttempts: 2,
  repeated: false,
  tasks: [TASK],
};
const ID = "id-1";

function event(state: TaskEvent["state"], detail?: string): TaskEvent {
  return { state, at: 0, by: "agent", attempt: 1, ...(detail === undefined ? {} : { detail }) };
}

const SUCCESS: FinalTask = { status: "success", timeline: [event("received"), event("success")] };

/** One task that went well, with what the test changes of it. */
function evidence(changes: {
  readonly ledger?: string;
  readonly task?: Partial<PlannedTask>;
  readonly batch?: Partial<PlannedBatch>;
  readonly final?: FinalTask | null;
  readonly ids?: readonly string[];
  readonly seen?: Evidence["seen"];
  readonly more?: Partial<Evidence>;
} = {}): Evidence {
  const { final = SUCCESS, ids = [ID] } = changes;
  return {
    planned: [{ batch: { ...BATCH, ...changes.batch }, task: { ...TASK, ...changes.task } }],
    ledger: parseLedger(changes.ledger ?? "B t\nE t\n"),
    accepted: new Map(ids.length === 0 ? [] : [["t", ids]]),
    seen: changes.seen ??
      new Map([[ID, [{ taskId: ID, status: "success", value: VALUE }]]]),
    final: new Map(final === null ? [] : [[ID, final]]),
    spoolLost: false,
    noRoom: false,
    ...changes.more,
  };
}

function promisesBroken(given: Evidence): number[] {
  return judge(given).map(({ promise }) => promise);
}

Deno.test("a task that went well breaks no promise", () => {
  assertEquals(judge(evidence()), []);
});

Deno.test("a submit that was repeated under one key may be answered twice, with one id", () => {
  assertEquals(judge(evidence({ ids: [ID, ID] })), []);
  assertEquals(promisesBroken(evidence({ ids: [ID, "id-2"] })), [1]);
});

Deno.test("a lost task breaks the first promise", () => {
  assertEquals(promisesBroken(evidence({ final: null })), [1]);
  assertEquals(promisesBroken(evidence({ ids: [], seen: new Map(), final: null })), [1]);
  const waiting: FinalTask = { status: "waiting-for-nodes", timeline: [event("received")] };
  assertEquals(promisesBroken(evidence({ final: waiting, seen: new Map() })), [1, 1]);
});

Deno.test("two ends, two results or another result than the service's break the first promise", () => {
  const twice = { ...SUCCESS, timeline: [event("success"), event("failed")] };
  assertEquals(promisesBroken(evidence({ final: twice })), [1]);
  const result = { taskId: ID, status: "success", value: VALUE };
  assertEquals(promisesBroken(evidence({ seen: new Map([[ID, [result, result]]]) })), [1]);
  const failed = { taskId: ID, status: "failed", code: "WORKER_LOST" };
  assertEquals(promisesBroken(evidence({ seen: new Map([[ID, [failed]]]) })), [1, 1]);
});

Deno.test("a result that no attempt has made, or of another task, is none", () => {
  assertEquals(promisesBroken(evidence({ ledger: "" })), [1]);
  assertEquals(promisesBroken(evidence({ ledger: "B t\n" })), [1]);
  for (const change of [{ argument: VALUE.filler }, { filler: VALUE.argument }]) {
    const spoilt = { taskId: ID, status: "success", value: { ...VALUE, ...change } };
    assertEquals(promisesBroken(evidence({ seen: new Map([[ID, [spoilt]]]) })), [1]);
  }
  const other = { taskId: ID, status: "success", value: { ...VALUE, key: "u" } };
  assertEquals(promisesBroken(evidence({ seen: new Map([[ID, [other]]]) })), [1]);
});

Deno.test("an exception, a loss and a cancel are ends only of tasks that can have them", () => {
  const ended = (code: string, status: FinalTask["status"] = "failed"): Evidence =>
    evidence({
      final: { status, timeline: [event(status)], error: { code, message: "why" } },
      seen: new Map([[ID, [{ taskId: ID, status, code }]]]),
    });
  assertEquals(promisesBroken(ended("RemoteExecutionError")), [1]);
  assertEquals(promisesBroken(ended("INTERNAL_ERROR")), [1]);
  assertEquals(promisesBroken(ended("WORKER_LOST")), []);
  assertEquals(promisesBroken(ended("TASK_CANCELLED", "cancelled")), [1]);
});

Deno.test("an argument or a result finds no room only where a disk was full", () => {
  const full = { status: "failed", code: "STORAGE_FULL" } as const;
  const final: FinalTask = {
    status: "failed",
    timeline: [event("failed")],
    error: { code: full.code, message: "full" },
  };
  const seen = new Map([[ID, [{ taskId: ID, ...full }]]]);
  const refused = { final, seen, ledger: "", task: { argument: 9_000 } };
  assertEquals(promisesBroken(evidence(refused)), [1]);
  assertEquals(promisesBroken(evidence({ ...refused, more: { noRoom: true } })), []);
});

Deno.test("more attempts than max_attempts break the second promise", () => {
  const final: FinalTask = {
    status: "success",
    timeline: [event("waiting-for-nodes", "killed"), event("success")],
  };
  const ledger = "B t\nH 1\nh 1\nB t\nE t\n";
  assertEquals(promisesBroken(evidence({ ledger, final })), []);
  assertEquals(promisesBroken(evidence({ ledger, final, batch: { maxAttempts: 1 } })), [2]);
  const spoolLost = { spoolLost: true };
  assertEquals(
    promisesBroken(evidence({ ledger, final, batch: { maxAttempts: 1 }, more: spoolLost })),
    [],
  );
});

Deno.test("a second attempt that the timeline does not explain breaks the third promise", () => {
  const ledger = "B t\nH 1\nh 1\nB t\nE t\n";
  assertEquals(promisesBroken(evidence({ ledger })), [3]);
  // What a spool lost of an attempt's beginning, no agent can name.
  assertEquals(promisesBroken(evidence({ ledger, more: { spoolLost: true } })), []);
});

Deno.test("a second attempt though nothing had died breaks the fourth promise", () => {
  const final: FinalTask = {
    status: "success",
    timeline: [event("waiting-for-nodes", "killed"), event("success")],
  };
  assertEquals(promisesBroken(evidence({ ledger: "B t\nF cut\nB t\nE t\n", final })), [4]);
  assertEquals(promisesBroken(evidence({ ledger: "H 1\nh 1\nB t\nB t\nE t\n", final })), [4]);
  assertEquals(promisesBroken(evidence({ ledger: "H 1\nB t\nB t\nE t\nh 1\n", final })), []);
});

Deno.test("a task that nobody was told of is a violation", () => {
  const final = new Map([[ID, SUCCESS], ["id-9", SUCCESS]]);
  assertEquals(promisesBroken(evidence({ more: { final } })), [1]);
});
