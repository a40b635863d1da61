/** An empty folder for each task, removed after it. */
import { join } from "../../lib/path.ts";
import { logger } from "../../lib/log.ts";
import { messageOf } from "../../lib/outcome.ts";
import type { TaskAttempt } from "./executor.ts";

const log = logger("executor", "sandbox");

export class SandboxFolders {
  /** Absolute; the folders are in it. */
  readonly #parent: string;
  readonly #removals = new Set<Promise<void>>();

  constructor(parent: string) {
    this.#parent = parent;
  }

  /** @returns the folder, which only this user can enter. Throws the system's error. */
  make({ taskId, attempt }: TaskAttempt): string {
    const folder = join(this.#parent, `task-${taskId}-${attempt}`);
    Deno.mkdirSync(folder, { mode: 0o700 });
    return folder;
  }

  /** Removes it by and by. */
  remove(folder: string): void {
    const removal = removeQuietly(folder).then(() => void this.#removals.delete(removal));
    this.#removals.add(removal);
  }

  /** Settles when all that were to be removed have been, or cannot be. */
  async removed(): Promise<void> {
    await Promise.all(this.#removals);
  }
}

/** Never rejects: what cannot be removed is told in the log. */
async function removeQuietly(folder: string): Promise<void> {
  try {
    await Deno.remove(folder, { recursive: true });
  } catch (thrown) {
    log.warn("cannot remove {folder}: {reason}", { folder, reason: messageOf(thrown) });
  }
}
