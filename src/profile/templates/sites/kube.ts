import type { SiteTemplate } from "../site_template.ts";

export const KUBE: SiteTemplate = {
  name: "kube",
  title: "Kubernetes",
  site: null,
  source: "https://github.com/globus/globus-compute/blob/main/docs/endpoints/configs/kube.yaml",
  executor: {
    workersPerNode: 1,
    provider: {
      type: "kubernetes",
      namespace: "<NAMESPACE>",
      image: "<IMAGE>",
      coresPerNode: 1,
      coresLimit: 4,
      memPerNode: "1G",
      memLimit: "4G",
      initBlocks: 0,
      minBlocks: 0,
      maxBlocks: 2,
    },
  },
  comments: {
    "executor.provider.": ['imagePullSecret: "NAME",  // for an image that is not public'],
  },
};
