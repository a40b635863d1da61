/**
 * Kubernetes: jobs of the API `batch/v1`, through kubectl. A block is a job with a pod for each node;
 * its manifest is JSON, so that nothing in it needs quoting. The files that a manager reads travel in
 * a secret that belongs to the job and goes with it; it is in no file and on no command line.
 */
import * as v from "valibot";
import { basename } from "../../lib/path.ts";
import { ok } from "../../lib/outcome.ts";
import type { KubernetesSettings } from "../../profile/resolved_provider.ts";
import { answered, unreadable } from "./batch_provider.ts";
import { keepScript } from "./kept_script.ts";
import { parseJobsAndPods } from "./kubernetes_status.ts";
import { parsedJson } from "./parsed_json.ts";
import { type BlockRequest, GONE, type Provider, type SchedulerOutcome } from "./provider.ts";
import { type RunCommand, type SchedulerCommand } from "./scheduler_command.ts";

/** On jobs and pods, with the job's name. */
export const BLOCK_LABEL = "funcx-endpoint/block";
/** Where the manager's files are in a pod. */
const FILES_FOLDER = "/var/run/funcx-endpoint";
/** How long a job that has ended can still be asked about. */
const KEPT_SECONDS = 3_600;

export function kubernetesProvider(settings: KubernetesSettings, run: RunCommand): Provider {
  const kubectl = (args: readonly string[], input?: string): SchedulerCommand => {
    const { namespace } = settings;
    const words = namespace === null ? args : [...args, `--namespace=${namespace}`];
    return { argv: ["kubectl", ...words], input, isBusy };
  };
  const remove = (names: readonly string[]): SchedulerCommand =>
    kubectl(["delete", "jobs", ...names, "--ignore-not-found", "--wait=false"]);
  return {
    type: "kubernetes",
    script: (request) => manifest(settings, request),
    submit: async (request) => {
      const created = await create(run, kubectl, settings, request);
      // A job without its secret would wait for it for ever.
      if (created.kind !== "ok") await run(remove([nameOf(request)]));
      return created;
    },
    status: async (jobIds) => {
      if (jobIds.length === 0) return ok(new Map());
      const selector = `--selector=${BLOCK_LABEL} in (${jobIds.join(",")})`;
      const command = kubectl(["get", "jobs,pods", selector, "--output=json"]);
      const answer = await run(command);
      if (answer.kind !== "ok") return answer;
      const known = parseJobsAndPods(answer.value.stdout, BLOCK_LABEL);
      if (known === undefined) return unreadable(command, answer.value);
      return ok(new Map(jobIds.map((id) => [id, known.get(id) ?? GONE])));
    },
    cancel: async (jobIds) => {
      if (jobIds.length === 0) return ok(null);
      return answered(await run(remove(jobIds)), () => null);
    },
  };
}

const Created = v.looseObject({ metadata: v.looseObject({ uid: v.string() }) });

async function create(
  run: RunCommand,
  kubectl: (args: readonly string[], input?: string) => SchedulerCommand,
  settings: KubernetesSettings,
  request: BlockRequest,
): Promise<SchedulerOutcome<string>> {
  const text = manifest(settings, request);
  const kept = keepScript(request, text);
  if (kept.kind !== "ok") return kept;
  const args = ["create", "--filename=-", "--output=json"];
  const command = kubectl(args, text);
  const job = await run(command);
  if (job.kind !== "ok") return job;
  const made = parsedJson(Created, job.value.stdout);
  if (made === undefined) return unreadable(command, job.value);
  const secret = await run(kubectl(args, secretOf(request, made.metadata.uid)));
  return answered(secret, () => nameOf(request));
}

/** A name of Kubernetes, and a label's value: at most 63 small letters, digits and `-`. */
function nameOf({ blockId }: BlockRequest): string {
  return `funcx-${blockId.toLowerCase().replace(/[^a-z0-9-]/g, "-")}`.slice(0, 63).replace(
    /-+$/,
    "",
  );
}

function manifest(settings: KubernetesSettings, request: BlockRequest): string {
  const labels = { [BLOCK_LABEL]: nameOf(request) };
  const job = {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: { name: nameOf(request), labels },
    spec: {
      parallelism: request.nodes,
      completions: request.nodes,
      // A pod that starts a second time would be another manager of a block that is over.
      backoffLimit: 0,
      ttlSecondsAfterFinished: KEPT_SECONDS,
      template: { metadata: { labels }, spec: podOf(settings, request) },
    },
  };
  return `${JSON.stringify(job, null, 2)}\n`;
}

function podOf(settings: KubernetesSettings, request: BlockRequest): Record<string, unknown> {
  const { image, serviceAccount, imagePullSecret, nodeSelector, blocks } = settings;
  const claims = Object.entries(settings.volumes);
  return {
    restartPolicy: "Never",
    // Of the pod and not of its job, where waiting for a node would count too.
    activeDeadlineSeconds: Math.ceil(blocks.walltimeSeconds),
    ...(serviceAccount === null
      ? { automountServiceAccountToken: false }
      : { serviceAccountName: serviceAccount }),
    ...(imagePullSecret === null ? {} : { imagePullSecrets: [{ name: imagePullSecret }] }),
    ...(Object.keys(nodeSelector).length === 0 ? {} : { nodeSelector }),
    containers: [{
      name: "manager",
      image,
      command: commandOf(settings, request),
      resources: resourcesOf(settings),
      volumeMounts: [
        { name: "files", mountPath: FILES_FOLDER, readOnly: true },
        ...claims.map(([, mountPath], index) => ({ name: `volume-${index}`, mountPath })),
      ],
    }],
    volumes: [
      { name: "files", secret: { secretName: nameOf(request), defaultMode: 0o400 } },
      ...claims.map(([claimName], index) => ({
        name: `volume-${index}`,
        persistentVolumeClaim: { claimName },
      })),
    ],
  };
}

/** Kubernetes replaces `$(NAME)` in a command; `$$` stands for one `$`. */
function commandOf({ program }: KubernetesSettings, { manager, files }: BlockRequest): string[] {
  return [program, ...manager.slice(1)].map((word) =>
    (files.includes(word) ? `${FILES_FOLDER}/${basename(word)}` : word).replaceAll("$", "$$$$")
  );
}

function resourcesOf(settings: KubernetesSettings): Record<string, Record<string, string>> {
  const { node, coresLimit, memoryLimitMebibytes, gpuResource } = settings;
  const amounts = (cores: number | null, memory: number | null): Record<string, string> => ({
    ...(cores === null ? {} : { cpu: String(cores) }),
    ...(memory === null ? {} : { memory: `${memory}Mi` }),
  });
  return {
    requests: amounts(node.cores, node.memoryMebibytes),
    limits: {
      ...amounts(coresLimit, memoryLimitMebibytes),
      ...(node.gpus === null || node.gpus === 0 ? {} : { [gpuResource]: String(node.gpus) }),
    },
  };
}

/** Owned by the job, so that it is removed with it. */
function secretOf(request: BlockRequest, uid: string): string {
  const name = nameOf(request);
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Secret",
    metadata: {
      name,
      labels: { [BLOCK_LABEL]: name },
      ownerReferences: [{ apiVersion: "batch/v1", kind: "Job", name, uid }],
    },
    data: Object.fromEntries(
      request.files.map((file) => [basename(file), Deno.readFileSync(file).toBase64()]),
    ),
  });
}

function isBusy(words: string): boolean {
  return /connection refused|was refused|i\/o timeout|timed out|timeout|TLS handshake|ServiceUnavailable|TooManyRequests|etcdserver|no route to host|EOF/i
    .test(words);
}
