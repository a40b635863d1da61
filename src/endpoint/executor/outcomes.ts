/** How attempts end that the manager ends itself, or whose worker went away. */
import { bytecodeDiffers } from "../../contract/python_version.ts";
import type { TaskError } from "../../contract/errors.ts";
import { type Assignment, manageError } from "./assignment.ts";
import type { AttemptOutcome } from "./executor.ts";
import { exitHint, exitText } from "./exit_reason.ts";
import type { RuntimeName } from "./runtimes/runtime.ts";
import { isPickled } from "./task_records.ts";
import type { WorkerEnd } from "./worker_process.ts";

const LANGUAGES: Readonly<Record<RuntimeName, string>> = {
  typescript: "TypeScript",
  python: "Python",
  shell: "shell",
};

export const STOPPED: TaskError = manageError(
  "WORKER_LOST",
  "the endpoint was stopped before the task had finished",
  "It runs again when the endpoint does, if it has attempts left.",
);

/** The end of a task whose process group the manager ended on purpose. */
export function endedOutcome(assignment: Assignment): AttemptOutcome | null {
  switch (assignment.endReason) {
    case null:
      return null;
    case "cancel":
      return { kind: "cancelled" };
    case "walltime":
      return { kind: "failed", error: walltimeError(assignment.walltime ?? 0) };
    case "memory":
      return { kind: "failed", error: memoryError(assignment.memoryUsed, assignment.memory ?? 0) };
  }
}

function walltimeError(walltime: number): TaskError {
  return manageError(
    "WALLTIME_EXCEEDED",
    `the task was ended after its walltime of ${walltime / 1000} s`,
    "Give it more with walltime_seconds, or let it do less.",
  );
}

function memoryError(used: number, allowed: number): TaskError {
  return manageError(
    "MEMORY_EXCEEDED",
    `the task was ended when its processes used ${mebibytes(used)} of memory; ` +
      `${mebibytes(allowed)} are allowed`,
    "Ask for more with memory in its resource_specification, or raise memPerWorker in the profile.",
  );
}

function mebibytes(bytes: number): string {
  return `${Math.ceil(bytes / 1024 ** 2)} MiB`;
}

export function workerLost(
  runtime: RuntimeName,
  pid: number | undefined,
  end: WorkerEnd,
  bytecodeHint: string | null = null,
): TaskError {
  return manageError(
    "WORKER_LOST",
    `the ${LANGUAGES[runtime]} worker (process ${pid}) ended with ${exitText(end)} ` +
      "while it ran the task",
    [exitHint(end, end.oomKills, end.lastWords), bytecodeHint ?? ""].join(" ").trim(),
  );
}

/** Signals by which Python ends when it runs the bytecode of another one. */
const CRASHES: readonly (string | null)[] = ["SIGSEGV", "SIGBUS", "SIGILL", "SIGABRT", "SIGFPE"];

/**
 * Why a worker may have crashed whose function came as bytecode; null for any other end.
 * @param version of its own Python
 */
export function bytecodeHint(
  task: Assignment | undefined,
  end: WorkerEnd,
  version: unknown,
): string | null {
  if (task === undefined || !CRASHES.includes(end.signal)) return null;
  if (!task.environment.startsWith("python") || !isPickled(task.attempt.code)) return null;
  const { client } = task.attempt.options;
  const theirs = client?.function_python ?? client?.python;
  if (theirs !== undefined && !bytecodeDiffers(theirs, String(version))) return null;
  return `The function was serialized with dill by Python ${
    theirs ?? "of unknown version"
  }, and this worker is Python ` +
    `${version}: bytecode of another minor version crashes. Use the same Python at both ends, or ` +
    "send source and JSON: Executor(endpoint_id, serializer=ComputeSerializer(" +
    "strategy_code=PureSourceTextInspect(), strategy_data=JSONData())).";
}

/** A worker that ended, or was given up, before it was ready. */
export function notStarted(runtime: RuntimeName, program: string, end: WorkerEnd): TaskError {
  const how = end.startFailure ?? exitText(end);
  const words = lastLine(end.lastWords);
  return manageError(
    "CouldNotExecuteUserTaskError",
    `the ${LANGUAGES[runtime]} worker does not start (${program}: ${how})` +
      (words === undefined ? "" : `: ${words}`),
    "Check the interpreter and worker_init in the endpoint's profile.",
    end.lastWords,
  );
}

export const NOT_IN_CONTAINERS: TaskError = manageError(
  "CouldNotExecuteUserTaskError",
  "TypeScript functions do not run in containers",
  "Run it on an endpoint whose profile names no executor.container.image, and without an image of its own.",
);

export function runtimeMissing(runtime: RuntimeName, reason: string, hint: string): TaskError {
  return manageError(
    "CouldNotExecuteUserTaskError",
    `this endpoint cannot run ${LANGUAGES[runtime]} functions: ${reason}`,
    hint,
  );
}

/** The last line that has text. */
function lastLine(text: string): string | undefined {
  return text.split("\n").map((line) => line.trim()).filter((line) => line !== "").at(-1);
}

/** The task's sandbox cannot be made. */
export function noFolder(reason: string, parent: string): TaskError {
  return manageError(
    "CouldNotExecuteUserTaskError",
    `the task's folder cannot be made: ${reason}`,
    `Check ${parent} on the endpoint.`,
  );
}
