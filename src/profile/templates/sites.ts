/** All sites that a profile can be made for. To add one: its file in `sites/`, and a line here. */
import { FuncxError } from "../../contract/errors.ts";
import { closest } from "../../lib/closest.ts";
import type { SiteTemplate } from "./site_template.ts";
import { ANVIL } from "./sites/anvil.ts";
import { AURORA } from "./sites/aurora.ts";
import { BEBOP } from "./sites/bebop.ts";
import { BRIDGES_2 } from "./sites/bridges_2.ts";
import { DELTA } from "./sites/delta.ts";
import { EXPANSE } from "./sites/expanse.ts";
import { EXPANSE_MPI } from "./sites/expanse_mpi.ts";
import { FASTER } from "./sites/faster.ts";
import { FRONTERA } from "./sites/frontera.ts";
import { FRONTIER } from "./sites/frontier.ts";
import { KUBE } from "./sites/kube.ts";
import { LUMI } from "./sites/lumi.ts";
import { MIDWAY } from "./sites/midway.ts";
import { MIDWAY_APPTAINER } from "./sites/midway_apptainer.ts";
import { OSPOOL } from "./sites/ospool.ts";
import { PERLMUTTER } from "./sites/perlmutter.ts";
import { POLARIS } from "./sites/polaris.ts";
import { STAMPEDE3 } from "./sites/stampede3.ts";
import { UCHICAGO_AI_CLUSTER } from "./sites/uchicago_ai_cluster.ts";
import { WORKER_PINNING } from "./sites/worker_pinning.ts";

/** By name. */
export const SITES: readonly SiteTemplate[] = [
  ANVIL,
  AURORA,
  BEBOP,
  BRIDGES_2,
  DELTA,
  EXPANSE,
  EXPANSE_MPI,
  FASTER,
  FRONTERA,
  FRONTIER,
  KUBE,
  LUMI,
  MIDWAY,
  MIDWAY_APPTAINER,
  OSPOOL,
  PERLMUTTER,
  POLARIS,
  STAMPEDE3,
  UCHICAGO_AI_CLUSTER,
  WORKER_PINNING,
];

export const SITE_NAMES: readonly string[] = SITES.map(({ name }) => name);

/** However it is written: `Bridges 2` is `bridges-2`. Throws a `FuncxError` of code USAGE. */
export function siteNamed(name: string): SiteTemplate {
  const found = SITES.find((site) => plain(site.name) === plain(name));
  if (found !== undefined) return found;
  const meant = closest(name, SITE_NAMES);
  const list = "`funcx-endpoint sites` lists those that are known.";
  throw new FuncxError({
    code: "USAGE",
    message: `there is no profile for a site "${name}"`,
    hint: meant === undefined ? list : `Did you mean "${meant}"? ${list}`,
  });
}

function plain(name: string): string {
  return name.toLowerCase().replace(/[-_ ]/g, "");
}
