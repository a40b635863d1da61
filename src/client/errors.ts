/** What a call or a task throws, and how an answer becomes it. */
import * as v from "valibot";
import { type ErrorBody, ErrorBodySchema } from "../contract/api.ts";
import { type ErrorCode, FuncxError, isErrorCode, type TaskError } from "../contract/errors.ts";
import type { FinishedTask } from "../contract/api.ts";
import type { TaskId } from "../contract/ids.ts";
import { untrustedFailure } from "../contract/untrusted.ts";
import { causeOf } from "../lib/outcome.ts";

/**
 * A task ended without a result: its function raised, it was cancelled, or what ran it was lost.
 * `code` tells which; `error.type`, `error.message` and `error.traceback` are those of the worker.
 */
export class TaskFailed extends Error {
  override readonly name = "TaskFailed";
  /** Undefined of one that was cancelled before the service had it. */
  readonly taskId: TaskId | undefined;
  readonly status: "failed" | "cancelled";
  readonly error: TaskError;
  /** The last bytes that the task wrote, as text. */
  readonly stdout: string;
  readonly stderr: string;

  constructor(task: Omit<FinishedTask, "task_id"> & { readonly task_id: TaskId | undefined }) {
    const error = taskErrorOf(task);
    super(error.type === "" ? error.message : `${error.type}: ${error.message}`);
    this.taskId = task.task_id;
    this.status = task.status === "cancelled" ? "cancelled" : "failed";
    this.error = error;
    this.stdout = task.stdout ?? "";
    this.stderr = task.stderr ?? "";
  }

  get code(): ErrorCode {
    return this.error.code;
  }
}

/** The error of a task that did not succeed; codes that this client does not know are kept out. */
export function taskErrorOf(task: Pick<FinishedTask, "status" | "error">): TaskError {
  if (task.error === undefined) {
    return task.status === "cancelled"
      ? {
        code: "TASK_CANCELLED",
        type: "Cancelled",
        message: "the task was cancelled",
        traceback: "",
      }
      : {
        code: "UNKNOWN_TASK_FAILURE",
        type: "",
        message: "the task failed and its endpoint did not say why",
        traceback: "",
      };
  }
  const { code } = task.error;
  return { ...task.error, code: isErrorCode(code) ? code : "UNKNOWN_TASK_FAILURE" };
}

/** Codes for answers whose body names none, such as those of a proxy before the service. */
const CODE_OF_STATUS: Readonly<Record<number, ErrorCode>> = {
  400: "REQUEST_MALFORMED",
  401: "INVALID_AUTH_TOKEN",
  403: "INSUFFICIENT_AUTH_SCOPE",
  404: "ROUTE_NOT_FOUND",
  405: "METHOD_NOT_ALLOWED",
  409: "RESOURCE_CONFLICT",
  413: "BATCH_RUN_TOO_LARGE",
  415: "UNSUPPORTED_MEDIA_TYPE",
  421: "HOST_NOT_ALLOWED",
  422: "SEMANTICALLY_INVALID",
  423: "RESOURCE_LOCKED",
  426: "PROTOCOL_VERSION_UNSUPPORTED",
  429: "TOO_MANY_REQUESTS",
  500: "INTERNAL_ERROR",
  507: "STORAGE_FULL",
};

/** The error that an answer which is not 2xx stands for. */
export function errorOfAnswer(
  url: string,
  status: number,
  body: unknown,
  location: string | null = null,
): FuncxError {
  const parsed = v.safeParse(ErrorBodySchema, body);
  if (parsed.success) return errorOfBody(parsed.output);
  // Browsers hide a redirect's status and target.
  if (status < 400) {
    return new FuncxError({
      code: "ROUTE_NOT_FOUND",
      message: `${url} redirects${location === null ? "" : ` to ${location}`}`,
      hint: "use the address that the service itself has",
    });
  }
  const code = CODE_OF_STATUS[status] ??
    (status >= 500 ? "SERVICE_UNAVAILABLE" : "REQUEST_MALFORMED");
  return new FuncxError({
    code,
    message: `${url} answered with status ${status} and without an error of this service`,
    hint: "check that the address is that of a funcX service, and what stands before it",
  });
}

function errorOfBody(body: ErrorBody): FuncxError {
  const known = isErrorCode(body.code);
  const fallback = CODE_OF_STATUS[body.http_status_code] ?? "INTERNAL_ERROR";
  return new FuncxError({
    code: known ? body.code as ErrorCode : fallback,
    message: known ? body.reason : `${body.code}: ${body.reason}`,
    hint: body.hint,
  });
}

/** A request that got no answer. */
export function unreachable(url: string, thrown: unknown): FuncxError {
  const untrusted = untrustedFailure(url, thrown);
  if (untrusted !== undefined) {
    const { message, hint } = untrusted;
    return new FuncxError({ code: "SERVICE_NOT_TRUSTED", message, hint }, { cause: thrown });
  }
  return new FuncxError({
    code: "SERVICE_UNAVAILABLE",
    message: `no answer from ${url}: ${causeOf(thrown)}`,
    hint: "check that the service runs there and that this machine can reach it",
  }, { cause: thrown });
}
