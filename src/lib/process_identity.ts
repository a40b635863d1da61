/** Telling whether a process that a file names is still the one that wrote the file. */
import { readIfPresent } from "./files.ts";

export interface ProcessIdentity {
  readonly hostname: string;
  readonly pid: number;
  /** Differs after a reboot; empty where the system has none. */
  readonly boot_id: string;
  /** Start of the process since boot, in ticks, so that a reused pid differs; empty if unknown. */
  readonly process_start: string;
}

export function ownIdentity(): ProcessIdentity {
  return {
    hostname: Deno.hostname(),
    pid: Deno.pid,
    boot_id: bootId(),
    process_start: processStart(Deno.pid) ?? "",
  };
}

/** `alive` and `gone` are certain; `elsewhere` is on another host, which nothing here can ask. */
export function standingOf(identity: ProcessIdentity): "alive" | "gone" | "elsewhere" {
  if (identity.hostname !== Deno.hostname()) return "elsewhere";
  if (identity.boot_id !== bootId()) return "gone";
  if (!processExists(identity.pid)) return "gone";
  const start = processStart(identity.pid);
  return start !== undefined && identity.process_start !== "" && start !== identity.process_start
    ? "gone"
    : "alive";
}

function bootId(): string {
  return readIfPresent("/proc/sys/kernel/random/boot_id")?.trim() ?? "";
}

/** Whether a process has this id and runs: a zombie, which nobody has waited for yet, does not. */
export function processExists(pid: number): boolean {
  return exists(pid) && processState(pid) !== "Z";
}

function exists(pid: number): boolean {
  try {
    // Signal 0 is not in Deno's list. Commands that never ask do not wait for node:process.
    return globalThis.process.kill(pid, 0);
  } catch (thrown) {
    return (thrown as { code?: string }).code === "EPERM";
  }
}

function processState(pid: number): string | undefined {
  return statFields(pid)?.[0];
}

function processStart(pid: number): string | undefined {
  return statFields(pid)?.[19];
}

/** /proc/PID/stat from its third field on, which follows the command in parentheses. */
function statFields(pid: number): string[] | undefined {
  let stat: string | undefined;
  try {
    stat = readIfPresent(`/proc/${pid}/stat`);
  } catch {
    return undefined;
  }
  return stat?.slice(stat.lastIndexOf(")") + 2).split(" ");
}
