/** A TypeScript function and its arguments, out of their envelopes. Runs in the guest. */
import { fileKey, withFiles } from "../../../contract/blob_files.ts";
import type { BlobReference, FilesBody } from "../../../contract/blob_reference.ts";
import {
  EnvelopeError,
  HEADERS,
  readBuffer,
  readSourceFunction,
  unpack,
} from "../../../contract/envelope.ts";

/** Headers of Globus Compute that this worker knows but cannot read. */
const COMBINED_DATA = "13";

export type UserFunction = (...args: readonly unknown[]) => unknown;

/** The module has not the export that was asked for. */
export class MissingExportError extends Error {
  override readonly name = "MissingExportError";
}

/** Imports the source and gives its export. Throws whatever the module throws. */
export async function importFunction(code: string): Promise<UserFunction> {
  const { name, source } = readSourceFunction(code);
  const url = `data:application/typescript;base64,${encoder.encode(source).toBase64()}`;
  const module: Readonly<Record<string, unknown>> = await import(url);
  const found = module[name];
  if (typeof found === "function") return found as UserFunction;
  const exported = Object.keys(module).join(", ");
  throw new MissingExportError(
    Object.hasOwn(module, name)
      ? `the export ${name} is not a function but of type ${typeof found}`
      : `the module has no export ${name}; it exports ${exported === "" ? "nothing" : exported}`,
  );
}

/** What the arguments refer to: contents by SHA-256, paths of files by `SHA-256/name`. */
export type ArgumentBlobs = ReadonlyMap<string, Uint8Array | string>;

const NO_BLOBS: ArgumentBlobs = new Map();
const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** What has to be there before the arguments can be read. */
export function wantedBlobs(payload: string): { contents: string[]; files: string[] } {
  const contents: string[] = [];
  const files: string[] = [];
  for (const buffer of unpack(payload)) {
    // The agent, which has fetched them, has checked the references.
    const { header, body } = readBuffer(buffer);
    if (header === HEADERS.blob) contents.push((JSON.parse(body) as BlobReference).sha256);
    if (header === HEADERS.files) {
      files.push(...Object.values((JSON.parse(body) as FilesBody).files).map(fileKey));
    }
  }
  return { contents, files };
}

/** The arguments in order; keyword arguments, if there are any, are a last one, an object. */
export function readArguments(payload: string, blobs: ArgumentBlobs = NO_BLOBS): unknown[] {
  const buffers = unpack(payload);
  if (buffers.length !== 2) {
    throw new EnvelopeError(
      `expected positional and keyword arguments, found ${buffers.length} buffers`,
    );
  }
  const positional = readJson(buffers[0]!, blobs);
  const keyword = readJson(buffers[1]!, blobs);
  if (!Array.isArray(positional)) throw new EnvelopeError("positional arguments are not an array");
  if (typeof keyword !== "object" || keyword === null || Array.isArray(keyword)) {
    throw new EnvelopeError("keyword arguments are not an object");
  }
  for (const _ in keyword) return [...positional, keyword];
  return positional;
}

function readJson(buffer: string, blobs: ArgumentBlobs): unknown {
  const { header, body } = readBuffer(buffer);
  switch (header) {
    case HEADERS.json:
      return JSON.parse(body);
    case HEADERS.blob: {
      const content = blobs.get((JSON.parse(body) as BlobReference).sha256);
      if (content instanceof Uint8Array) return readJson(decoder.decode(content), blobs);
      break;
    }
    case HEADERS.files:
      return withFiles(JSON.parse(body) as FilesBody, (key) => blobs.get(key));
    case COMBINED_DATA: {
      const json = unpack(body).find((part) => part.startsWith(`${HEADERS.json}\n`));
      if (json !== undefined) return readJson(json, blobs);
    }
  }
  throw new EnvelopeError(
    `the arguments are serialized for Python (header ${header}); a TypeScript function takes JSON`,
  );
}
