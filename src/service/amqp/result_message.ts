/** A finished task as the message that the official SDK reads from its result queue. */
import { isBlobBuffer, referencesOf } from "../../contract/blob_reference.ts";
import type { ErrorCode, TaskError } from "../../contract/errors.ts";
import { encodeGlobusMessage, type GlobusResult } from "../../contract/globus_messages.ts";
import type { UserId } from "../../contract/ids.ts";
import { MAX_RESULT_BYTES } from "../../contract/limits.ts";
import type { BlobStore, StoredBlob, StoredResult } from "../store/store.ts";
import type { BrokerMessage } from "./broker.ts";

/** Where the bytes of large results are. */
export interface BlobSource {
  readonly blobs: Pick<BlobStore, "find">;
  readonly vault: { file(blob: StoredBlob): Deno.FsFile };
}

/**
 * The SDK knows nothing of blobs, so a large result goes whole; one above `MAX_RESULT_BYTES` arrives as
 * a failure with the name and text of the SDK's own `MaxResultSizeExceeded`.
 */
export async function resultMessage(
  source: BlobSource,
  owner: UserId,
  finished: StoredResult,
): Promise<BrokerMessage> {
  const data = await resultData(source, owner, finished);
  return {
    body: encodeGlobusMessage({ type: "result", data }),
    contentType: "application/octet-stream",
    timestamp: Math.floor(finished.completedAt / 1_000),
  };
}

async function resultData(
  source: BlobSource,
  owner: UserId,
  { taskId, state, result, error, details }: StoredResult,
): Promise<GlobusResult> {
  const common = { task_id: taskId, details };
  if (error !== null) return failed(common, error.code, errorText(error), error.message);
  if (result === null) {
    return failed(common, "UNKNOWN_TASK_FAILURE", `the task was ${state}`);
  }
  if (!isBlobBuffer(result)) return { ...common, data: result, error_details: null };
  const [reference] = referencesOf(result);
  const { sha256, size } = reference!;
  if (size > MAX_RESULT_BYTES) {
    const text = `Task result of ${size}B exceeded current limit of ${MAX_RESULT_BYTES}B`;
    return failed(
      common,
      "MaxResultSizeExceeded",
      `globus_compute_sdk.errors.MaxResultSizeExceeded: ${text}`,
      text,
    );
  }
  const blob = await source.blobs.find(owner, sha256);
  if (!blob?.complete) {
    return failed(common, "BLOB_NOT_FOUND", `the result, ${size} bytes, is not kept any more`);
  }
  return { ...common, data: await readText(source.vault.file(blob)), error_details: null };
}

function failed(
  common: Pick<GlobusResult, "task_id" | "details">,
  code: ErrorCode,
  data: string,
  message: string = data,
): GlobusResult {
  return { ...common, data, error_details: { code, user_message: message } };
}

/** As the SDK shows it: the remote traceback, which ends with type and message, and what to do. */
function errorText({ type, message, traceback, hint }: TaskError): string {
  const text = traceback === "" ? `${type}: ${message}` : traceback;
  return hint === undefined ? text : `${text.trimEnd()}\n${hint}`;
}

async function readText(file: Deno.FsFile): Promise<string> {
  return await new Response(file.readable).text();
}
