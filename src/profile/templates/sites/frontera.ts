import type { SiteTemplate } from "../site_template.ts";

export const FRONTERA: SiteTemplate = {
  name: "frontera",
  title: "Frontera, TACC",
  source: "https://github.com/globus/globus-compute/blob/main/docs/endpoints/configs/frontera.yaml",
  executor: {
    workersPerNode: 2,
    address: "ib0",
    provider: {
      type: "slurm",
      partition: "<PARTITION>",
      account: "<ACCOUNT>",
      nodesPerBlock: 2,
      initBlocks: 0,
      minBlocks: 0,
      maxBlocks: 1,
      exclusive: true,
      walltime: "00:30:00",
      cmdTimeout: 60,
      launcher: { type: "srun" },
    },
  },
};
