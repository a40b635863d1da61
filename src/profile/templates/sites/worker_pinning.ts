import type { SiteTemplate } from "../site_template.ts";

export const WORKER_PINNING: SiteTemplate = {
  name: "worker_pinning",
  title: "This machine, 4 GPUs",
  site: null,
  source: "https://globus-compute.readthedocs.io/en/stable/endpoints/endpoint_examples.html",
  executor: {
    workersPerNode: 4,
    availableAccelerators: 4,
    provider: { type: "local" },
  },
};
