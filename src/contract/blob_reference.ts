/**
 * What travels in place of a buffer that is too large for it: where the service keeps its bytes.
 *
 * - `bl`: the blob is the buffer itself, header and body. Its body here is a {@link BlobReference}.
 * - `bf`: JSON with files. The body is {@link FilesBody}: `value` is the arguments, in which each
 *   argument named in `files` is null and stands for a file, whose bytes are the blob. The function
 *   gets the path of a copy that it may read.
 *
 * Service and agent look no further than this: into the references, never into the blobs.
 */
import * as v from "valibot";
import { EnvelopeError, HEADERS, readBuffer, unpack, writeBuffer } from "./envelope.ts";
import { MAX_BLOB_BYTES } from "./limits.ts";

/** SHA-256 in lower-case hexadecimal. */
export const sha256Hex = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/, "expected a SHA-256 in hex"));
export const blobSize = v.pipe(
  v.number(),
  v.integer(),
  v.minValue(0),
  v.maxValue(MAX_BLOB_BYTES),
);

export const BlobReferenceSchema = v.object({
  sha256: sha256Hex,
  /** Bytes. */
  size: blobSize,
});
export type BlobReference = v.InferOutput<typeof BlobReferenceSchema>;

/** No path: a file must not choose where it lies. */
const fileName = v.pipe(v.string(), v.regex(/^(?!\.{0,2}$)[^/\\\p{Cc}]{1,200}$/u));
export const FileReferenceSchema = v.object({ ...BlobReferenceSchema.entries, name: fileName });
export type FileReference = v.InferOutput<typeof FileReferenceSchema>;

export const FilesBodySchema = v.object({
  value: v.union([v.array(v.unknown()), v.record(v.string(), v.unknown())]),
  /** By index of a positional argument, or name of a keyword argument. */
  files: v.record(v.string(), FileReferenceSchema),
});
export type FilesBody = v.InferOutput<typeof FilesBodySchema>;

/** The buffer that stands for a larger one. */
export function blobBuffer({ sha256, size }: BlobReference): string {
  return writeBuffer({ header: HEADERS.blob, body: JSON.stringify({ sha256, size }) });
}

export function filesBuffer(body: FilesBody): string {
  return writeBuffer({ header: HEADERS.files, body: JSON.stringify(body) });
}

/** Whether a buffer, or the first bytes of one, stands for a larger one. */
export function isBlobBuffer(buffer: string | Uint8Array): boolean {
  if (typeof buffer === "string") return buffer.startsWith(`${HEADERS.blob}\n`);
  return buffer[0] === 0x62 && buffer[1] === 0x6c && buffer[2] === 0x0a;
}

/** What a buffer refers to: nothing, a blob, or files. Throws `EnvelopeError` when it is malformed. */
export function referencesOf(buffer: string): readonly (BlobReference | FileReference)[] {
  const isFiles = buffer.startsWith(`${HEADERS.files}\n`);
  if (!isFiles && !isBlobBuffer(buffer)) return [];
  const body = parse(readBuffer(buffer).body);
  const parsed = isFiles
    ? v.safeParse(FilesBodySchema, body)
    : v.safeParse(BlobReferenceSchema, body);
  if (!parsed.success) throw new EnvelopeError("the reference to a blob is malformed");
  return "files" in parsed.output ? Object.values(parsed.output.files) : [parsed.output];
}

/** What a payload refers to. Throws `EnvelopeError` when a reference in it is malformed. */
export function payloadReferences(
  payload: string,
): readonly (BlobReference | FileReference)[] {
  // Most payloads have none, and to find that out must cost nothing.
  if (!payload.includes(`\n${HEADERS.blob}\n`) && !payload.includes(`\n${HEADERS.files}\n`)) {
    return [];
  }
  return unpack(payload).flatMap(referencesOf);
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}
