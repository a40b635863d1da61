import type { SiteTemplate } from "../site_template.ts";

export const EXPANSE: SiteTemplate = {
  name: "expanse",
  title: "Expanse, SDSC",
  source: "https://github.com/globus/globus-compute/blob/main/docs/endpoints/configs/expanse.yaml",
  executor: {
    workersPerNode: 2,
    address: "ib0",
    provider: {
      type: "slurm",
      partition: "compute",
      account: "<ACCOUNT>",
      initBlocks: 0,
      minBlocks: 0,
      maxBlocks: 1,
      exclusive: true,
      walltime: "00:05:00",
      launcher: { type: "srun" },
    },
  },
};
