/** A daemon's log: JSON lines in a private file that is rotated. Loaded by daemons only. */
import { getRotatingFileSink } from "@logtape/file";
import { configure, dispose, jsonLinesFormatter, type LogLevel } from "@logtape/logtape";
import { ensurePrivateFolder } from "./files.ts";
import { dirname } from "./path.ts";

const MAX_LOG_BYTES = 10 * 1024 * 1024;
/** With the one that is written to. */
const MAX_LOG_FILES = 5;

/**
 * Sends everything under the category `funcx` to the file at `path`, 0600 in a 0700 folder. Lines are
 * written at once, so that `logs -f` sees them and a crash loses none. It narrows the umask of the
 * process to 077, since rotation makes new files. Throws the system's error for an unusable folder.
 */
export async function openLogFile(path: string, level: LogLevel): Promise<AsyncDisposable> {
  Deno.umask(0o077);
  ensurePrivateFolder(dirname(path));
  await configure({
    reset: true,
    sinks: {
      file: getRotatingFileSink(path, {
        maxSize: MAX_LOG_BYTES,
        maxFiles: MAX_LOG_FILES,
        bufferSize: 0,
        formatter: jsonLinesFormatter,
      }),
    },
    loggers: [
      { category: ["funcx"], lowestLevel: level, sinks: ["file"] },
      { category: ["logtape", "meta"], lowestLevel: "error", sinks: ["file"] },
    ],
  });
  return { [Symbol.asyncDispose]: dispose };
}
