import type { SiteTemplate } from "../site_template.ts";

export const BEBOP: SiteTemplate = {
  name: "bebop",
  title: "Bebop, Argonne LCRC",
  source: "https://github.com/globus/globus-compute/blob/main/docs/endpoints/configs/bebop.yaml",
  executor: {
    workersPerNode: 2,
    address: "ib0",
    provider: {
      type: "slurm",
      partition: "<PARTITION>",
      nodesPerBlock: 1,
      initBlocks: 0,
      minBlocks: 0,
      maxBlocks: 1,
      exclusive: true,
      walltime: "00:30:00",
      launcher: { type: "srun" },
    },
  },
};
