/** Notices that the private service has come up, by its state file, so that redialling can be soon. */
import type { FuncxHome } from "../../contract/home_folder.ts";
import { readIfPresent } from "../../lib/files.ts";

/**
 * Calls `news` when the state file is there and not as `seen` any more. Where the system gives no
 * news of files (NFS, or no watches left), nothing is called, and the backoff has to do.
 * Returns what ends the watch.
 */
export function watchServiceState(
  home: FuncxHome,
  seen: string | undefined,
  news: () => void,
): () => void {
  const look = (): void => {
    const text = readText(home.serviceStateFile);
    if (text !== undefined && text !== seen) news();
  };
  let watcher: Deno.FsWatcher;
  try {
    watcher = Deno.watchFs(home.serviceFolder, { recursive: false });
  } catch {
    return () => undefined;
  }
  void follow(watcher, look);
  // It may have changed between the attempt and the watch.
  look();
  return () => {
    try {
      watcher.close();
    } catch (thrown) {
      if (!(thrown instanceof Deno.errors.BadResource)) throw thrown;
    }
  };
}

/** A home that cannot be read for a moment has no news. */
function readText(path: string): string | undefined {
  try {
    return readIfPresent(path);
  } catch {
    return undefined;
  }
}

async function follow(watcher: Deno.FsWatcher, look: () => void): Promise<void> {
  try {
    for await (const _event of watcher) look();
  } catch {
    // The folder went away, and the watch with it.
  }
}
