import type { SiteTemplate } from "../site_template.ts";

export const POLARIS: SiteTemplate = {
  name: "polaris",
  title: "Polaris, ALCF",
  source: "https://github.com/globus/globus-compute/blob/main/docs/endpoints/configs/polaris.yaml",
  executor: {
    workersPerNode: 4,
    availableAccelerators: 4,
    cpuAffinity: "block-reverse",
    address: "hsn0",
    provider: {
      type: "pbs",
      queue: "debug-scaling",
      account: "<ACCOUNT>",
      coresPerNode: 32,
      selectOptions: "ngpus=4",
      schedulerOptions: "#PBS -l filesystems=home:grand:eagle",
      nodesPerBlock: 1,
      initBlocks: 0,
      minBlocks: 0,
      maxBlocks: 2,
      walltime: "01:00:00",
      launcher: { type: "mpiexec", overrides: "--cpu-bind none --depth=64" },
    },
  },
  comments: {
    "executor.workersPerNode": ["One for each GPU of a node."],
    "executor.cpuAffinity": ["The first GPU is nearest to the last cores."],
    "executor.provider.schedulerOptions": ["The file systems without which jobs shall not start."],
  },
};
