/** The environment of worker processes: the agent's, without what a user's function must not see. */

import { namesSecret } from "../../lib/secret_names.ts";

/** Ours, and those that steer Deno. */
const OWN = /^(?:FUNCX_|DENO_)/;

/** In the environment of every worker of one manager, and of whatever they start. */
export const MANAGER_VARIABLE = "FUNCX_MANAGER";

/** The id of a manager that is a part of another one, and ends with it at the latest. */
export function partOf(managerId: string, name: string): string {
  return `${managerId}.${name}`;
}

/** Whether the id is that of the manager, or of a part of it. */
export function isWithin(id: string | undefined, managerId: string): boolean {
  return id === managerId || id?.startsWith(`${managerId}.`) === true;
}

export interface EnvironmentOptions {
  /** The agent's own. */
  readonly inherited: Readonly<Record<string, string>>;
  /** Of the profile. */
  readonly added: Readonly<Record<string, string>>;
  /** Tells this manager's processes from those of others. */
  readonly managerId: string;
}

/** Without secrets: a profile that wants to hand one on names it in `environment`. */
export function workerEnvironment(options: EnvironmentOptions): Record<string, string> {
  const inherited = Object.entries(options.inherited)
    .filter(([name]) => !OWN.test(name) && !namesSecret(name));
  return {
    ...Object.fromEntries(inherited),
    ...options.added,
    [MANAGER_VARIABLE]: options.managerId,
  };
}

/** What Deno needs, and no more: user code can be granted the whole environment. */
const DENO_NEEDS = ["PATH", "HOME", "TMPDIR", "LANG", "LC_ALL", "TZ", "XDG_CACHE_HOME"];

export function typescriptEnvironment(options: EnvironmentOptions): Record<string, string> {
  const base = workerEnvironment(options);
  const kept = [...DENO_NEEDS, ...Object.keys(options.added), MANAGER_VARIABLE];
  return {
    ...Object.fromEntries(
      kept.flatMap((name) => base[name] === undefined ? [] : [[name, base[name]]]),
    ),
    NO_COLOR: "1",
    DENO_NO_UPDATE_CHECK: "1",
  };
}
