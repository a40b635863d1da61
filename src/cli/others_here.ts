/** What to say of schedulers that a new profile does not use. */
import { SCHEDULER_TITLES } from "../profile/schedulers.ts";
import { otherSchedulers } from "../profile/templates/templates.ts";

/** A line for each. */
export function othersHere(env: (name: string) => string | undefined): string[] {
  return otherSchedulers(env).map((scheduler) =>
    `${SCHEDULER_TITLES[scheduler]} is here as well: ` +
    `\`funcx-endpoint configure NAME --template ${scheduler}\` makes a profile for it.`
  );
}
