/** How much memory this process may use: the machine's, or less by its control group. */
import { readIfPresent } from "../lib/files.ts";
import { join } from "../lib/path.ts";

/** Bytes. */
export function usableMemory(): number {
  const limits = limitFiles(readQuietly("/proc/self/cgroup") ?? "")
    .map((file) => readQuietly(file) ?? "")
    .map(readLimit)
    .filter((limit) => limit !== undefined);
  return Math.min(Deno.systemMemoryInfo().total, ...limits);
}

/**
 * The files that may hold a limit, of a process's group and of all groups around it.
 * @param membership the text of `/proc/PID/cgroup`
 */
export function limitFiles(membership: string): string[] {
  return membership.split("\n").flatMap((line) => {
    const [, controllers, path] = /^\d+:([^:]*):(\/.*)$/.exec(line) ?? [];
    if (path === undefined) return [];
    if (controllers === "") return pathsUp("/sys/fs/cgroup", path, "memory.max");
    if (!controllers.split(",").includes("memory")) return [];
    return pathsUp("/sys/fs/cgroup/memory", path, "memory.limit_in_bytes");
  });
}

function pathsUp(root: string, path: string, file: string): string[] {
  const parts = path.split("/").filter((part) => part !== "");
  return Array.from(
    { length: parts.length + 1 },
    (_, removed) => join(root, ...parts.slice(0, parts.length - removed), file),
  );
}

/** `max`, and what cannot be read, is no limit. */
function readLimit(text: string): number | undefined {
  return /^\d+\n?$/.test(text) ? Number(text) : undefined;
}

/** A group may not be visible from inside a container. */
function readQuietly(file: string): string | undefined {
  try {
    return readIfPresent(file);
  } catch {
    return undefined;
  }
}
