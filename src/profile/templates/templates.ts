/** What a new profile starts from. */
import { FuncxError } from "../../contract/errors.ts";
import { closest } from "../../lib/closest.ts";
import type { Executor, Profile, Scheduler } from "../profile.d.ts";
import { findSchedulers, SCHEDULER_TITLES, SCHEDULERS } from "../schedulers.ts";
import { blockComments, LOCAL_COMMENTS } from "./comments.ts";
import type { Comments } from "./render.ts";
import { siteNamed } from "./sites.ts";

export interface Template {
  readonly name: string;
  /** One line, for people. */
  readonly brief: string;
  /** Lines for the head of the file. */
  readonly about: readonly string[];
  readonly profile: Profile;
  /** For what has become of the profile. */
  readonly comments: (profile: Profile) => Comments;
}

export const TEMPLATE_NAMES: readonly string[] = ["local", ...SCHEDULERS];

/** Throws a `FuncxError` of code USAGE when there is no template of that name. */
export function template(name: string): Template {
  const scheduler = SCHEDULERS.find((known) => known === name);
  if (scheduler !== undefined) return forScheduler(scheduler);
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

/** Throws a `FuncxError` of code USAGE when the site is not known. */
export function templateOfSite(name: string): Template {
  const { title, source, executor, comments = {}, ...known } = siteNamed(name);
  const site = known.site === undefined ? title : known.site;
  return {
    name: known.name,
    brief: title,
    about: [`For ${title}. Its facts are from`, `${source}`],
    profile: { ...(site === null ? {} : { site }), executor },
    comments: (profile) => ({ ...usualComments(profile), ...comments }),
  };
}

function usualComments(profile: Profile): Comments {
  const type = profile.executor?.provider?.type;
  const scheduler = SCHEDULERS.find((known) => known === type);
  return scheduler === undefined ? LOCAL_COMMENTS : blockComments(scheduler, profile);
}

/**
 * The one for the batch scheduler of this machine, else `local`. That `kubectl` is there says
 * little about a machine, so it has to be asked for.
 */
export function templateForSite(env: (name: string) => string | undefined): string {
  return findSchedulers(env).find((name) => name !== "kubernetes") ?? LOCAL.name;
}

/** Schedulers of this machine that {@link templateForSite} has passed over. */
export function otherSchedulers(env: (name: string) => string | undefined): Scheduler[] {
  const chosen = templateForSite(env);
  return findSchedulers(env).filter((scheduler) => scheduler !== chosen);
}

const LOCAL: Template = {
  name: "local",
  brief: "workers on this machine, one per core",
  about: [],
  profile: { executor: { workersPerNode: "auto", provider: { type: "local" } } },
  comments: usualComments,
};

/** One small job at a time until somebody says more, and none while there is nothing to do. */
const MODEST = { nodesPerBlock: 1, maxBlocks: 1, walltime: "00:30:00" } as const;

function forScheduler(scheduler: Scheduler): Template {
  const provider: Executor["provider"] = scheduler === "kubernetes"
    ? { type: scheduler, image: "<IMAGE>", ...MODEST }
    : { type: scheduler, ...MODEST };
  return {
    name: scheduler,
    brief: `workers in jobs of ${SCHEDULER_TITLES[scheduler]}`,
    about: [],
    profile: { executor: { workersPerNode: "auto", provider } },
    comments: usualComments,
  };
}
