/** The last lines of the agent's own log, for its owner at the service. */
import { MAX_LOG_BYTES } from "../contract/limits.ts";
import type { LogLines, LogRequest } from "../contract/protocol/messages.ts";
import { lastLines } from "../lib/log_lines.ts";

/** @param path of the log; what was moved aside lately is beside it */
export function logAnswer(path: string, { request_id, lines: count }: LogRequest): LogLines {
  const present = readEnd(path, count);
  const missing = count - present.lines.length;
  const before = present.isAll && missing > 0 ? readEnd(`${path}.1`, missing).lines : [];
  return { type: "log_lines", request_id, lines: bounded([...before, ...present.lines]) };
}

/** No lines of a file that is not there, or cannot be read. */
function readEnd(
  path: string,
  count: number,
): { readonly lines: readonly string[]; readonly isAll: boolean } {
  try {
    const { lines, end } = lastLines(path, count, MAX_LOG_BYTES);
    return { lines, isAll: end <= MAX_LOG_BYTES };
  } catch (thrown) {
    if (thrown instanceof Error) return { lines: [], isAll: true };
    throw thrown;
  }
}

/** The last ones that have `MAX_LOG_BYTES` together; no byte of a text is less than a UTF-16 unit. */
function bounded(lines: readonly string[]): string[] {
  let room = MAX_LOG_BYTES;
  let first = lines.length;
  while (first > 0 && lines[first - 1]!.length <= room) {
    first -= 1;
    room -= lines[first]!.length;
  }
  return lines.slice(first);
}
