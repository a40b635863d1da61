import type { SiteTemplate } from "../site_template.ts";

export const DELTA: SiteTemplate = {
  name: "delta",
  title: "Delta, NCSA",
  source: "https://github.com/globus/globus-compute/blob/main/docs/endpoints/configs/delta.yaml",
  executor: {
    workersPerNode: 2,
    address: "eth6.560",
    provider: {
      type: "slurm",
      partition: "cpu",
      account: "<ACCOUNT>",
      initBlocks: 1,
      minBlocks: 0,
      maxBlocks: 1,
      exclusive: true,
      walltime: "00:30:00",
      launcher: { type: "srun" },
    },
  },
};
