/** Files as arguments: `--file NAME=PATH`. */
import { FileArgument } from "../../client/blobs.ts";
import { FuncxError } from "../../contract/errors.ts";
import { MAX_BLOB_BYTES } from "../../contract/limits.ts";
import { hashFile, readRange } from "../../lib/growing_file.ts";
import { messageOf } from "../../lib/outcome.ts";
import { basename } from "../../lib/path.ts";

/** By name; each is read once for its checksum and once while it is sent. Throws `INPUT_INVALID`. */
export async function fileArguments(
  words: readonly string[] = [],
): Promise<Record<string, FileArgument>> {
  const named: Record<string, FileArgument> = {};
  for (const word of words) {
    const equals = word.indexOf("=");
    if (equals < 1) throw malformed(word);
    named[word.slice(0, equals)] = await fileArgument(word.slice(equals + 1));
  }
  return named;
}

async function fileArgument(path: string): Promise<FileArgument> {
  try {
    using file = await Deno.open(path, { read: true });
    const found = await file.stat();
    if (!found.isFile) throw new Error("it is not a file");
    if (found.size > MAX_BLOB_BYTES) {
      throw new Error(`it has ${found.size} bytes, at most ${MAX_BLOB_BYTES} are taken`);
    }
    const { sha256, size } = await hashFile(file);
    const read = (start: number, end: number): Promise<Uint8Array<ArrayBuffer>> =>
      readRange(path, start, end);
    return new FileArgument(basename(path), { sha256, size, read });
  } catch (thrown) {
    throw new FuncxError({
      code: "INPUT_INVALID",
      message: `${path} cannot be sent: ${messageOf(thrown)}`,
      hint: "Check the path and its permissions, or put large data where the endpoint can read it.",
    });
  }
}

function malformed(word: string): FuncxError {
  return new FuncxError({
    code: "USAGE",
    message: `--file ${word} is not NAME=PATH`,
    hint: "NAME is the function's parameter, or the {field} of a shell template.",
  });
}
