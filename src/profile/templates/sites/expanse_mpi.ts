import type { SiteTemplate } from "../site_template.ts";

export const EXPANSE_MPI: SiteTemplate = {
  name: "expanse_mpi",
  title: "Expanse, SDSC, for MPI",
  site: "Expanse, SDSC",
  source:
    "https://github.com/globus/globus-compute/blob/main/docs/endpoints/configs/expanse_mpi.yaml",
  executor: {
    address: "ib0",
    provider: {
      type: "slurm",
      partition: "compute",
      account: "<ACCOUNT>",
      nodesPerBlock: 4,
      initBlocks: 0,
      minBlocks: 0,
      maxBlocks: 1,
      exclusive: true,
      walltime: "00:05:00",
      launcher: { type: "single" },
    },
  },
  comments: {
    "executor.provider.launcher": [
      "One manager for the block, which starts MPI programs on its nodes.",
    ],
  },
};
