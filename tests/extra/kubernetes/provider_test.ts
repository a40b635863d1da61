/**
 * `deno task kubernetes`: the provider of Kubernetes against a real API server, which takes root, Debian's etcd, the Go toolchain and, the first time, ten minutes to build them: that
 * is why it is none of the `test:NAME` that every check runs.
 */
import { assertEquals, assertMatch, assertTrue } from "../../../src/lib/assert.ts";
import { join } from "../../../src/lib/path.ts";
import type { BlockRequest, Provider } from "../../../src/endpoint/providers/provider.ts";
import { makeProvider } from "../../../src/endpoint/providers/providers.ts";
import { settingsOf } from "../../../src/endpoint/providers/testing/requests.ts";
import { cancel, shellBlock, statusOf, submit, untilKind } from "../../helpers/blocks.ts";
import { KubernetesCluster, kubernetesObstacle } from "../../helpers/kubernetes_cluster.ts";

const OBSTACLE = await kubernetesObstacle();
if (OBSTACLE !== undefined) console.log(`There can be no Kubernetes here: ${OBSTACLE}`);

let cluster: KubernetesCluster | undefined;

Deno.test.beforeAll(async () => {
  if (OBSTACLE === undefined) cluster = await KubernetesCluster.start();
});
Deno.test.afterAll(async () => {
  await cluster?.[Symbol.asyncDispose]();
});

function kubernetesTest(name: string, body: () => Promise<void>): void {
  Deno.test({ name, ignore: OBSTACLE !== undefined, fn: body });
}

const EVERYTHING = {
  program: "/opt/funcx-endpoint",
  coresPerNode: 2,
  memPerNode: "4G",
  gpusPerNode: 1,
  coresLimit: 4,
  memLimit: "8G",
  gpuResource: "amd.com/gpu",
  serviceAccount: "runner",
  imagePullSecret: "login",
  nodeSelector: { "example.org/kind": "compute" },
  volumes: { "project-data": "/data" },
};

function provider(options: object = {}): Provider {
  const wanted = { type: "kubernetes", image: "example.org/funcx:1", ...options } as const;
  return makeProvider(settingsOf(wanted), cluster!.env);
}

function request(nodes = 1): BlockRequest {
  const block = shellBlock(cluster!.folder, "true", nodes);
  const token = join(block.folder, "token");
  Deno.writeTextFileSync(token, "the secret token", { mode: 0o600 });
  return { ...block, manager: ["funcx-endpoint", "manager", token], files: [token] };
}

const RUNNING = { phase: "Running", conditions: [{ type: "Ready", status: "True" }] };
const exited = (exitCode: number): object => ({
  phase: exitCode === 0 ? "Succeeded" : "Failed",
  containerStatuses: [{
    name: "manager",
    image: "a",
    imageID: "",
    ready: false,
    restartCount: 0,
    state: { terminated: { exitCode, reason: exitCode === 0 ? "Completed" : "Error" } },
  }],
});

/** As the controller of jobs writes it. */
const NOW = "2026-11-16T10:00:00Z";
const condition = (type: string, reason: string, message: string): object => ({
  type,
  status: "True",
  reason,
  message,
  lastProbeTime: NOW,
  lastTransitionTime: NOW,
});

kubernetesTest("a block of two pods waits, runs where it says, and completes", async () => {
  const kubernetes = provider();
  const id = await submit(kubernetes, request(2));
  const pods = await cluster!.makePods(id);
  assertEquals(pods.length, 2);
  assertEquals(await statusOf(kubernetes, [id]), [{ kind: "queued", reason: "" }]);
  for (const [index, pod] of pods.entries()) {
    await cluster!.bind(pod, `node${index}`);
    await cluster!.setPodStatus(pod, RUNNING);
  }
  const [state] = await statusOf(kubernetes, [id]);
  assertTrue(state.kind === "running");
  assertEquals([...state.nodes].sort(), ["node0", "node1"]);
  for (const pod of pods) await cluster!.setPodStatus(pod, exited(0));
  await cluster!.setJobStatus(id, {
    startTime: NOW,
    completionTime: NOW,
    succeeded: 2,
    conditions: [condition("Complete", "", "")],
  });
  assertEquals(await statusOf(kubernetes, [id]), [
    { kind: "ended", how: "completed", exitCode: 0, reason: "" },
  ]);
});

kubernetesTest("a manager that fails ends the block, with its exit code", async () => {
  const kubernetes = provider();
  const id = await submit(kubernetes, request());
  const [pod] = await cluster!.makePods(id);
  await cluster!.bind(pod, "node0");
  await cluster!.setPodStatus(pod, exited(3));
  await cluster!.setJobStatus(id, {
    startTime: NOW,
    failed: 1,
    conditions: [condition("Failed", "BackoffLimitExceeded", "Job has reached the limit")],
  });
  const [state] = await statusOf(kubernetes, [id]);
  assertTrue(state.kind === "ended");
  assertEquals([state.how, state.exitCode], ["failed", 3]);
  assertMatch(state.reason, /^BackoffLimitExceeded/);
});

kubernetesTest(
  "what its managers read is a secret of the job, and a cancelled job is gone",
  async () => {
    const kubernetes = provider();
    const id = await submit(kubernetes, request());
    const secret = await cluster!.get("secret", id);
    const job = await cluster!.get("job", id) as { metadata: { uid: string } };
    assertEquals(secret.data, { token: btoa("the secret token") });
    const { ownerReferences } = secret.metadata as { ownerReferences: { uid: string }[] };
    assertEquals(ownerReferences.map(({ uid }) => uid), [job.metadata.uid]);
    await cancel(kubernetes, [id, "funcx-nope"]);
    const { how } = await untilKind(kubernetes, id, "ended");
    assertEquals(how, "gone");
  },
);

kubernetesTest("everything that a profile can say is something that Kubernetes takes", async () => {
  const kubernetes = provider(EVERYTHING);
  const block = request(2);
  const file = join(block.folder, "job.json");
  Deno.writeTextFileSync(file, kubernetes.script(block));
  const words = ["--dry-run=server", "--validate=true", "--output=name"];
  // Unlike the submit, this refuses a field that the API server does not know.
  assertMatch(await cluster!.kubectl("create", ...words, `--filename=${file}`), /^job\.batch\//);
});

kubernetesTest("a wrong namespace is refused with the words of the API server", async () => {
  const outcome = await provider({ namespace: "nope" }).submit(request());
  assertTrue(outcome.kind === "fatal", JSON.stringify(outcome));
  assertEquals(outcome.failure.code, "SCHEDULER_REFUSED");
  assertMatch(outcome.failure.words, /namespaces "nope" not found/);
});

kubernetesTest("an API server that is away is one to ask again", async () => {
  const config = Deno.readTextFileSync(join(cluster!.folder, "kubeconfig"));
  const away = join(cluster!.folder, "away");
  // Nobody listens there.
  Deno.writeTextFileSync(away, config.replace(/127\.0\.0\.1:\d+/, "127.0.0.1:1"));
  const settings = settingsOf({ type: "kubernetes", image: "a" });
  const outcome = await makeProvider(settings, { KUBECONFIG: away }).status(["a"]);
  assertTrue(outcome.kind === "retryable", JSON.stringify(outcome));
});
