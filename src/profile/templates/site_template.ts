/** The profile of a machine that is known by name. */
import type { Executor } from "../profile.d.ts";
import type { Comments } from "./render.ts";

export interface SiteTemplate {
  /** As it is typed. */
  readonly name: string;
  /** The machine, and whose it is. */
  readonly title: string;
  /** `site` of its profile, the title when this is left out; null for what is at no known site. */
  readonly site?: string | null;
  /** The page that its facts are from. */
  readonly source: string;
  /**
   * What only its user knows stands there as a placeholder, such as `<ACCOUNT>`. Profiles for Slurm
   * by Globus Compute mean whole nodes: Parsl asks for `exclusive` unless it is told not to.
   */
  readonly executor: Executor;
  /** Instead of those that every template has. */
  readonly comments?: Comments;
}
