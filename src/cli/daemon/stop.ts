/** Stopping a daemon through its control socket, and making sure that it is gone. */
import { CONTROL_PATHS, type StopRequest } from "../../contract/control.ts";
import { FuncxError } from "../../contract/errors.ts";
import { KILL_GRACE } from "../../contract/limits.ts";
import { delay, withTimeout } from "../../lib/async.ts";
import { processExists } from "../../lib/process_identity.ts";
import { events, requestJson } from "../../lib/unix_http.ts";
import { unwrap } from "../failure.ts";

/** Which daemon, and how. */
export interface StopOptions {
  /** Undefined when it does not answer there; then it is told by SIGTERM. */
  readonly socket: string | undefined;
  readonly pid: number;
  /** Milliseconds that running tasks may take. */
  readonly timeout: number;
  /** Gets each status that the daemon sends while it stops. */
  readonly onStatus?: (status: unknown) => void;
}

/** What closing connections, workers and files may take beyond the tasks. */
const SHUTDOWN_TIME = 10_000;
const CHECK_INTERVAL = 10;

/**
 * Asks the daemon to stop and returns when its process has ended. One that hangs is ended with
 * SIGKILL, which is told by the result.
 */
export async function stopDaemon(options: StopOptions): Promise<"stopped" | "killed"> {
  const { socket, pid, timeout } = options;
  if (socket === undefined) Deno.kill(pid, "SIGTERM");
  else await askToStop(socket, options);
  if (await isGone(pid, socket === undefined ? timeout + SHUTDOWN_TIME : SHUTDOWN_TIME)) {
    return "stopped";
  }
  Deno.kill(pid, "SIGKILL");
  if (await isGone(pid, SHUTDOWN_TIME)) return "killed";
  throw new FuncxError({
    code: "INTERNAL_ERROR",
    message: `process ${pid} does not end, not even by SIGKILL`,
    hint: "It may hang in a file system that does not answer; see `ps -o stat,wchan`.",
  });
}

/** Returns when the daemon's stream of statuses has ended, or it had its time. */
async function askToStop(socket: string, { timeout, onStatus }: StopOptions): Promise<void> {
  const abandon = new AbortController();
  const ended = watch(socket, onStatus, abandon.signal);
  try {
    const body: StopRequest = { timeout };
    const answer = await requestJson(socket, "POST", CONTROL_PATHS.stop, body, {
      timeout: timeout + SHUTDOWN_TIME,
    });
    // A daemon that ends while it answers has understood.
    if (answer.kind !== "ok" && answer.failure.code !== "NOT_RUNNING") unwrap(answer);
    await withTimeout(ended, timeout + KILL_GRACE + SHUTDOWN_TIME);
  } finally {
    abandon.abort();
  }
}

async function watch(
  socket: string,
  onStatus: StopOptions["onStatus"],
  signal: AbortSignal,
): Promise<void> {
  try {
    for await (const status of events(socket, CONTROL_PATHS.events, signal)) onStatus?.(status);
  } catch {
    // It was gone before it could be watched.
  }
}

/** The end of a process that is nobody's child here can only be asked for. */
async function isGone(pid: number, milliseconds: number): Promise<boolean> {
  const deadline = performance.now() + milliseconds;
  while (processExists(pid)) {
    if (performance.now() > deadline) return false;
    await delay(CHECK_INTERVAL);
  }
  return true;
}
