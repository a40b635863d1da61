/** Cores and memory: https://docs.lumi-supercomputer.eu/runjobs/scheduled-jobs/lumic-job/. */
import type { SiteTemplate } from "../site_template.ts";

export const LUMI: SiteTemplate = {
  name: "lumi",
  title: "LUMI, CSC",
  source: "https://docs.lumi-supercomputer.eu/runjobs/scheduled-jobs/partitions/",
  executor: {
    workersPerNode: "auto",
    provider: {
      type: "slurm",
      partition: "small",
      account: "<ACCOUNT>",
      coresPerNode: 128,
      memPerNode: 224,
      nodesPerBlock: 1,
      initBlocks: 0,
      minBlocks: 0,
      maxBlocks: 1,
      walltime: "00:30:00",
      launcher: { type: "srun" },
    },
  },
  comments: {
    "executor.provider.partition": [
      'The partition that jobs go to. For GPUs it is "small-g", with gpusPerNode: 8 and 56 cores.',
    ],
    "executor.provider.account": ["The project that is charged, project_ and a number."],
  },
};
