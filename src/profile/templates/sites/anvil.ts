import type { SiteTemplate } from "../site_template.ts";

export const ANVIL: SiteTemplate = {
  name: "anvil",
  title: "Anvil, Purdue",
  source: "https://github.com/globus/globus-compute/blob/main/docs/endpoints/configs/anvil.yaml",
  executor: {
    workersPerNode: 2,
    address: "ib0",
    provider: {
      type: "slurm",
      partition: "debug",
      account: "<ACCOUNT>",
      initBlocks: 1,
      minBlocks: 0,
      maxBlocks: 1,
      exclusive: true,
      walltime: "00:05:00",
      launcher: { type: "srun" },
    },
  },
};
