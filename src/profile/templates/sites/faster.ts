import type { SiteTemplate } from "../site_template.ts";

export const FASTER: SiteTemplate = {
  name: "faster",
  title: "FASTER, Texas A&M",
  source: "https://github.com/globus/globus-compute/blob/main/docs/endpoints/configs/faster.yaml",
  executor: {
    workersPerNode: "auto",
    address: "eno8303",
    provider: {
      type: "slurm",
      partition: "cpu",
      memPerNode: 128,
      nodesPerBlock: 1,
      initBlocks: 0,
      minBlocks: 0,
      maxBlocks: 1,
      exclusive: true,
      walltime: "00:10:00",
      cmdTimeout: 120,
      launcher: { type: "srun" },
    },
  },
};
