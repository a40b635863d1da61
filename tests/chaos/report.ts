/** What is printed of a seed that failed. */
import { describeFault, type Plan } from "./plan.ts";
import type { SeedReport } from "./seed.ts";
import type { Violation } from "./verdict.ts";

/** Kinds of violations. */
const SHOWN = 10;

export function describeViolations(report: SeedReport, plan: Plan): string[] {
  const { violations, folder } = report;
  const kinds = [...Map.groupBy(violations, ({ promise, what }) => `${promise} ${what}`).values()];
  const left = kinds.length - SHOWN;
  return [
    ...plan.faults.map(describeFault),
    ...kinds.slice(0, SHOWN).flatMap(describe),
    ...(left > 0 ? [`and ${left} more of other kinds`] : []),
    ...(folder === undefined ? [] : [`its files are kept in ${folder}`]),
  ];
}

/** The first of its kind, with its task's timeline. */
function describe([first, ...others]: readonly Violation[]): string[] {
  const { promise, what, key, taskId, timeline = [] } = first!;
  const task = key === undefined ? "" : ` task ${key} (${taskId ?? "not accepted"}):`;
  const more = others.length === 0 ? "" : `; so are ${others.length} more`;
  return [
    `promise ${promise}:${task} ${what}${more}`,
    ...timeline.map(({ at, state, by, attempt, detail }) =>
      `    ${new Date(at).toISOString()} ${state} by ${by}, attempt ${attempt}` +
      (detail === undefined ? "" : `, ${detail}`)
    ),
  ];
}
