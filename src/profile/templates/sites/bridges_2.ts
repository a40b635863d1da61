import type { SiteTemplate } from "../site_template.ts";

export const BRIDGES_2: SiteTemplate = {
  name: "bridges-2",
  title: "Bridges-2, PSC",
  source:
    "https://github.com/globus/globus-compute/blob/main/docs/endpoints/configs/bridges-2.yaml",
  executor: {
    workersPerNode: 2,
    address: "ens3f0",
    provider: {
      type: "slurm",
      partition: "RM-small",
      nodesPerBlock: 2,
      initBlocks: 0,
      minBlocks: 0,
      maxBlocks: 1,
      exclusive: true,
      walltime: "00:30:00",
      launcher: { type: "srun" },
    },
  },
};
