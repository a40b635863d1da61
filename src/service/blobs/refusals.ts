/** Why a blob is not taken. */
import { FuncxError } from "../../contract/errors.ts";
import { messageOf } from "../../lib/outcome.ts";

export function tooLarge(size: number, maximum: number): FuncxError {
  return new FuncxError({
    code: "BLOB_TOO_LARGE",
    message: `the blob has ${size} bytes, this service takes at most ${maximum}`,
    hint: "split the data, or put it where the endpoint can read it and pass its name; " +
      "--max-blob-bytes of the service sets the limit",
  });
}

export function corrupt(sha256: string): FuncxError {
  return new FuncxError({
    code: "BLOB_CORRUPT",
    message: `what was uploaded as ${sha256} has another SHA-256`,
    hint: "upload it again; the data changed on the way, or while it was read",
  });
}

export function wrongOffset(found: string): FuncxError {
  return new FuncxError({
    code: "BLOB_OFFSET_MISMATCH",
    message: found,
    hint: "ask with POST /v3/blobs how far the upload is, and go on there",
  });
}

export function noRoom(bytes: number, folder: string): FuncxError {
  return new FuncxError({
    code: "STORAGE_FULL",
    message: `${bytes} bytes more do not fit the disk of the service's blobs`,
    hint: `free space on the disk that holds ${folder}; then try again`,
  });
}

const FULL = /os error (28|122|27)\b|no space left|quota exceeded/i;

/** What the file system says of a full disk, as the service says it; anything else as it is. */
export function translated(thrown: unknown, folder: string): unknown {
  if (thrown instanceof FuncxError || !FULL.test(messageOf(thrown))) return thrown;
  return new FuncxError({
    code: "STORAGE_FULL",
    message: `the service cannot store the blob: ${messageOf(thrown)}`,
    hint: `free space, or quota, on the disk that holds ${folder}; then try again`,
  }, { cause: thrown });
}
