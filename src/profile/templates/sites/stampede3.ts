import type { SiteTemplate } from "../site_template.ts";

export const STAMPEDE3: SiteTemplate = {
  name: "stampede3",
  title: "Stampede3, TACC",
  source:
    "https://github.com/globus/globus-compute/blob/main/docs/endpoints/configs/stampede3.yaml",
  executor: {
    workersPerNode: 2,
    address: "ibp10s0",
    provider: {
      type: "slurm",
      partition: "<PARTITION>",
      account: "<ACCOUNT>",
      nodesPerBlock: 1,
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
