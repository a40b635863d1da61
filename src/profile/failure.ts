/** Why a profile cannot be used, for people and for programs. */
import type { ErrorCode } from "../contract/errors.ts";
import type { Failure } from "../lib/outcome.ts";
import type { ProfileProblem } from "./problems.ts";

export interface ProfileFailure extends Failure {
  readonly code: ErrorCode;
  /** Every wrong key; empty when the profile could not be evaluated at all. */
  readonly problems: readonly ProfileProblem[];
  /** Where in the profile's folder it happened, if that can be told. */
  readonly place?: SourcePlace;
}

export interface SourcePlace {
  /** Absolute. */
  readonly file: string;
  /** Counted from 1. */
  readonly line: number;
  /** Counted from 1. */
  readonly column: number;
  /** The text of the line. */
  readonly text: string;
}

/** The problems as one failure, in one line. */
export function failureOf(
  file: string,
  name: string,
  problems: readonly ProfileProblem[],
): ProfileFailure {
  const [{ key, line, found, expected, mend }] = problems;
  const where = key === "" ? "" : `${key}: `;
  const more = problems.length === 1 ? "" : ` (and ${problems.length - 1} more)`;
  const explain = `\`funcx-endpoint validate ${name}\` explains each.`;
  return {
    code: "PROFILE_INVALID",
    message: `${file}${line === undefined ? "" : `:${line}`}: ${where}found ${found}, ` +
      `expected ${expected}${more}`,
    hint: problems.length === 1 ? mend : `${mend} ${explain}`,
    problems,
  };
}
