/** What a new profile starts from. */
import { FuncxError } from "../../contract/errors.ts";
import { closest } from "../../lib/closest.ts";
import type { Profile, Scheduler } from "../profile.d.ts";
import { findSchedulers, SCHEDULER_TITLES, SCHEDULERS } from "../schedulers.ts";

export interface Template {
  readonly name: string;
  /** One line, for people. */
  readonly brief: string;
  readonly profile: Profile;
  /** Lines above a key, by the dotted key. */
  readonly comments: Readonly<Record<string, readonly string[]>>;
}

export const TEMPLATE_NAMES: readonly string[] = ["local", ...SCHEDULERS];

/** Throws a `FuncxError` of code USAGE when there is no template of that name. */
export function template(name: string): Template {
  const scheduler = SCHEDULERS.find((known) => known === name);
  if (scheduler !== undefined) return besideScheduler(scheduler);
  if (name === LOCAL.name) return LOCAL;
  const meant = closest(name, TEMPLATE_NAMES);
  throw new FuncxError({
    code: "USAGE",
    message: `there is no template "${name}"`,
    hint: meant === undefined
      ? `There are ${TEMPLATE_NAMES.join(", ")}.`
      : `Did you mean "${meant}"?`,
  });
}

/**
 * The one for the batch scheduler of this machine, else `local`. That `kubectl` is there says
 * little about a machine, so it has to be asked for.
 */
export function templateForSite(env: (name: string) => string | undefined): string {
  return findSchedulers(env).find((name) => name !== "kubernetes") ?? LOCAL.name;
}

const LOCAL: Template = {
  name: "local",
  brief: "workers on this machine, one per core",
  profile: { executor: { workersPerNode: "auto", provider: { type: "local" } } },
  comments: {
    "executor.workersPerNode": ['Each runs one task at a time; "auto" is one per core.'],
    "executor.provider": ["Workers run on this machine."],
  },
};

/** On a login node everything is shared, so the workers are few. */
const LOGIN_NODE_WORKERS = 2;

function besideScheduler(scheduler: Scheduler): Template {
  const title = SCHEDULER_TITLES[scheduler];
  return {
    name: scheduler,
    brief: `a few workers on a machine that submits to ${title}`,
    profile: { executor: { workersPerNode: LOGIN_NODE_WORKERS, provider: { type: "local" } } },
    comments: {
      "executor.workersPerNode": [
        "Each runs one task at a time. Few, since others share a login node;",
        '"auto" is one per core, for a machine of your own.',
      ],
      "executor.provider": [
        "Workers run on this machine. This version does not submit jobs to",
        `${title}; start the endpoint inside a job to use a compute node.`,
      ],
    },
  };
}
