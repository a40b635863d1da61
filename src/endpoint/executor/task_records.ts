/** What a task record takes with it, and what the records of a worker bring, checked. */
import * as v from "valibot";
import type { TaskError } from "../../contract/errors.ts";
import { INLINE_BYTES } from "../../contract/limits.ts";
import { TaskErrorSchema } from "../../contract/protocol/messages.ts";
import { join } from "../../lib/path.ts";
import type { Assignment } from "./assignment.ts";
import type { AttemptOutcome } from "./executor.ts";
import {
  type EnvironmentSettings,
  FINISHED_FLAGS,
  type ReadySettings,
  RecordError,
  type TaskSettings,
} from "./ipc.ts";

const NEWLINE = 0x0a;
/** Both headers of source begin with it. */
const LETTER_S = 0x73;
const NO_SETTINGS = new Uint8Array(0);
const NOTHING = new Uint8Array(0);
const decoder = new TextDecoder();
const encoder = new TextEncoder();
/** The greatest that a `Date` holds. */
const MAX_INSTANT = 8.64e15;

/** JSON, or empty. */
export function settingsOf(assignment: Assignment): Uint8Array {
  const { attempt, folder } = assignment;
  const { blobs, options: { result_serializers, client } } = attempt;
  const ofSdk = isOfSdk(assignment);
  if (folder === null && result_serializers === undefined && blobs === undefined && !ofSdk) {
    return NO_SETTINGS;
  }
  const settings: TaskSettings = {
    ...(folder === null ? {} : { folder }),
    ...(result_serializers === undefined ? {} : { result_serializers }),
    ...(ofSdk ? { task_id: attempt.taskId } : {}),
    ...(client === undefined ? {} : { client }),
    // Whoever sends references takes them as well.
    ...(blobs === undefined ? {} : { blobs, inline_result_bytes: INLINE_BYTES }),
  };
  return encoder.encode(JSON.stringify(settings));
}

/** Whether the task, or at least its function, is from Globus Compute's SDK. */
export function isOfSdk({ attempt, environment }: Assignment): boolean {
  if (!environment.startsWith("python")) return false;
  return attempt.options.client !== undefined || isPickled(attempt.code);
}

/** Whether a Python function is neither source nor unreadable. */
export function isPickled(code: Uint8Array): boolean {
  const start = code.indexOf(NEWLINE) + 1;
  return start > 0 && code[start] !== LETTER_S;
}

export function isEnvironmentSettings(value: unknown): value is EnvironmentSettings {
  if (typeof value !== "object" || value === null) return false;
  const keys = ["os", "python_version", "dill_version", "globus_compute_sdk_version"];
  const texts = Object.entries(value).every(([key, text]) =>
    keys.includes(key) && typeof text === "string" && text.length <= 200
  );
  return texts && "os" in value && "python_version" in value;
}

/** Milliseconds since 1970; a time that no clock shows would make a timeline that nobody takes. */
export function instantAt(view: DataView, position: number): number {
  const at = view.getFloat64(position, true);
  if (Math.abs(at) <= MAX_INSTANT) return at;
  throw new RecordError(`a time of ${at}`);
}

export function isReadySettings(value: unknown): value is ReadySettings {
  const { runtime, version, hostname, pid } = (value ?? {}) as Record<string, unknown>;
  return [runtime, version, hostname].every((text) => typeof text === "string") &&
    typeof pid === "number";
}

/** `body` is a view of a larger buffer, which must not be kept alive by a result. */
export function outcomeOf(flags: number, body: Uint8Array, folder: string): AttemptOutcome {
  if ((flags & FINISHED_FLAGS.failed) !== 0) {
    const error = v.safeParse(TaskErrorSchema, JSON.parse(decoder.decode(body)));
    if (error.success) return { kind: "failed", error: error.output as TaskError };
    throw new RecordError("an error that is none");
  }
  if ((flags & FINISHED_FLAGS.inFile) === 0) {
    return { kind: "success", result: new Uint8Array(body) };
  }
  const name = decoder.decode(body);
  // User code may have got hold of the records, and must not name a file elsewhere.
  if (!/^[\w-]{1,100}$/.test(name)) throw new RecordError(`${name} is no name of a result`);
  return { kind: "success", result: NOTHING, file: join(folder, name) };
}
