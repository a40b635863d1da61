/**
 * A lock file that says which process holds it, for daemons of which only one may run on a folder,
 * on whatever host. It is a courtesy that can name the holder; what must never be written by two
 * processes has a lock of its own (see `database.ts`).
 *
 * 1. A process that is alive on this host holds its lock, one that is gone does not.
 * 2. A process on another host, which nothing here can ask, holds it as long as the file is fresh:
 *    the holder touches it, see {@link REFRESH_INTERVAL}.
 * 3. A lock is taken over by renaming it away, so of several that try only one gets it.
 */
import { readIfPresent, removeIfPresent, writeAll } from "./files.ts";
import { ownIdentity, type ProcessIdentity, standingOf } from "./process_identity.ts";

/** Milliseconds between two touches of a lock that is held. */
export const REFRESH_INTERVAL = 30_000;
/** Milliseconds without a touch after which another host's lock counts as left behind. */
export const FRESH_FOR = 5 * 60_000;
/** Milliseconds that a file without content may be one that is just being written. */
const WRITTEN_WITHIN = 10_000;
const ATTEMPTS = 5;

export type LockAttempt =
  | { readonly kind: "held"; readonly lock: ProcessLock }
  /** `holder` is undefined when the file is just being written. */
  | { readonly kind: "taken"; readonly holder: ProcessIdentity | undefined };

export class ProcessLock {
  readonly #path: string;
  readonly #content: string;
  readonly #timer: ReturnType<typeof setInterval>;

  private constructor(path: string, content: string) {
    this.#path = path;
    this.#content = content;
    this.#timer = setInterval(() => this.#refresh(), REFRESH_INTERVAL);
    Deno.unrefTimer(this.#timer);
  }

  /** Takes the lock at `path`, or says who has it. Throws the system's error for an unusable folder. */
  static acquire(path: string): LockAttempt {
    const content = JSON.stringify(ownIdentity());
    let holder: ProcessIdentity | undefined;
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      if (create(path, content)) return { kind: "held", lock: new ProcessLock(path, content) };
      const found = readIfPresent(path);
      if (found === undefined) continue;
      holder = parse(found);
      if (isHeld(path, holder)) return { kind: "taken", holder };
      takeAway(path, found);
    }
    return { kind: "taken", holder };
  }

  /** Removes the file, unless another host has taken it over meanwhile. */
  release(): void {
    clearInterval(this.#timer);
    if (readIfPresent(this.#path) === this.#content) removeIfPresent(this.#path);
  }

  #refresh(): void {
    try {
      const now = new Date();
      Deno.utimeSync(this.#path, now, now);
    } catch {
      // A home that is away for a moment; the next touch will do.
    }
  }
}

/** Who holds the lock at `path`, without trying to take it; undefined when nobody can be named. */
export function lockHolder(path: string): ProcessIdentity | undefined {
  const text = readIfPresent(path);
  const holder = text === undefined ? undefined : parse(text);
  return holder !== undefined && isHeld(path, holder) ? holder : undefined;
}

function create(path: string, content: string): boolean {
  let file: Deno.FsFile;
  try {
    file = Deno.openSync(path, { write: true, createNew: true, mode: 0o600 });
  } catch (thrown) {
    if (thrown instanceof Deno.errors.AlreadyExists) return false;
    throw thrown;
  }
  try {
    writeAll(file, new TextEncoder().encode(content));
    file.syncSync();
    return true;
  } catch (thrown) {
    // On a full disk: what is left would keep the next one from starting.
    removeIfPresent(path);
    throw thrown;
  } finally {
    file.close();
  }
}

function isHeld(path: string, holder: ProcessIdentity | undefined): boolean {
  if (holder === undefined) return isYounger(path, WRITTEN_WITHIN);
  switch (standingOf(holder)) {
    case "alive":
      return true;
    case "gone":
      return false;
    case "elsewhere":
      return isYounger(path, FRESH_FOR);
  }
}

function isYounger(path: string, milliseconds: number): boolean {
  try {
    const { mtime } = Deno.statSync(path);
    return mtime !== null && Date.now() - mtime.getTime() < milliseconds;
  } catch (thrown) {
    if (thrown instanceof Deno.errors.NotFound) return false;
    throw thrown;
  }
}

/** Removes a lock that was left behind, but not one that somebody took in the same moment. */
function takeAway(path: string, expected: string): void {
  const aside = `${path}.${crypto.randomUUID()}`;
  try {
    Deno.renameSync(path, aside);
    if (readIfPresent(aside) !== expected) Deno.linkSync(aside, path);
  } catch (thrown) {
    const isRace = thrown instanceof Deno.errors.NotFound ||
      thrown instanceof Deno.errors.AlreadyExists;
    if (!isRace) throw thrown;
  } finally {
    removeIfPresent(aside);
  }
}

function parse(text: string): ProcessIdentity | undefined {
  try {
    const value = JSON.parse(text) as Partial<ProcessIdentity>;
    const isComplete = typeof value.hostname === "string" && typeof value.pid === "number" &&
      typeof value.boot_id === "string" && typeof value.process_start === "string";
    return isComplete ? value as ProcessIdentity : undefined;
  } catch {
    return undefined;
  }
}
