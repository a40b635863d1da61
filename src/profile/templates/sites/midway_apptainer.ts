import type { SiteTemplate } from "../site_template.ts";

export const MIDWAY_APPTAINER: SiteTemplate = {
  name: "midway_apptainer",
  title: "Midway, in Apptainer",
  site: "Midway, UChicago",
  source:
    "https://github.com/globus/globus-compute/blob/main/docs/endpoints/configs/midway_apptainer.yaml",
  executor: {
    workersPerNode: 10,
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
      launcher: {
        type: "wrapped",
        command: "srun --overlap --cpu-bind=none apptainer exec <IMAGE>",
      },
    },
  },
  comments: {
    "executor.provider.launcher": [
      "A manager in the image on each node. This program has to be seen in there, such as in your",
      "home folder, which Apptainer shows.",
    ],
  },
};
