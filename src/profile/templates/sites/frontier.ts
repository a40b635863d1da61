import type { SiteTemplate } from "../site_template.ts";

export const FRONTIER: SiteTemplate = {
  name: "frontier",
  title: "Frontier, OLCF",
  source: "https://docs.olcf.ornl.gov/systems/frontier_user_guide.html",
  executor: {
    workersPerNode: 8,
    availableAccelerators: 8,
    provider: {
      type: "slurm",
      partition: "batch",
      account: "<ACCOUNT>",
      gpusPerNode: 8,
      nodesPerBlock: 1,
      initBlocks: 0,
      minBlocks: 0,
      maxBlocks: 1,
      walltime: "01:00:00",
      launcher: { type: "srun", overrides: "-c 56" },
    },
  },
  comments: {
    "executor.workersPerNode": ["One for each GPU (GCD) of a node; it has 56 cores for tasks."],
    "executor.provider.walltime": [
      "Hours, minutes and seconds of each job; at most 2 hours with fewer than 92 nodes.",
    ],
  },
};
