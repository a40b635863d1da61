/** Bodies and answers that are bytes as they are. */
import { FuncxError } from "../../contract/errors.ts";
import { respond } from "./answers.ts";

export const OCTETS_TYPE = "application/octet-stream";
/** Read from a file at a time while it is sent. */
const PIECE_BYTES = 256 * 1024;
/** A range up to this is read at once, which takes a third of the time. */
const WHOLE_BYTES = 2 * 1024 * 1024;

/** Part of a file, by the offsets of its first byte and of the one after its last. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/**
 * What a Range header asks for; undefined for all of it, as of several ranges, which may be answered
 * so (RFC 9110, section 14.2). Throws REQUEST_MALFORMED for one that no byte is in.
 */
export function rangeOf(header: string | null, size: number): ByteRange | undefined {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header ?? "");
  if (match === null || (match[1] === "" && match[2] === "")) return undefined;
  const [, first, last] = match;
  const range = first === ""
    ? { start: Math.max(0, size - Number(last)), end: size }
    : { start: Number(first), end: last === "" ? size : Math.min(size, Number(last) + 1) };
  if (range.start < range.end) return range;
  throw new FuncxError({
    code: "REQUEST_MALFORMED",
    message: `there is no byte of a blob of ${size} bytes in the range ${header}`,
    hint: "ask for bytes=FIRST-LAST, counted from 0",
  });
}

/** Sends a file, or a range of it, and closes it at the end, whoever ends it. */
export async function fileResponse(
  file: Deno.FsFile,
  { size, range, etag, headOnly }: {
    readonly size: number;
    readonly range: ByteRange | undefined;
    readonly etag: string;
    readonly headOnly: boolean;
  },
): Promise<Response> {
  const { start, end } = range ?? { start: 0, end: size };
  file.seekSync(start, Deno.SeekMode.Start);
  if (headOnly) file.close();
  return respond(headOnly ? null : await bodyOf(file, end - start), {
    status: range === undefined ? 200 : 206,
    headers: [
      ["content-type", OCTETS_TYPE],
      ["content-length", String(end - start)],
      ["accept-ranges", "bytes"],
      ["etag", `"${etag}"`],
      ...(range === undefined
        ? []
        : [["content-range", `bytes ${start}-${end - 1}/${size}`] as const]),
    ],
  });
}

async function bodyOf(
  file: Deno.FsFile,
  length: number,
): Promise<Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array>> {
  if (length > WHOLE_BYTES) return streamOf(file, length);
  using _ = file;
  const bytes = new Uint8Array(length);
  for (let filled = 0; filled < length;) {
    const read = await file.read(bytes.subarray(filled));
    if (read === null) throw new Error("the file is shorter");
    filled += read;
  }
  return bytes;
}

function streamOf(file: Deno.FsFile, length: number): ReadableStream<Uint8Array> {
  let left = length;
  return new ReadableStream({
    async pull(controller): Promise<void> {
      const piece = new Uint8Array(Math.min(left, PIECE_BYTES));
      const read = left === 0 ? null : await file.read(piece);
      if (read === null) {
        file.close();
        return left === 0 ? controller.close() : controller.error(new Error("the file is shorter"));
      }
      left -= read;
      controller.enqueue(piece.subarray(0, read));
    },
    cancel: () => file.close(),
  }, { highWaterMark: 1 });
}
