/**
 * Every error that crosses a process boundary: its code, the HTTP status it travels with, and the
 * exit code that the command line ends with. The upper-case names up to `FUNCTION_TOO_LARGE` are
 * those of the Globus Compute web service, so that existing programs recognise them.
 */

/** sysexits.h, the ones that are used here. */
export const EXIT = {
  ok: 0,
  failed: 1,
  usage: 64,
  data: 65,
  unavailable: 69,
  internal: 70,
  runningElsewhere: 73,
  tryAgain: 75,
  permission: 77,
  configuration: 78,
} as const;

export type ExitCode = typeof EXIT[keyof typeof EXIT];

interface ErrorKind {
  readonly status: number;
  readonly exit: ExitCode;
  /** Whether the same request may succeed later without anybody mending anything. */
  readonly retryable: boolean;
}

function kind(status: number, exit: ExitCode, retryable = false): ErrorKind {
  return { status, exit, retryable };
}

export const ERROR_KINDS = {
  // Globus Compute's names.
  USER_UNAUTHENTICATED: kind(401, EXIT.permission),
  INVALID_AUTH_TOKEN: kind(401, EXIT.permission),
  INSUFFICIENT_AUTH_SCOPE: kind(403, EXIT.permission),
  FUNCTION_NOT_FOUND: kind(404, EXIT.data),
  ENDPOINT_NOT_FOUND: kind(404, EXIT.data),
  TASK_NOT_FOUND: kind(404, EXIT.data),
  TASK_GROUP_NOT_FOUND: kind(404, EXIT.data),
  FUNCTION_ACCESS_FORBIDDEN: kind(403, EXIT.permission),
  ENDPOINT_ACCESS_FORBIDDEN: kind(403, EXIT.permission),
  TASK_GROUP_ACCESS_FORBIDDEN: kind(403, EXIT.permission),
  FUNCTION_NOT_PERMITTED: kind(403, EXIT.permission),
  ENDPOINT_ALREADY_REGISTERED: kind(403, EXIT.permission),
  REQUEST_KEY_ERROR: kind(400, EXIT.data),
  REQUEST_MALFORMED: kind(400, EXIT.data),
  INVALID_UUID: kind(400, EXIT.data),
  ENDPOINT_OUTDATED: kind(400, EXIT.configuration),
  RESOURCE_LOCKED: kind(423, EXIT.tryAgain, true),
  RESOURCE_CONFLICT: kind(409, EXIT.data),
  BATCH_RUN_TOO_LARGE: kind(413, EXIT.data),
  TASK_PAYLOAD_TOO_LARGE: kind(413, EXIT.data),
  FUNCTION_TOO_LARGE: kind(413, EXIT.data),
  SEMANTICALLY_INVALID: kind(422, EXIT.data),
  INTERNAL_ERROR: kind(500, EXIT.internal, true),
  // Ours, of the service.
  TOKEN_NOT_FOUND: kind(404, EXIT.data),
  CODE_NOT_VALID: kind(401, EXIT.permission),
  TOO_MANY_CODES: kind(429, EXIT.tryAgain),
  TOO_MANY_STREAMS: kind(429, EXIT.tryAgain),
  CONTAINERS_NOT_KEPT: kind(422, EXIT.data),
  TOO_MANY_REQUESTS: kind(429, EXIT.tryAgain, true),
  PAYLOAD_NOT_KEPT: kind(410, EXIT.data),
  ENDPOINT_OFFLINE: kind(409, EXIT.tryAgain, true),
  ROUTE_NOT_FOUND: kind(404, EXIT.data),
  METHOD_NOT_ALLOWED: kind(405, EXIT.data),
  UNSUPPORTED_MEDIA_TYPE: kind(415, EXIT.data),
  HOST_NOT_ALLOWED: kind(421, EXIT.permission),
  ORIGIN_NOT_ALLOWED: kind(403, EXIT.permission),
  REQUEST_TOO_LARGE: kind(413, EXIT.data),
  STORAGE_FULL: kind(507, EXIT.tryAgain, true),
  BLOB_NOT_FOUND: kind(404, EXIT.data),
  BLOB_TOO_LARGE: kind(413, EXIT.data),
  BLOB_OFFSET_MISMATCH: kind(409, EXIT.data),
  BLOB_CORRUPT: kind(422, EXIT.data),
  BLOB_QUOTA_EXCEEDED: kind(507, EXIT.tryAgain),
  SERVICE_STOPPING: kind(503, EXIT.tryAgain, true),
  SERVICE_BUSY: kind(503, EXIT.tryAgain, true),
  // Ours, of a link between two parts.
  PROTOCOL_VERSION_UNSUPPORTED: kind(426, EXIT.configuration),
  PROTOCOL_VIOLATION: kind(400, EXIT.internal),
  ENDPOINT_CONNECTED_ELSEWHERE: kind(409, EXIT.runningElsewhere),
  // Ours, of a client or the command line.
  SERVICE_UNAVAILABLE: kind(503, EXIT.unavailable, true),
  SERVICE_NOT_OURS: kind(403, EXIT.permission),
  SERVICE_NOT_TRUSTED: kind(502, EXIT.configuration),
  NOT_LOGGED_IN: kind(401, EXIT.permission),
  USAGE: kind(400, EXIT.usage),
  INPUT_INVALID: kind(400, EXIT.data),
  PROFILE_INVALID: kind(422, EXIT.configuration),
  PROFILE_NOT_FOUND: kind(404, EXIT.configuration),
  PROFILE_EXISTS: kind(409, EXIT.configuration),
  PROFILE_FORBIDDEN: kind(403, EXIT.configuration),
  PROFILE_TIMEOUT: kind(408, EXIT.configuration),
  ALREADY_RUNNING: kind(409, EXIT.runningElsewhere),
  NOT_RUNNING: kind(409, EXIT.unavailable),
  START_FAILED: kind(500, EXIT.unavailable),
  DIRECTORY_UNUSABLE: kind(500, EXIT.permission),
  STORE_UNREADABLE: kind(500, EXIT.configuration),
  SPOOL_UNREADABLE: kind(500, EXIT.configuration),
  TIMED_OUT: kind(408, EXIT.tryAgain, true),
  TASK_NOT_FINISHED: kind(409, EXIT.tryAgain, true),
  // Ours, of the scheduler that blocks are asked from.
  BLOCK_FAILED: kind(503, EXIT.unavailable),
  SCHEDULER_MISSING: kind(500, EXIT.configuration),
  SCHEDULER_REFUSED: kind(422, EXIT.configuration),
  SCHEDULER_UNAVAILABLE: kind(503, EXIT.tryAgain, true),
  // Ours, of a task that failed before or after its function ran; `exit` is that of `run`.
  RemoteExecutionError: kind(200, EXIT.failed),
  CouldNotExecuteUserTaskError: kind(200, EXIT.failed),
  MaxResultSizeExceeded: kind(200, EXIT.failed),
  FUNCTION_NOT_ALLOWED: kind(200, EXIT.permission),
  UNKNOWN_TASK_FAILURE: kind(200, EXIT.failed),
  WORKER_LOST: kind(200, EXIT.failed),
  InvalidResourceSpecification: kind(200, EXIT.data),
  RESOURCES_UNAVAILABLE: kind(200, EXIT.failed),
  MEMORY_EXCEEDED: kind(200, EXIT.failed),
  WALLTIME_EXCEEDED: kind(200, EXIT.failed),
  ENDPOINT_LOST: kind(200, EXIT.failed),
  TASK_CANCELLED: kind(200, EXIT.failed),
} as const satisfies Record<string, ErrorKind>;

export type ErrorCode = keyof typeof ERROR_KINDS;

export function isErrorCode(text: string): text is ErrorCode {
  return Object.hasOwn(ERROR_KINDS, text);
}

/** An error as a value: what failed, and how to mend it. */
export interface FuncxFailure {
  readonly code: ErrorCode;
  /** What failed and what was found, one line. */
  readonly message: string;
  /** How to mend it, one line. */
  readonly hint?: string;
}

/** Thrown for bad input and refused requests; whoever catches it shows `message` and `hint`. */
export class FuncxError extends Error {
  override readonly name = "FuncxError";
  readonly code: ErrorCode;
  readonly hint?: string;

  constructor(failure: FuncxFailure, options?: ErrorOptions) {
    super(failure.message, options);
    this.code = failure.code;
    this.hint = failure.hint;
  }

  get kind(): ErrorKind {
    return ERROR_KINDS[this.code];
  }
}

/** How a function's own exception, or the loss of what ran it, comes back. */
export interface TaskError {
  readonly code: ErrorCode;
  /** The exception's type as the runtime names it, such as `ZeroDivisionError`. */
  readonly type: string;
  readonly message: string;
  /** The traceback on the worker, as the runtime prints it; empty where there is none. */
  readonly traceback: string;
  readonly hint?: string;
}
