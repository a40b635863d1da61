/**
 * Tasks for the official SDK, which knows no blobs: results that were kept as one are put back into
 * the answer as far as it takes them, which is as far as Globus Compute has results.
 */
import type { TaskStatus } from "../../contract/api.ts";
import { isBlobBuffer, referencesOf } from "../../contract/blob_reference.ts";
import { FuncxError } from "../../contract/errors.ts";
import { MAX_ANSWER_BYTES, MAX_RESULT_BYTES } from "../../contract/limits.ts";
import type { UserId } from "../../contract/ids.ts";
import type { RoomShare } from "../http/request_room.ts";
import type { ServiceParts } from "../parts.ts";

/** Begins with `globus-sdk-py-VERSION` in every version since 2.0. */
const OFFICIAL_SDK = /\bglobus-(compute-)?sdk\b/;

export function isOfficialSdk({ headers }: Request): boolean {
  return OFFICIAL_SDK.test(headers.get("user-agent") ?? "");
}

interface Sources extends Pick<ServiceParts, "store" | "vault"> {
  /** Of the request; a result that is put back is added. */
  readonly share: RoomShare;
}

/**
 * `statuses` of tasks of `owner`, with whole results. Those for which the answer or the service's
 * memory has no more room are left out; whoever asks for them again gets them. Throws `SERVICE_BUSY`
 * when there is no room for any.
 */
export async function forOfficialSdk(
  sources: Sources,
  owner: UserId,
  statuses: readonly TaskStatus[],
): Promise<TaskStatus[]> {
  const whole: TaskStatus[] = [];
  let room = MAX_ANSWER_BYTES;
  for (const status of statuses) {
    try {
      const shown = await withWholeResult(sources, owner, comparable(status));
      room -= shown.result?.length ?? 0;
      if (room < 0 && whole.length > 0) break;
      whole.push(shown);
    } catch (thrown) {
      const isBusy = thrown instanceof FuncxError && thrown.code === "SERVICE_BUSY";
      if (!isBusy || whole.length === 0) throw thrown;
      break;
    }
  }
  return whole;
}

/**
 * The SDK compares Python and dill of a worker with its own, and warns of a difference where it is told
 * of a worker that has no Python, such as one of a shell, or that was lost before it said what it is.
 */
function comparable(status: TaskStatus): TaskStatus {
  const { details, ...rest } = status;
  return details === undefined || "python_version" in details ? status : rest;
}

async function withWholeResult(
  { store, vault, share }: Sources,
  owner: UserId,
  status: TaskStatus,
): Promise<TaskStatus> {
  const { result, ...rest } = status;
  if (result === undefined || !isBlobBuffer(result)) return status;
  const [reference] = referencesOf(result);
  if (reference === undefined) return status;
  if (reference.size > MAX_RESULT_BYTES) return tooLarge(rest, reference.size);
  const blob = await store.blobs.find(owner, reference.sha256);
  if (!blob?.complete) return failed(rest, "the service does not have its result any more");
  // As it is read, and as part of the answer.
  share.take(2 * reference.size);
  return { ...status, result: await new Response(vault.file(blob).readable).text() };
}

/** In the words of `MaxResultSizeExceeded` of the SDK. */
function tooLarge(status: TaskStatus, size: number): TaskStatus {
  return failed(
    status,
    `Task result of ${size}B exceeded current limit of ${MAX_RESULT_BYTES}B`,
  );
}

function failed(status: TaskStatus, message: string): TaskStatus {
  const type = "MaxResultSizeExceeded";
  return {
    ...status,
    status: "failed",
    exception: `${type}: ${message}`,
    reason: message,
    error: { code: type, type, message, traceback: "", hint: HINT },
  };
}

const HINT = "Write it to a file where the endpoint is and return its path, or get it with " +
  "`funcx-endpoint task result`.";
