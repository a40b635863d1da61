/** How a finished task is shown: its result, or what went wrong. */
import type { FinishedTask } from "../../contract/api.ts";
import { ERROR_KINDS, EXIT, FuncxError } from "../../contract/errors.ts";
import { taskErrorOf, TaskFailed } from "../../client/errors.ts";
import type { ShellResult } from "../../client/functions.ts";
import { resultOf, resultTextOf } from "../../client/pending_task.ts";
import { parseKeepingNumbers } from "../../lib/exact_json.ts";
import { reportFailure } from "../failure.ts";
import type { CliContext } from "../context.ts";

/**
 * A finished task as `--json` gives it, with the numbers of its result as the worker wrote them; a
 * result that only Python reads stays as it came.
 */
export function taskDocument(task: FinishedTask): object {
  const { task_id, status, error, stdout = "", stderr = "" } = task;
  return { task_id, status, ...resultFields(task), error, stdout, stderr };
}

export function resultFields(task: Pick<FinishedTask, "task_id" | "status" | "result">): object {
  if (task.status !== "success" || task.result === undefined) return {};
  try {
    return { result: parseKeepingNumbers(resultTextOf(task)) };
  } catch {
    return { result_buffer: task.result };
  }
}

/**
 * Writes the result to standard output, a string as it is and any other value as JSON, or what the
 * shell function printed to where it belongs; a failure and its traceback to standard error. Returns
 * the exit code.
 */
export function showOutcome(context: CliContext, task: FinishedTask, runtime: string): number {
  if (task.status !== "success") return showFailure(context, new TaskFailed(task));
  const value = resultOf(task);
  if (runtime === "shell" && isShellResult(value)) {
    context.stdout.write(value.stdout);
    context.stderr.write(value.stderr);
    return shellExit(context, value);
  }
  context.stdout.write(`${typeof value === "string" ? value : resultTextOf(task)}\n`);
  return EXIT.ok;
}

/** Tells of a shell function's code when it is not 0. Returns the exit code. */
export function shellExit(context: CliContext, { returncode }: ShellResult): number {
  if (returncode === 0) return EXIT.ok;
  const failure = new FuncxError({
    code: "RemoteExecutionError",
    message: `the shell function ended with code ${returncode} on the endpoint`,
    hint: "What it printed is above.",
  });
  return reportFailure(failure, context.stderr, context.debug);
}

/** The remote traceback, then the two lines of every failure. Returns the exit code. */
export function showFailure(context: CliContext, failed: TaskFailed): number {
  const { traceback, hint } = failed.error;
  const { taskId } = failed;
  if (traceback !== "") context.stderr.write(traceback.replace(/\n*$/, "\n"));
  const failure = new FuncxError({
    code: failed.code,
    message: failed.message,
    hint: hint ??
      (taskId === undefined ? undefined : `See \`funcx-endpoint task show ${taskId}\`.`),
  });
  return reportFailure(failure, context.stderr, context.debug);
}

/** The exit code of a finished task, without a word. */
export function exitOf(task: FinishedTask, runtime: string): number {
  if (task.status !== "success") return ERROR_KINDS[taskErrorOf(task).code].exit;
  if (runtime !== "shell") return EXIT.ok;
  const value = resultOf(task);
  return isShellResult(value) && value.returncode !== 0 ? EXIT.failed : EXIT.ok;
}

export function isShellResult(value: unknown): value is ShellResult {
  if (typeof value !== "object" || value === null) return false;
  const { returncode, stdout, stderr } = value as Partial<ShellResult>;
  return typeof returncode === "number" && typeof stdout === "string" && typeof stderr === "string";
}
