/**
 * Results for the official SDK, which knows no blobs: those that were kept as one are put back into
 * the answer as far as it takes them, which is as far as Globus Compute has results.
 */
import type { TaskStatus } from "../../contract/api.ts";
import { isBlobBuffer, referencesOf } from "../../contract/blob_reference.ts";
import { MAX_ANSWER_BYTES, MAX_RESULT_BYTES } from "../../contract/limits.ts";
import type { UserId } from "../../contract/ids.ts";
import type { ServiceParts } from "../parts.ts";

/** Begins with `globus-sdk-py-VERSION` in every version since 2.0. */
const OFFICIAL_SDK = /\bglobus-(compute-)?sdk\b/;

export function isOfficialSdk({ headers }: Request): boolean {
  return OFFICIAL_SDK.test(headers.get("user-agent") ?? "");
}

/**
 * `statuses` of tasks of `owner`, with whole results. Those for which the answer has no more room are
 * left out; whoever asks for them again gets them.
 */
export async function withWholeResults(
  parts: Pick<ServiceParts, "store" | "vault">,
  owner: UserId,
  statuses: readonly TaskStatus[],
): Promise<TaskStatus[]> {
  const whole: TaskStatus[] = [];
  let room = MAX_ANSWER_BYTES;
  for (const status of statuses) {
    const shown = await withWholeResult(parts, owner, status);
    room -= shown.result?.length ?? 0;
    if (room < 0 && whole.length > 0) break;
    whole.push(shown);
  }
  return whole;
}

async function withWholeResult(
  { store, vault }: Pick<ServiceParts, "store" | "vault">,
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
