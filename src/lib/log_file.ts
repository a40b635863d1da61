/** A daemon's log: JSON lines in a private file that is rotated. Loaded by daemons only. */
import {
  configure,
  dispose,
  jsonLinesFormatter,
  type LogLevel,
  type LogRecord,
  type Sink,
} from "@logtape/logtape";
import { ensurePrivateFolder } from "./files.ts";
import { dirname } from "./path.ts";
import { RotatingFile } from "./rotating_file.ts";

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
      file: fileSink(path),
    },
    loggers: [
      { category: ["funcx"], lowestLevel: level, sinks: ["file"] },
      { category: ["logtape", "meta"], lowestLevel: "error", sinks: ["file"] },
    ],
  });
  return { [Symbol.asyncDispose]: dispose };
}

function fileSink(path: string): Sink & Disposable {
  const file = new RotatingFile(path, { maximumBytes: MAX_LOG_BYTES, maximumFiles: MAX_LOG_FILES });
  const encoder = new TextEncoder();
  const write = (record: LogRecord): void => file.write(encoder.encode(jsonLinesFormatter(record)));
  return Object.assign(write, { [Symbol.dispose]: () => file[Symbol.dispose]() });
}
