/** NERSC wants a constraint on every job: https://docs.nersc.gov/jobs/. */
import type { SiteTemplate } from "../site_template.ts";

export const PERLMUTTER: SiteTemplate = {
  name: "perlmutter",
  title: "Perlmutter, NERSC",
  source:
    "https://github.com/globus/globus-compute/blob/main/docs/endpoints/configs/perlmutter.yaml",
  executor: {
    workersPerNode: "auto",
    address: "hsn0",
    provider: {
      type: "slurm",
      partition: "debug",
      account: "<ACCOUNT>",
      constraint: "cpu",
      nodesPerBlock: 2,
      initBlocks: 0,
      minBlocks: 0,
      maxBlocks: 1,
      exclusive: true,
      walltime: "00:10:00",
      cmdTimeout: 120,
      launcher: { type: "srun", overrides: "-c 128" },
    },
  },
  comments: {
    "executor.provider.constraint": [
      'The kind of node, which NERSC wants named; "gpu" is the other.',
    ],
  },
};
