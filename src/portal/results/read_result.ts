/** A result buffer as what a page can do with it. */
import { type BlobReference, isBlobBuffer, referencesOf } from "../../contract/blob_reference.ts";
import { EnvelopeError, HEADERS, readBuffer } from "../../contract/envelope.ts";

export type ReadResult =
  /** `text` is the JSON that the worker wrote. */
  | { readonly kind: "value"; readonly value: unknown; readonly text: string }
  /** Kept by the service beside the task. */
  | { readonly kind: "blob"; readonly blob: BlobReference }
  /** JSON too long to be taken apart while somebody waits. */
  | { readonly kind: "long"; readonly text: string }
  /** Only another language reads it. */
  | { readonly kind: "opaque"; readonly header: string; readonly body: string }
  | { readonly kind: "malformed"; readonly reason: string; readonly text: string };

/** UTF-16 units of JSON that are parsed at once; more are asked about. */
export const MAX_PARSED = 16 * 1024 * 1024;
/** To keep the digits of large numbers takes several times as long. */
const MAX_EXACT = 2 * 1024 * 1024;
const MANY_DIGITS = /\d{16}/;

export function readResult(buffer: string, maximum = MAX_PARSED): ReadResult {
  try {
    if (isBlobBuffer(buffer)) return { kind: "blob", blob: referencesOf(buffer)[0]! };
    const { header, body } = readBuffer(buffer);
    if (header !== HEADERS.json) return { kind: "opaque", header, body };
    if (body.length > maximum) return { kind: "long", text: body };
    return { kind: "value", value: parseExactly(body), text: body };
  } catch (thrown) {
    if (!(thrown instanceof EnvelopeError || thrown instanceof SyntaxError)) throw thrown;
    return { kind: "malformed", reason: thrown.message, text: buffer };
  }
}

/**
 * JSON in which integers that a JavaScript number would round are BigInt, as Python's may be of any
 * size. Throws `SyntaxError`.
 */
export function parseExactly(text: string): unknown {
  if (text.length > MAX_EXACT || !MANY_DIGITS.test(text)) return JSON.parse(text);
  return JSON.parse(text, exactInteger as (key: string, value: unknown) => unknown);
}

/** Browsers without a number's source give the rounded one. */
function exactInteger(
  _key: string,
  value: unknown,
  context?: { readonly source?: string },
): unknown {
  const source = context?.source;
  if (typeof value !== "number" || source === undefined || Number.isSafeInteger(value)) {
    return value;
  }
  return /^-?\d+$/.test(source) ? BigInt(source) : value;
}

/** The inverse of {@link parseExactly}, indented. */
export function jsonOf(value: unknown, indent = 2): string {
  return JSON.stringify(value, rawInteger, indent) ?? "null";
}

interface JsonWithRaw {
  readonly rawJSON?: (text: string) => unknown;
}

function rawInteger(_key: string, value: unknown): unknown {
  if (typeof value !== "bigint") return value;
  return (JSON as JsonWithRaw).rawJSON?.(String(value)) ?? String(value);
}
