/** Waiting until a daemon that was just started listens. */
import { CONTROL_PATHS } from "../../contract/control_paths.ts";
import { timeLimit } from "../../lib/async.ts";
import { dirname } from "../../lib/path.ts";
import { requestJson } from "../../lib/unix_http.ts";
import type { Daemon } from "./spawn.ts";

export type Readiness =
  | { readonly kind: "listening" }
  | { readonly kind: "exited"; readonly code: number | null; readonly signal: string | null }
  | { readonly kind: "timeout" };

/** Between two tries where the system gives no news of files. */
const RETRY_INTERVAL = 50;

/**
 * Resolves when the daemon answers on its control socket, has ended, or `milliseconds` are over. An
 * answer of another process, which had the socket before, does not count. It waits for news of the
 * socket's folder, which must exist.
 * @param daemon undefined when the one that shall listen was started by somebody else.
 */
export async function untilListening(
  daemon: Daemon | undefined,
  socket: string,
  milliseconds: number,
): Promise<Readiness> {
  const deadline = timeLimit(milliseconds);
  const ended = daemon?.exited.then((exit): Readiness => ({ kind: "exited", ...exit }));
  const news = folderNews(dirname(socket));
  try {
    while (!deadline.aborted) {
      const change = news.next();
      const answer = await requestJson(socket, "GET", CONTROL_PATHS.status, undefined, {
        timeout: milliseconds,
      });
      const pid = answer.kind === "ok" ? (answer.value as { pid?: unknown }).pid : undefined;
      if (pid !== undefined && pid === (daemon?.pid ?? pid)) return { kind: "listening" };
      const first = await Promise.race([ended ?? change, change, aborted(deadline)]);
      if (first !== undefined) return first;
    }
    return { kind: "timeout" };
  } finally {
    news.close();
  }
}

function aborted(signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(undefined);
    signal.addEventListener("abort", () => resolve(undefined), { once: true });
  });
}

interface News {
  /** The next change in the folder. */
  next(): Promise<undefined>;
  close(): void;
}

/** By the system's file events; by a timer where it has none left (inotify is limited per user). */
function folderNews(folder: string): News {
  let watcher: Deno.FsWatcher;
  try {
    watcher = Deno.watchFs(folder, { recursive: false });
  } catch {
    return timerNews();
  }
  return {
    next: async () => {
      await watcher[Symbol.asyncIterator]().next();
      return undefined;
    },
    close: () => watcher.close(),
  };
}

function timerNews(): News {
  let timer: ReturnType<typeof setTimeout> | undefined;
  return {
    next: () =>
      new Promise((resolve) => {
        timer = setTimeout(() => resolve(undefined), RETRY_INTERVAL);
      }),
    close: () => clearTimeout(timer),
  };
}
