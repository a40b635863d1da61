/** What a profile may know of the machine that it is evaluated on. */
import { userInfo } from "node:os";
import { findAccelerators } from "./accelerators.ts";
import { usableMemory } from "./memory.ts";
import type { Site } from "./profile.d.ts";
import { findSchedulers } from "./schedulers.ts";

/** Without the environment, of which a profile sees what it lists. */
export type SiteFacts = Omit<Site, "env">;

/** Takes some milliseconds; reads files and runs nothing. */
export function siteFacts(
  name: string,
  env: (name: string) => string | undefined,
): SiteFacts {
  return {
    name,
    hostname: Deno.hostname(),
    user: userName(env),
    home: env("HOME") ?? "",
    // Deno asks the system how many this process may run on: affinity and cgroup quota count.
    cores: navigator.hardwareConcurrency,
    memory: usableMemory(),
    accelerators: findAccelerators(),
    schedulers: findSchedulers(env),
  };
}

/** A user of a directory service may have no entry that the system can read without it. */
export function userName(env: (name: string) => string | undefined): string {
  try {
    return userInfo().username;
  } catch {
    return env("USER") ?? env("LOGNAME") ?? String(Deno.uid() ?? "");
  }
}
