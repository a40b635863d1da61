/** Arguments and results that are too large for a request: uploaded and fetched as blobs. */
import type { FinishedTask } from "../contract/api.ts";
import {
  blobBuffer,
  type BlobReference,
  type FileReference,
  filesBuffer,
  isBlobBuffer,
  referencesOf,
} from "../contract/blob_reference.ts";
import {
  type BlobRequests,
  type BlobSource,
  downloadBlob,
  type OnProgress,
  uploadBlob,
} from "../contract/blob_transfer.ts";
import {
  type Buffer,
  encodeBuffer,
  EnvelopeError,
  HEADERS,
  jsonText,
  pack,
  writeBuffer,
} from "../contract/envelope.ts";
import { FuncxError } from "../contract/errors.ts";
import {
  BLOB_CHUNK_BYTES,
  BLOB_TRANSFERS,
  MAX_BLOB_BYTES,
  MAX_PAYLOAD_BYTES,
  UPLOAD_BYTES,
} from "../contract/limits.ts";
import { Signal, Slots } from "../lib/async.ts";
import { hexOf, newSha256, sha256Of } from "./sha256.ts";

/** A file as an argument: the function gets the path of a copy of it that it may read. */
export class FileArgument {
  /** @param name the last part of the path that the function gets. */
  constructor(readonly name: string, readonly source: BlobSource) {}
}

export interface BlobOptions {
  /** Arguments above this go as blobs, bytes. */
  readonly inlineBytes: number;
  readonly onProgress?: OnProgress;
}

/** V8 holds no longer text; other engines hold less or a little more. */
const MAX_TEXT_LENGTH = 512 * 1024 * 1024;

const replacing = new TextDecoder("utf-8", { ignoreBOM: true });

type Keyword = Readonly<Record<string, unknown>>;

export class Blobs {
  readonly #requests: BlobRequests;
  readonly #options: BlobOptions;
  readonly #slots = new Slots(BLOB_TRANSFERS);
  /** What payloads that are being uploaded take in memory. */
  #bytes = 0;
  /** One of them takes none any more. */
  readonly #sent = new Signal();

  constructor(requests: BlobRequests, options: BlobOptions) {
    this.#requests = requests;
    this.#options = options;
  }

  /** Resolves when the service has it. */
  upload(source: BlobSource): Promise<void> {
    return this.#slots.run(() => uploadBlob(this.#requests, source, this.#options.onProgress));
  }

  /**
   * Positional and keyword arguments as one payload, at once where nothing has to be uploaded.
   * Throws, or rejects with, {@link FuncxError} `INPUT_INVALID` for what JSON cannot hold,
   * `TASK_PAYLOAD_TOO_LARGE`, and what an upload is refused with.
   */
  payload(args: readonly unknown[], kwargs: Keyword): string | Promise<string> {
    const { inlineBytes } = this.#options;
    if ([...args, ...Object.values(kwargs)].some((value) => value instanceof FileArgument)) {
      // Files are read chunk by chunk, one after the other.
      return this.#sending(BLOB_CHUNK_BYTES, () => this.#payloadWithFiles(args, kwargs));
    }
    const buffers = [bufferOf(args), bufferOf(kwargs)];
    const length = buffers.reduce((sum, { body }) => sum + body.length, 0);
    // A UTF-16 unit is at most three bytes of UTF-8, so most need no counting.
    if (length * 3 <= inlineBytes) return pack(buffers.map(writeBuffer));
    const encoded = buffers.map(encodeBuffer);
    const bytes = encoded.reduce((sum, buffer) => sum + buffer.length, 0);
    if (bytes <= inlineBytes) return pack(buffers.map(writeBuffer));
    return this.#sending(bytes, async () => {
      const sent = encoded.map((buffer, index) =>
        buffer.length * 2 > inlineBytes ? this.#uploadBytes(buffer) : writeBuffer(buffers[index]!)
      );
      return pack(await Promise.all(sent));
    });
  }

  /**
   * For who makes payloads in a loop: present when those that are being uploaded take as much memory
   * as they should, and resolves when they do not any more.
   */
  room(): Promise<void> | undefined {
    return this.#bytes < UPLOAD_BYTES ? undefined : this.#waitForRoom();
  }

  async #waitForRoom(): Promise<void> {
    while (this.#bytes >= UPLOAD_BYTES) await this.#sent.next();
  }

  async #sending<T>(bytes: number, action: () => Promise<T>): Promise<T> {
    this.#bytes += bytes;
    try {
      return await action();
    } finally {
      this.#bytes -= bytes;
      this.#sent.notify();
    }
  }

  async #uploadBytes(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
    if (bytes.length > MAX_BLOB_BYTES) throw tooLarge(bytes.length, MAX_BLOB_BYTES);
    const blob: BlobReference = { sha256: await sha256Of(bytes), size: bytes.length };
    const read = (start: number, end: number): Promise<Uint8Array<ArrayBuffer>> =>
      Promise.resolve(bytes.subarray(start, end));
    await this.upload({ ...blob, read });
    return blobBuffer(blob);
  }

  async #payloadWithFiles(args: readonly unknown[], kwargs: Keyword): Promise<string> {
    const buffers = [await this.#withFiles(args), await this.#withFiles(kwargs)];
    const payload = pack(buffers);
    const bytes = new TextEncoder().encode(payload).length;
    if (bytes <= MAX_PAYLOAD_BYTES) return payload;
    throw tooLarge(bytes, MAX_PAYLOAD_BYTES);
  }

  async #withFiles(values: readonly unknown[] | Keyword): Promise<string> {
    const files: Record<string, FileReference> = {};
    for (const [key, value] of Object.entries(values)) {
      if (!(value instanceof FileArgument)) continue;
      const { sha256, size } = value.source;
      if (size > MAX_BLOB_BYTES) throw tooLarge(size, MAX_BLOB_BYTES);
      await this.upload(value.source);
      files[key] = { sha256, size, name: value.name };
    }
    if (Object.keys(files).length === 0) return writeBuffer(bufferOf(values));
    const entries = Object.entries(values)
      .map(([key, value]) => [key, value instanceof FileArgument ? null : value] as const);
    const rest = Array.isArray(values)
      ? entries.map(([, value]) => value)
      : Object.fromEntries(entries);
    // Refuses what JSON cannot hold, as for arguments without files.
    bufferOf(rest);
    return filesBuffer({ value: rest, files });
  }

  /**
   * The same task; a result that is kept as a blob is fetched and put in its place. When `signal` is
   * aborted, no further chunk of it is asked for.
   */
  async withResult<T extends Pick<FinishedTask, "task_id" | "result">>(
    task: T,
    { signal }: { readonly signal?: AbortSignal } = {},
  ): Promise<T> {
    const blob = resultBlob(task);
    if (blob === undefined) return task;
    return { ...task, result: await this.#slots.run(() => this.#text(blob, signal)) };
  }

  async #text(blob: BlobReference, signal?: AbortSignal): Promise<string> {
    signal?.throwIfAborted();
    const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
    // A UTF-16 unit is at most three bytes of UTF-8: this cannot fit, so none of it is fetched.
    if (blob.size > 3 * MAX_TEXT_LENGTH) throw tooLong(blob);
    let text = "";
    for await (const chunk of this.#verified(blob)) {
      signal?.throwIfAborted();
      if (chunk.length === blob.size) return textOf(chunk, decoder);
      text += decoder.decode(chunk, { stream: true });
      if (text.length >= MAX_TEXT_LENGTH - chunk.length) throw tooLong(blob);
    }
    return text + decoder.decode();
  }

  /** Its chunks in order; what is not what its hash says is found out before the end. */
  async *#verified(blob: BlobReference): AsyncGenerator<Uint8Array<ArrayBuffer>> {
    const isOneChunk = blob.size <= BLOB_CHUNK_BYTES;
    const hash = isOneChunk ? undefined : await newSha256();
    for await (const chunk of downloadBlob(this.#requests, blob)) {
      if (isOneChunk && await sha256Of(chunk) !== blob.sha256) throw corrupt(blob);
      hash?.update(chunk);
      yield chunk;
    }
    if (hash !== undefined && hexOf(hash.digest()) !== blob.sha256) throw corrupt(blob);
  }

  /**
   * The bytes of a result that is kept as a blob, in order; undefined for another one. Throws
   * `BLOB_CORRUPT` behind the last one when they are not what the service promised.
   */
  resultChunks(
    task: Pick<FinishedTask, "task_id" | "result">,
  ): AsyncGenerator<Uint8Array<ArrayBuffer>> | undefined {
    const blob = resultBlob(task);
    return blob && this.#verified(blob);
  }
}

/** A decoder that replaces what is not UTF-8 is several times as fast as one that refuses it. */
function textOf(bytes: Uint8Array<ArrayBuffer>, refusing: TextDecoder): string {
  const text = replacing.decode(bytes);
  return text.includes("\ufffd") ? refusing.decode(bytes) : text;
}

/** Where the result is kept, when that is a blob. */
export function resultBlob(
  { task_id, result }: Pick<FinishedTask, "task_id" | "result">,
): BlobReference | undefined {
  if (result === undefined || !isBlobBuffer(result)) return undefined;
  try {
    return referencesOf(result)[0];
  } catch (thrown) {
    throw new FuncxError({
      code: "PROTOCOL_VIOLATION",
      message: `the result of task ${task_id} refers to a blob in a form that is not understood`,
      hint: "check that service and client are of like versions",
    }, { cause: thrown });
  }
}

function bufferOf(value: unknown): Buffer {
  try {
    return { header: HEADERS.json, body: jsonText(value) };
  } catch (thrown) {
    if (!(thrown instanceof EnvelopeError)) throw thrown;
    if (/string length|out of memory|allocation size/i.test(thrown.message)) {
      throw tooLarge(`more than ${MAX_TEXT_LENGTH}`, MAX_TEXT_LENGTH);
    }
    throw new FuncxError({
      code: "INPUT_INVALID",
      message: `the arguments cannot be sent: ${thrown.message}`,
      hint: "arguments are JSON values: null, booleans, finite numbers, strings, arrays, objects",
    }, { cause: thrown });
  }
}

function tooLarge(bytes: number | string, maximum: number): FuncxError {
  return new FuncxError({
    code: "TASK_PAYLOAD_TOO_LARGE",
    message: `the arguments take ${bytes} bytes, at most ${maximum} are taken`,
    hint: "send a file, with --file or FileArgument, or split the work",
  });
}

function corrupt({ sha256 }: BlobReference): FuncxError {
  return new FuncxError({
    code: "BLOB_CORRUPT",
    message: `what came as result ${sha256} has another SHA-256`,
    hint: "try again; if it stays so, see the service's disk and what stands before the service",
  });
}

function tooLong({ size }: BlobReference): FuncxError {
  return new FuncxError({
    code: "INPUT_INVALID",
    message:
      `the result has ${size} bytes, more than the ${MAX_TEXT_LENGTH} that fit one text here`,
    hint: "write it to a file: funcx-endpoint task result TASK --output FILE",
  });
}
