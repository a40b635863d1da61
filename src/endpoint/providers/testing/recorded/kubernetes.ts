/**
 * Items of `kubectl get jobs,pods -o json`, with the fields and reasons of the Kubernetes API
 * reference: Job of batch/v1, Pod of v1. Fields that nobody reads here are left out.
 */
const LABEL = "funcx-endpoint/block";

export function job(name: string, conditions: readonly object[] = []): object {
  return {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: { name, labels: { [LABEL]: name }, uid: "11111111-2222-4333-8444-555555555555" },
    status: { conditions },
  };
}

export const COMPLETE = { type: "Complete", status: "True", lastProbeTime: "2026-11-16T10:00:00Z" };

export function failed(reason: string, message: string): object {
  return { type: "Failed", status: "True", reason, message };
}

export function pod(block: string, status: object, nodeName?: string): object {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: `${block}-x7k2p`, labels: { [LABEL]: block, "job-name": block } },
    spec: { nodeName, containers: [] },
    status,
  };
}

export const RUNNING = {
  phase: "Running",
  containerStatuses: [{
    name: "manager",
    state: { running: { startedAt: "2026-11-16T10:00:00Z" } },
  }],
};

export const UNSCHEDULABLE = {
  phase: "Pending",
  conditions: [{
    type: "PodScheduled",
    status: "False",
    reason: "Unschedulable",
    message: "0/3 nodes are available: 3 Insufficient cpu.",
  }],
};

export const NO_IMAGE = {
  phase: "Pending",
  conditions: [{ type: "PodScheduled", status: "True" }],
  containerStatuses: [{
    name: "manager",
    state: {
      waiting: { reason: "ImagePullBackOff", message: 'Back-off pulling image "example.org/nope"' },
    },
  }],
};

export function terminated(exitCode: number, reason: string): object {
  return {
    phase: "Failed",
    containerStatuses: [{ name: "manager", state: { terminated: { exitCode, reason } } }],
  };
}

/** As the kubelet ends it at its `activeDeadlineSeconds`. */
export const LATE = {
  ...terminated(143, "Error"),
  reason: "DeadlineExceeded",
  message: "Pod was active on the node longer than the specified deadline",
};

export function list(items: readonly object[]): string {
  return JSON.stringify({ apiVersion: "v1", kind: "List", items });
}
