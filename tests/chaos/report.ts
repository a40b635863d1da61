/** What is printed of a seed that failed. */
import { describeFault, type Plan } from "./plan.ts";
import type { SeedReport } from "./seed.ts";
import type { Violation } from "./verdict.ts";

const SHOWN = 10;

export function describeViolations(report: SeedReport, plan: Plan): string[] {
  const { violations, folder } = report;
  const left = violations.length - SHOWN;
  return [
    ...plan.faults.map(describeFault),
    ...violations.slice(0, SHOWN).flatMap(describe),
    ...(left > 0 ? [`and ${left} more`] : []),
    `its files are kept in ${folder}`,
  ];
}

function describe({ promise, what, key, taskId, timeline }: Violation): string[] {
  const task = key === undefined
    ? ""
    : ` task ${key}${taskId === undefined ? "" : ` (${taskId})`}:`;
  return [
    `promise ${promise}:${task} ${what}`,
    ...(timeline ?? []).map(({ at, state, by, attempt, detail }) =>
      `    ${new Date(at).toISOString()} ${state} by ${by}, attempt ${attempt}, ${detail ?? ""}`
    ),
  ];
}
