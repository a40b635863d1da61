/**
 * What the harness does when a daemon does not start: what its user would do, by the hint that comes
 * with the error. An end without an error, or one that nothing explains, is trouble.
 */
import { delay } from "../../src/lib/async.ts";
import type { Finished } from "../helpers/running.ts";
import { putBack } from "./damage.ts";
import type { DaemonName } from "./plan.ts";
import type { Stage } from "./stage.ts";

export interface Mended {
  readonly kind: "mended" | "trouble";
  readonly what: string;
}

const CONFIGURATION = 78;
const RETRY_PAUSE = 500;
/** Characters of what a process said that did not end as it should; a stack is among them. */
const MAX_WORDS = 2_000;

export async function mendOf(stage: Stage, name: DaemonName, end: Finished): Promise<Mended> {
  const error = /^error: (.*)$/m.exec(end.stderr)?.[1];
  const hint = /^hint: (.*)$/m.exec(end.stderr)?.[1];
  const ended = `${name} ended by itself with ${end.code}`;
  if (error === undefined || hint === undefined) {
    return { kind: "trouble", what: `${ended}: ${end.stderr.slice(-MAX_WORDS)}` };
  }
  const said = `${ended}: ${error}`;
  const path = stage.databaseOf(name);
  if (end.code === CONFIGURATION && error.includes(path) && stage.excuses.has(`${name} damage`)) {
    if (!exists(path)) return { kind: "trouble", what: `${said}; the file is not kept` };
    return followHint(stage, name, hint, path);
  }
  // A full disk, or a service that is away while its endpoint has to ask it: tried again.
  if ([...stage.excuses].some((excuse) => excuse.endsWith("disk") || excuse.endsWith("link"))) {
    await delay(RETRY_PAUSE);
    return { kind: "mended", what: `${said}; tried again` };
  }
  return { kind: "trouble", what: said };
}

function followHint(stage: Stage, name: DaemonName, hint: string, path: string): Mended {
  const move = /mv '([^']+)' '([^']+)'/.exec(hint);
  if (move !== null) {
    for (const end of ["", "-wal", "-journal"]) {
      if (exists(move[1] + end)) Deno.renameSync(move[1] + end, move[2] + end);
    }
    return { kind: "mended", what: `moved ${move[1]} away` };
  }
  if (name === "service" && /copy of the file back/.test(hint)) {
    putBack(path, stage.env.root);
    return { kind: "mended", what: `put ${path} back` };
  }
  return { kind: "trouble", what: `a hint that cannot be followed: ${hint} (${stage.env.root})` };
}

function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}
