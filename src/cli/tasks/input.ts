/** Reading input as text, within bounds. */
import { FuncxError } from "../../contract/errors.ts";
import { MAX_PAYLOAD_BYTES } from "../../contract/limits.ts";
import { messageOf } from "../../lib/outcome.ts";
import type { TextSource } from "../terminal.ts";
import type { InputLine } from "./arguments.ts";

/** All of it; throws `INPUT_INVALID` when it is longer than `maximum` bytes or not UTF-8. */
export async function readAll({ readable }: TextSource, maximum: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of readable) {
    length += chunk.length;
    if (length > maximum) throw tooLong("standard input", maximum);
    chunks.push(chunk);
  }
  const bytes = new Uint8Array(length);
  let position = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, position);
    position += chunk.length;
  }
  return decode(bytes, "standard input");
}

/** Lines without their ends, as they come; empty ones are counted and left out. */
export async function* readLines(
  readable: ReadableStream<Uint8Array<ArrayBuffer>>,
): AsyncGenerator<InputLine> {
  let number = 0;
  let parts: Uint8Array[] = [];
  let length = 0;
  const take = (last: Uint8Array): InputLine => {
    const bytes = parts.length === 0 ? last : joined([...parts, last], length + last.length);
    parts = [];
    length = 0;
    return { number: ++number, text: decode(bytes, `line ${number}`) };
  };
  for await (const chunk of readable) {
    let start = 0;
    for (let end; (end = chunk.indexOf(NEWLINE, start)) >= 0; start = end + 1) {
      const line = take(chunk.subarray(start, end));
      if (line.text.trim() !== "") yield line;
    }
    if (start === chunk.length) continue;
    parts.push(chunk.slice(start));
    length += chunk.length - start;
    if (length > MAX_LINE_BYTES) throw tooLong(`line ${number + 1}`, MAX_LINE_BYTES);
  }
  const last = take(new Uint8Array());
  if (last.text.trim() !== "") yield last;
}

const NEWLINE = 0x0a;
/** JSON may escape up to twice the size. */
const MAX_LINE_BYTES = 2 * MAX_PAYLOAD_BYTES;

function joined(parts: readonly Uint8Array[], length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let position = 0;
  for (const part of parts) {
    bytes.set(part, position);
    position += part.length;
  }
  return bytes;
}

const decoder = new TextDecoder("utf-8", { fatal: true });

function decode(bytes: Uint8Array, what: string): string {
  try {
    return decoder.decode(bytes);
  } catch {
    throw new FuncxError({
      code: "INPUT_INVALID",
      message: `${what} is not UTF-8 text`,
      hint: "Convert it to UTF-8 first, for instance with iconv.",
    });
  }
}

function tooLong(what: string, maximum: number): FuncxError {
  return new FuncxError({
    code: "INPUT_INVALID",
    message: `${what} is longer than ${maximum} bytes`,
    hint: "Pass the name of a file that the endpoint can read instead of its content.",
  });
}

export interface OpenInput {
  readonly readable: ReadableStream<Uint8Array<ArrayBuffer>>;
  /** How many lines it has; undefined where that shows only at its end. */
  readonly lines: number | undefined;
}

/** The file, or standard input; throws `INPUT_INVALID`. */
export async function openInput(
  { stdin }: { readonly stdin: TextSource },
  path: string | undefined,
): Promise<OpenInput> {
  if (path === undefined || path === "-") return { readable: stdin.readable, lines: undefined };
  try {
    const { isFile } = await Deno.stat(path);
    const lines = isFile ? await countLines(path) : undefined;
    return { readable: (await Deno.open(path)).readable, lines };
  } catch (thrown) {
    throw new FuncxError({
      code: "INPUT_INVALID",
      message: `${path} cannot be read: ${messageOf(thrown)}`,
      hint: "Check the path and its permissions.",
    });
  }
}

/** Lines that are not empty. */
async function countLines(path: string): Promise<number> {
  let lines = 0;
  let isInLine = false;
  for await (const chunk of (await Deno.open(path)).readable) {
    for (let start = 0; start < chunk.length;) {
      const newline = chunk.indexOf(NEWLINE, start);
      const end = newline < 0 ? chunk.length : newline;
      isInLine ||= end > start;
      if (newline >= 0) {
        if (isInLine) lines++;
        isInLine = false;
      }
      start = end + 1;
    }
  }
  return isInLine ? lines + 1 : lines;
}
