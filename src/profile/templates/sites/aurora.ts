/** Queues: https://docs.alcf.anl.gov/aurora/running-jobs-aurora/. */
import type { SiteTemplate } from "../site_template.ts";

export const AURORA: SiteTemplate = {
  name: "aurora",
  title: "Aurora, ALCF",
  source: "https://docs.alcf.anl.gov/aurora/workflows/parsl/",
  executor: {
    workersPerNode: 12,
    availableAccelerators: 12,
    provider: {
      type: "pbs",
      queue: "debug",
      account: "<ACCOUNT>",
      coresPerNode: 208,
      schedulerOptions: "#PBS -l filesystems=home:flare",
      nodesPerBlock: 1,
      initBlocks: 0,
      minBlocks: 0,
      maxBlocks: 1,
      walltime: "00:30:00",
      launcher: { type: "mpiexec", overrides: "--cpu-bind none" },
    },
  },
  comments: {
    "executor.workersPerNode": ["One for each GPU tile of a node."],
    "executor.provider.queue": [
      'The queue that jobs go to; "prod" for more than 2 nodes or an hour.',
    ],
    "executor.provider.coresPerNode": ["Hardware threads."],
    "executor.provider.schedulerOptions": ["The file systems without which jobs shall not start."],
  },
};
