/** What `kubectl get jobs,pods -o json` says of blocks, as the types of `batch/v1` and `v1` have it. */
import * as v from "valibot";
import { parsedJson } from "./parsed_json.ts";
import { ended, type JobState, type JobStates } from "./provider.ts";

const text = v.optional(v.string());
const Condition = v.looseObject({
  type: v.string(),
  status: v.string(),
  reason: text,
  message: text,
});
const ContainerStatus = v.looseObject({
  state: v.optional(v.looseObject({
    waiting: v.optional(v.looseObject({ reason: text, message: text })),
    terminated: v.optional(v.looseObject({ exitCode: v.number(), reason: text })),
  })),
});
const Item = v.looseObject({
  kind: v.string(),
  metadata: v.looseObject({
    name: v.string(),
    labels: v.optional(v.record(v.string(), v.string())),
  }),
  spec: v.optional(v.looseObject({ nodeName: text })),
  status: v.optional(v.looseObject({
    phase: text,
    reason: text,
    message: text,
    conditions: v.optional(v.array(Condition)),
    containerStatuses: v.optional(v.array(ContainerStatus)),
  })),
});
const List = v.looseObject({ items: v.array(Item) });

type Condition = v.InferOutput<typeof Condition>;
type Item = v.InferOutput<typeof Item>;

/** By the jobs' names, which is what `label` has. */
export function parseJobsAndPods(stdout: string, label: string): JobStates | undefined {
  const items = parsedJson(List, stdout)?.items;
  if (items === undefined) return undefined;
  const pods = Map.groupBy(
    items.filter(({ kind }) => kind === "Pod"),
    ({ metadata }) => metadata.labels?.[label] ?? "",
  );
  const jobs = items.filter(({ kind }) => kind === "Job");
  return new Map(
    jobs.map((job) => [job.metadata.name, stateOf(job, pods.get(job.metadata.name) ?? [])]),
  );
}

function stateOf(job: Item, pods: readonly Item[]): JobState {
  const is = (type: string): Condition | undefined =>
    job.status?.conditions?.find((condition) =>
      condition.type === type && condition.status === "True"
    );
  if (is("Complete") !== undefined) return ended("completed", 0);
  const failed = is("Failed");
  if (failed !== undefined) return failureOf(failed, pods);
  const nodes = pods.filter(({ status }) => status?.phase === "Running")
    .map(({ spec }) => spec?.nodeName ?? "");
  if (nodes.length > 0) return { kind: "running", nodes: [...new Set(nodes)] };
  return pods.map(obstacleOf).find((state) => state !== undefined) ??
    { kind: "queued", reason: pods.map(whyPending).find((reason) => reason !== "") ?? "" };
}

const DEADLINE = "DeadlineExceeded";

function failureOf({ reason = "", message = "" }: Condition, pods: readonly Item[]): JobState {
  const said = words(reason, message);
  const late = pods.find(({ status }) => status?.reason === DEADLINE)?.status;
  if (late !== undefined) return ended("timed-out", null, words(DEADLINE, late.message));
  // Of a job that an older program has made.
  if (reason === DEADLINE) return ended("timed-out", null, said);
  const last = pods.flatMap(({ status }) => status?.containerStatuses ?? [])
    .map(({ state }) => state?.terminated)
    .find((terminated) => terminated !== undefined && terminated.exitCode !== 0);
  if (last?.reason === "OOMKilled") return ended("out-of-memory", null, last.reason);
  const isNodeLost = pods.some(({ status }) =>
    status?.conditions?.some(({ type }) => type === "DisruptionTarget")
  );
  return ended(isNodeLost ? "node-lost" : "failed", last?.exitCode ?? null, said);
}

/** An image or a configuration that cannot be had; the kubelet goes on trying for ever. */
const OBSTACLES = [
  "ErrImagePull",
  "ImagePullBackOff",
  "InvalidImageName",
  "ErrImageNeverPull",
  "CreateContainerConfigError",
  "CreateContainerError",
  "RunContainerError",
];

function obstacleOf({ status }: Item): JobState | undefined {
  const waiting = status?.containerStatuses?.[0]?.state?.waiting;
  if (waiting?.reason === undefined || !OBSTACLES.includes(waiting.reason)) return undefined;
  return { kind: "stuck", reason: words(waiting.reason, waiting.message) };
}

function words(reason: string, message = ""): string {
  return [reason, message].filter((text) => text !== "").join(": ");
}

function whyPending({ status }: Item): string {
  return status?.conditions?.find(({ type, status }) =>
    type === "PodScheduled" && status === "False"
  )?.message ?? status?.containerStatuses?.[0]?.state?.waiting?.reason ?? "";
}
