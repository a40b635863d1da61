/**
 * A real API server of Kubernetes without controllers and nodes: what those would do, tests do. See `tests/extra/kubernetes/cluster.sh`.
 */
import { capture } from "../../scripts/build/command.ts";
import { messageOf } from "../../src/lib/outcome.ts";
import { fromFileUrl, join } from "../../src/lib/path.ts";
import { freePorts } from "./slurm_cluster.ts";

const SCRIPT = fromFileUrl(new URL("../extra/kubernetes/cluster.sh", import.meta.url));
/** The program takes minutes to build, so it is kept. */
const CACHE = join(Deno.env.get("XDG_CACHE_HOME") ?? "/var/cache", "funcx-test-kubernetes");

/** Why there can be none here; undefined when there can. Installs and builds what is missing. */
export async function kubernetesObstacle(): Promise<string | undefined> {
  if (Deno.build.os !== "linux" || Deno.uid() !== 0) return "it takes root on Linux";
  try {
    await capture(SCRIPT, ["install", CACHE]);
    return undefined;
  } catch (thrown) {
    return messageOf(thrown).split("\n").at(-1);
  }
}

const PODS = "/api/v1/namespaces/default/pods";

interface JobSpec {
  readonly parallelism: number;
  readonly template: { readonly metadata: object; readonly spec: object };
}

export class KubernetesCluster implements AsyncDisposable {
  /** Absolute. */
  readonly folder = Deno.makeTempDirSync({ prefix: "funcx-kubernetes-" });

  private constructor() {}

  static async start(): Promise<KubernetesCluster> {
    const cluster = new KubernetesCluster();
    try {
      const words = ["up", CACHE, cluster.folder, ...freePorts(3).map(String)];
      // Daemons would hold pipes open.
      const { success } = await new Deno.Command(SCRIPT, {
        args: words,
        stdin: "null",
        stdout: "null",
        stderr: "inherit",
      }).output();
      if (!success) throw new Error("Kubernetes did not come up");
      return cluster;
    } catch (thrown) {
      await cluster[Symbol.asyncDispose]();
      throw thrown;
    }
  }

  /** For programs that use it. */
  get env(): Record<string, string> {
    return { KUBECONFIG: join(this.folder, "kubeconfig") };
  }

  kubectl(...args: readonly string[]): Promise<string> {
    return capture("kubectl", args, { env: this.env });
  }

  async get(kind: string, name: string): Promise<Record<string, unknown>> {
    return JSON.parse(await this.kubectl("get", kind, name, "--output=json"));
  }

  /** What the controller of jobs does at the beginning: as many pods as the job asks for. */
  async makePods(job: string): Promise<string[]> {
    const { spec } = await this.get("job", job) as { spec: JobSpec };
    const names = Array.from({ length: spec.parallelism }, (_, index) => `${job}-${index}`);
    for (const name of names) {
      const { metadata, spec: podSpec } = spec.template;
      const pod = { apiVersion: "v1", kind: "Pod", metadata: { ...metadata, name }, spec: podSpec };
      await this.kubectl("create", `--filename=${this.#file(pod)}`);
    }
    return names;
  }

  /** What it does at the end. */
  async setJobStatus(job: string, status: object): Promise<void> {
    const current = await this.get("job", job);
    const path = `/apis/batch/v1/namespaces/default/jobs/${job}/status`;
    await this.#put("replace", path, { ...current, status });
  }

  /** What the scheduler does. */
  async bind(pod: string, node: string): Promise<void> {
    const target = { apiVersion: "v1", kind: "Node", name: node };
    const binding = { apiVersion: "v1", kind: "Binding", metadata: { name: pod }, target };
    await this.#put("create", `${PODS}/${pod}/binding`, binding);
  }

  /** What the kubelet does. */
  async setPodStatus(pod: string, status: object): Promise<void> {
    const current = await this.get("pod", pod);
    await this.#put("replace", `${PODS}/${pod}/status`, { ...current, status });
  }

  async #put(verb: "create" | "replace", path: string, value: object): Promise<void> {
    await this.kubectl(verb, "--raw", path, `--filename=${this.#file(value)}`);
  }

  #file(value: object): string {
    const file = join(this.folder, "object.json");
    Deno.writeTextFileSync(file, JSON.stringify(value));
    return file;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await capture(SCRIPT, ["down", this.folder]);
  }
}
