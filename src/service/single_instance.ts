/** One service for each home, whatever host it runs on. */
import { FuncxError } from "../contract/errors.ts";
import { type ProcessIdentity } from "../lib/process_identity.ts";
import { ProcessLock } from "../lib/process_lock.ts";
import type { ServiceDir } from "./service_dir.ts";
import { readState } from "./state_file.ts";

/** Throws ALREADY_RUNNING, which names the process and where it listens. */
export function lockService(directory: ServiceDir): ProcessLock {
  const attempt = ProcessLock.acquire(directory.lockFile);
  if (attempt.kind === "held") return attempt.lock;
  throw alreadyRunning(directory, attempt.holder);
}

function alreadyRunning(directory: ServiceDir, holder: ProcessIdentity | undefined): FuncxError {
  const state = readState(directory.stateFile);
  const where = holder === undefined ? "" : ` on ${holder.hostname} (pid ${holder.pid})`;
  const isListening = state !== undefined && state.pid === holder?.pid &&
    state.hostname === holder.hostname;
  return new FuncxError({
    code: "ALREADY_RUNNING",
    message: `your private service runs already${where}${isListening ? ` at ${state.url}` : ""}`,
    hint: "Use it, or stop it first with `funcx-endpoint service stop`" +
      (holder === undefined ? "." : ` on ${holder.hostname}.`),
  });
}
