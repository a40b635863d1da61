import type { SiteTemplate } from "../site_template.ts";

export const OSPOOL: SiteTemplate = {
  name: "ospool",
  title: "OSPool, OSG",
  source: "https://github.com/globus/globus-compute/blob/main/docs/endpoints/configs/ospool.yaml",
  executor: {
    workersPerNode: 1,
    provider: {
      type: "htcondor",
      initBlocks: 1,
      minBlocks: 0,
      maxBlocks: 1,
      transferFiles: true,
      requirements: "HAS_SINGULARITY == True && OSG_HOST_KERNEL_VERSION >= 31000",
      schedulerOptions: '+ProjectName = "<PROJECT_NAME>"\n+SingularityImage = "<IMAGE>"',
    },
  },
  comments: {
    "executor.provider.transferFiles": ["Nodes do not share this machine's files."],
    "executor.provider.requirements": ["Nodes that can run the image."],
    "executor.provider.schedulerOptions": [
      'The image is one that was copied to OSDF, such as "osdf:///ospool/ap20/data/NAME/IMAGE.sif".',
    ],
  },
};
