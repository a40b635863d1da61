import type { SiteTemplate } from "../site_template.ts";

export const UCHICAGO_AI_CLUSTER: SiteTemplate = {
  name: "uchicago_ai_cluster",
  title: "UChicago AI Cluster",
  source:
    "https://github.com/globus/globus-compute/blob/main/docs/endpoints/configs/uchicago_ai_cluster.yaml",
  executor: {
    workersPerNode: "auto",
    availableAccelerators: "auto",
    address: "ens2f1",
    provider: {
      type: "slurm",
      partition: "general",
      gres: "gpu:rtx2080ti:<GPUS_PER_NODE>",
      nodesPerBlock: 1,
      initBlocks: 0,
      minBlocks: 0,
      maxBlocks: 1,
      exclusive: true,
      walltime: "00:30:00",
      launcher: { type: "srun" },
    },
  },
};
