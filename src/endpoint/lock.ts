/** The lock by which one agent at most runs for an endpoint, on whichever login node. */
import { FuncxError } from "../contract/errors.ts";
import { readIfPresent } from "../lib/files.ts";
import { FRESH_FOR, type LockAttempt, ProcessLock } from "../lib/process_lock.ts";
import { ownIdentity, type ProcessIdentity } from "../lib/process_identity.ts";
import { unwritable } from "./unwritable.ts";

export interface EndpointLock {
  readonly lock: ProcessLock;
  /** What the lock said that a dead agent had left behind; undefined when there was none. */
  readonly takenOver: string | undefined;
}

/**
 * Takes the lock at `path`, also one that a dead agent left behind. Throws `ALREADY_RUNNING`, naming
 * host, process and since when, or what {@link unwritable} makes of the system's error.
 */
export function lockEndpoint(path: string, name: string): EndpointLock {
  const before = readIfPresent(path);
  const attempt = acquire(path);
  if (attempt.kind === "taken") throw alreadyRunning(path, name, attempt.holder);
  return { lock: attempt.lock, takenOver: before };
}

function acquire(path: string): LockAttempt {
  try {
    return ProcessLock.acquire(path);
  } catch (thrown) {
    const hint = "Check the folder's owner and the disk's room.";
    throw unwritable(`the lock ${path} cannot be made`, thrown, hint);
  }
}

/** The refusal of a second start, with where the first one runs, if that can be told. */
export function alreadyRunning(
  path: string,
  name: string,
  holder: ProcessIdentity | undefined,
): FuncxError {
  if (holder === undefined) {
    return new FuncxError({
      code: "ALREADY_RUNNING",
      message: `${name} is being started by another command`,
      hint: "See `funcx-endpoint list` in a moment.",
    });
  }
  const here = holder.hostname === ownIdentity().hostname;
  const where = here ? "this host" : holder.hostname;
  return new FuncxError({
    code: "ALREADY_RUNNING",
    message: `${name} already runs on ${where} (pid ${holder.pid}${since(path)})`,
    hint: here
      ? `Stop it first with \`funcx-endpoint stop ${name}\`.`
      : `Stop it there: ssh ${holder.hostname} funcx-endpoint stop ${name}. ` +
        `If that host is down, its lock ends ${FRESH_FOR / 60_000} minutes after it.`,
  });
}

/** From the file's birth, where the file system knows it. */
function since(path: string): string {
  try {
    const { birthtime } = Deno.statSync(path);
    return birthtime === null ? "" : `, since ${birthtime.toISOString()}`;
  } catch {
    return "";
  }
}
