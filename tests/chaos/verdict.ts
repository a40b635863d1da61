/**
 * What the promises say of the evidence that a seed leaves: the plan, the ledger that the tasks
 * wrote, what the clients were told, and what the service has in the end. Pure.
 */
import { isTerminal } from "../../src/contract/task_state.ts";
import { INLINE_BYTES } from "../../src/contract/limits.ts";
import type { TaskEvent, TaskState } from "../../src/contract/task_state.ts";
import type { SeenResult } from "./client_journal.ts";
import type { LedgerLine } from "./ledger.ts";
import { expectedValue, type PlannedBatch, type PlannedTask, type SeenValue } from "./workload.ts";

/** A task as the service has it in the end. */
export interface FinalTask {
  readonly status: TaskState;
  readonly timeline: readonly TaskEvent[];
  readonly error?: { readonly code: string; readonly message: string };
}

export interface Evidence {
  readonly planned: readonly { readonly batch: PlannedBatch; readonly task: PlannedTask }[];
  readonly ledger: readonly LedgerLine[];
  /** Key → the id that each 2xx answer gave it. */
  readonly accepted: ReadonlyMap<string, readonly string[]>;
  /** Task id → each time that a client saw a result of it. */
  readonly seen: ReadonlyMap<string, readonly SeenResult[]>;
  /** Every task of the service, by its id. */
  readonly final: ReadonlyMap<string, FinalTask>;
  /** A spool lost commits that its disk had confirmed: attempts begun in them are not counted. */
  readonly spoolLost: boolean;
  /** The agent's disk was full for a while: there may have been no room for an argument or a result. */
  readonly noRoom: boolean;
}

export interface Violation {
  /** Number of the promise in README.md's list of what chaos checks. */
  readonly promise: number;
  readonly what: string;
  readonly key?: string;
  readonly taskId?: string;
  readonly timeline?: readonly TaskEvent[];
}

/** What became of one task, gathered. */
interface Story {
  readonly batch: PlannedBatch;
  readonly task: PlannedTask;
  readonly taskId: string;
  readonly begun: readonly number[];
  readonly done: number;
  readonly final: FinalTask;
}

export function judge(evidence: Evidence): Violation[] {
  const violations: Violation[] = [];
  const attempts = attemptsOf(evidence.ledger);
  for (const { batch, task } of evidence.planned) {
    const found = (promise: number, what: string, taskId?: string): void => {
      const timeline = taskId === undefined ? undefined : evidence.final.get(taskId)?.timeline;
      violations.push({ promise, what, key: task.key, taskId, timeline });
    };
    const taskIds = [...new Set(evidence.accepted.get(task.key) ?? [])];
    const [taskId] = taskIds;
    if (taskId === undefined) {
      found(1, "its submit was never answered 2xx, though the client went on trying");
      continue;
    }
    if (taskIds.length > 1) found(1, `one idempotency key gave it the ids ${taskIds.join(", ")}`);
    const final = evidence.final.get(taskId);
    if (final === undefined) {
      found(1, "accepted, and unknown to the service", taskId);
      continue;
    }
    const { begun = [], done = 0 } = attempts.get(task.key) ?? {};
    const story: Story = { batch, task, taskId, begun, done, final };
    for (
      const [promise, what] of [
        ...terminalProblems(story, evidence.seen.get(taskId) ?? []),
        ...resultProblems(story, evidence.seen.get(taskId)?.[0], evidence),
        ...attemptProblems(story, evidence),
        ...timelineProblems(story, evidence),
      ]
    ) found(promise, what, taskId);
  }
  return [...violations, ...strangers(evidence)];
}

type Problem = [promise: number, what: string];

/** Exactly one end, and exactly one result for the client. */
function terminalProblems({ final }: Story, seen: readonly SeenResult[]): Problem[] {
  const problems: Problem[] = [];
  const ends = final.timeline.filter(({ state }) => isTerminal(state));
  if (!isTerminal(final.status)) problems.push([1, `it ended as ${final.status}`]);
  else if (ends.length !== 1) problems.push([1, `its timeline has ${ends.length} ends`]);
  if (seen.length !== 1) problems.push([1, `its client saw ${seen.length} results`]);
  for (const { status } of seen) {
    if (status !== final.status) {
      problems.push([1, `its client saw ${status}, the service has ${final.status}`]);
    }
  }
  return problems;
}

/** The end has to be one that this task can have. */
function resultProblems(
  story: Story,
  seen: SeenResult | undefined,
  { noRoom }: Evidence,
): Problem[] {
  const { task, final, done, batch, begun } = story;
  const code = final.error?.code;
  switch (final.status) {
    case "success":
      // The command of a shell task that was killed: how it ended is its result.
      if (batch.runtime === "shell" && seen?.returnCode !== undefined) return [];
      if (task.fails) return [[1, "it succeeded, though it was meant to fail"]];
      if (done === 0) return [[1, "it succeeded, though no attempt was done with its work"]];
      return seen === undefined ? [] : valueProblems(task, seen.value);
    case "failed":
      if (code === "RemoteExecutionError") {
        return task.fails
          ? []
          : [[1, `an exception that it does not raise: ${final.error?.message}`]];
      }
      // Three workers in a row were killed before they were ready.
      if (code === "CouldNotExecuteUserTaskError" && begun.length === 0) return [];
      if (code === "WORKER_LOST" || code === "ENDPOINT_LOST") return [];
      if (code === "STORAGE_FULL" && noRoom && task.argument > 0) return [];
      return [[1, `it failed with ${code}: ${final.error?.message}`]];
    case "cancelled":
      return task.cancelled ? [] : [[1, "it was cancelled, and nobody had asked for it"]];
    default:
      return [];
  }
}

function valueProblems(task: PlannedTask, value: SeenValue | undefined): Problem[] {
  const expected = expectedValue(task);
  const isAsExpected = value?.key === expected.key && value.argument === expected.argument &&
    value.filler === expected.filler;
  if (isAsExpected) return [];
  return [[1, `its client got ${JSON.stringify(value)} instead of ${JSON.stringify(expected)}`]];
}

function attemptProblems(story: Story, evidence: Evidence): Problem[] {
  const { spoolLost, noRoom, ledger } = evidence;
  const { begun, batch, task } = story;
  const problems: Problem[] = [];
  const allowed = batch.maxAttempts + (spoolLost ? 1 : 0);
  if (begun.length > allowed) {
    problems.push([2, `it ran ${begun.length} times, max_attempts is ${batch.maxAttempts}`]);
  }
  // What could not be kept of a large result is lost with the attempt.
  if (noRoom && task.size >= INLINE_BYTES) return problems;
  const harms = begun.length > 1 ? harmsOf(ledger) : [];
  begun.slice(1).forEach((again, index) => {
    const before = begun[index]!;
    if (!harms.some(([from, to]) => from < again && before < to)) {
      problems.push([4, "it ran again, though neither its worker nor its agent had died"]);
    }
  });
  return problems;
}

/** From which line to which attempts could be lost, for each time that something died. */
function harmsOf(ledger: readonly LedgerLine[]): [from: number, to: number][] {
  return ledger.flatMap((line, from): [number, number][] => {
    if (line.kind !== "harm") return [];
    const to = ledger.findIndex((other) => other.kind === "harmed" && other.id === line.id);
    return [[from, to < 0 ? ledger.length : to]];
  });
}

/**
 * Each attempt that was lost is named, with a reason; but for one that had begun in what a spool
 * lost, of which nobody knows any more.
 */
function timelineProblems({ begun, final }: Story, { spoolLost }: Evidence): Problem[] {
  const isLoss = ({ state, detail }: TaskEvent): boolean =>
    detail !== undefined && detail !== "" && /^(waiting-for|failed)/.test(state);
  const losses = final.timeline.filter(isLoss).length;
  if (begun.length - 1 > losses + (spoolLost ? 1 : 0)) {
    return [[3, `it ran ${begun.length} times, and its timeline names ${losses} losses`]];
  }
  const isLost = final.error !== undefined && /^(WORKER|ENDPOINT)_LOST$/.test(final.error.code);
  if (isLost && final.error.message === "") return [[3, "its loss has no reason"]];
  return [];
}

/** A submit that was repeated must not have made more tasks. */
function strangers({ accepted, final }: Evidence): Violation[] {
  const known = new Set([...accepted.values()].flat());
  return [...final.keys()].filter((taskId) => !known.has(taskId)).map((taskId) => ({
    promise: 1,
    what: "the service has a task that no submit was answered with",
    taskId,
  }));
}

/** Key → where in the ledger its attempts begin, and how many were done. */
function attemptsOf(ledger: readonly LedgerLine[]): Map<string, { begun: number[]; done: number }> {
  const attempts = new Map<string, { begun: number[]; done: number }>();
  ledger.forEach((line, index) => {
    if (line.kind !== "begun" && line.kind !== "done") return;
    const known = attempts.get(line.key) ?? { begun: [], done: 0 };
    attempts.set(line.key, known);
    if (line.kind === "begun") known.begun.push(index);
    else known.done += 1;
  });
  return attempts;
}
