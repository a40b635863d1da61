/** The code of a function as a page can show it. */
import {
  EnvelopeError,
  functionBuffers,
  HEADERS,
  readBuffer,
  unpack,
} from "../../contract/envelope.ts";
import type { Runtime } from "../../client/mod.ts";

export type FunctionCode =
  | {
    readonly kind: "source";
    readonly language: Runtime;
    /** The function or export that is called; empty for a shell template. */
    readonly entry: string;
    readonly text: string;
    readonly image: string | null;
  }
  /** A Python object; only Python can read it. */
  | {
    readonly kind: "serialized";
    readonly how: "dill" | "pickle" | "unknown";
    readonly header: string;
    readonly bytes: number;
    readonly image: string | null;
  }
  | { readonly kind: "unreadable"; readonly reason: string };

/** How the official SDK packs several serializations of one function. */
const COMBINED = "12";
const PICKLE = "02";
const DILL = ["01", "03", "04", "10"];

/** @param packed `function_code` of the API */
export function readCode(packed: string): FunctionCode {
  try {
    const { code, image } = functionBuffers(packed);
    return { ...readOne(code), image };
  } catch (thrown) {
    if (!(thrown instanceof EnvelopeError)) throw thrown;
    return { kind: "unreadable", reason: thrown.message };
  }
}

type Readable = Exclude<FunctionCode, { kind: "unreadable" }>;
type WithoutImage = Omit<Extract<Readable, { kind: "source" }>, "image"> | Serialized;
type Serialized = Omit<Extract<Readable, { kind: "serialized" }>, "image">;

function readOne(buffer: string): WithoutImage {
  const { header, body } = readBuffer(buffer);
  switch (header) {
    case HEADERS.typescriptSource:
      return sourceOf("typescript", body) ?? serialized(header, body);
    case HEADERS.shellTemplate:
      return sourceOf("shell", body) ?? serialized(header, body);
    case HEADERS.pythonSource:
    case HEADERS.pythonSourceDill:
      return sourceOf("python", body.includes(":") ? body : fromBase64(body)) ??
        serialized(header, body);
    case COMBINED: {
      const parts = unpack(body).map(readOne);
      return parts.find(({ kind }) => kind === "source") ?? serialized(header, body);
    }
    default:
      return serialized(header, body);
  }
}

function sourceOf(language: Runtime, body: string): WithoutImage | undefined {
  const colon = body.indexOf(":");
  if (colon < 0) return undefined;
  const entry = language === "shell" ? "" : body.slice(0, colon);
  return { kind: "source", language, entry, text: body.slice(colon + 1) };
}

function serialized(header: string, body: string): Serialized {
  const how = header === PICKLE
    ? "pickle"
    : DILL.includes(header) || header === COMBINED
    ? "dill"
    : "unknown";
  return { kind: "serialized", how, header, bytes: new TextEncoder().encode(body).length };
}

/** Newer versions of the official SDK write source this way. Empty for what is no base64. */
function fromBase64(text: string): string {
  try {
    const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
    return new TextDecoder().decode(bytes);
  } catch {
    return "";
  }
}
