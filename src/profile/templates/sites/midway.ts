import type { SiteTemplate } from "../site_template.ts";

export const MIDWAY: SiteTemplate = {
  name: "midway",
  title: "Midway, UChicago",
  source: "https://github.com/globus/globus-compute/blob/main/docs/endpoints/configs/midway.yaml",
  executor: {
    workersPerNode: 2,
    address: "bond0",
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
      launcher: { type: "srun" },
    },
  },
};
