/** What `doctor` finds out, one line each. */
import type { ResolvedProfile } from "../../profile/schema.ts";
import type { CliContext } from "../context.ts";

export interface Check {
  /** What was looked at, in a word or two. */
  readonly name: string;
  readonly status: "ok" | "warning" | "failed";
  /** What was found. */
  readonly message: string;
  /** How to mend it; absent when all is well. */
  readonly mend?: string;
}

/** What the checks are about. */
export interface Patient {
  readonly context: Pick<CliContext, "home" | "env" | "signal">;
  /** Of the endpoint. */
  readonly name: string;
  /** Undefined when there is none, or it is not valid; that is a check of its own. */
  readonly profile: ResolvedProfile | undefined;
}

export function fine(name: string, message: string): Check {
  return { name, status: "ok", message };
}

export function warning(name: string, message: string, mend: string): Check {
  return { name, status: "warning", message, mend };
}

export function failed(name: string, message: string, mend: string): Check {
  return { name, status: "failed", message, mend };
}
