/** Against a kubectl that takes exactly what is expected of it and gives recorded answers. */
import { assertEquals, assertMatch, assertTrue } from "../../lib/assert.ts";
import { kubernetesProvider } from "./kubernetes.ts";
import type { Provider } from "./provider.ts";
import { commandRunner } from "./scheduler_command.ts";
import * as recorded from "./testing/recorded/kubernetes.ts";
import { REQUEST, settingsOf } from "./testing/requests.ts";

const NAME = `funcx-${REQUEST.blockId}`;

/** Keeps what comes on standard input in `input.N`; fails for a job whose image is `refused`. */
const KUBECTL = `#!/bin/sh
cd "$FOLDER" || exit 1
printf '%s\\n' "$*" >>calls
case "$*" in
"create --filename=- --output=json --namespace=science")
  count=$(ls input.* 2>/dev/null | wc -l)
  cat >"input.$count"
  if grep -q '"kind":"Secret"' "input.$count" && [ -e no-secrets ]; then
    echo 'Error from server (Forbidden): secrets is forbidden' >&2; exit 1
  fi
  if grep -q refused "input.$count"; then
    echo 'Error from server (Forbidden): exceeded quota: pods' >&2; exit 1
  fi
  cat created ;;
"get jobs,pods --selector=funcx-endpoint/block in ("*") --output=json --namespace=science") cat listed ;;
"delete jobs "*" --ignore-not-found --wait=false --namespace=science") ;;
*) echo "error: unexpected: $*" >&2; exit 1 ;;
esac
`;

class Cluster implements Disposable {
  readonly folder = Deno.makeTempDirSync({ prefix: "funcx-kubectl-" });

  constructor() {
    Deno.writeTextFileSync(`${this.folder}/kubectl`, KUBECTL, { mode: 0o755 });
    this.file("created", JSON.stringify(recorded.job(NAME)));
    this.file("token", "the secret token");
  }

  file(name: string, text: string): void {
    Deno.writeTextFileSync(`${this.folder}/${name}`, text);
  }

  read(name: string): string {
    return Deno.readTextFileSync(`${this.folder}/${name}`);
  }

  get request(): typeof REQUEST {
    const token = `${this.folder}/token`;
    const manager = ["/home/ada/bin/funcx-endpoint", "manager", "$(HOME)", token];
    return { ...REQUEST, folder: this.folder, manager, files: [token], nodes: 2 };
  }

  provider(changes: Readonly<Record<string, unknown>> = {}): Provider {
    const settings = settingsOf({
      type: "kubernetes",
      image: "example.org/funcx:1",
      namespace: "science",
      ...changes,
    });
    const env = { PATH: `${this.folder}:${Deno.env.get("PATH")}`, FOLDER: this.folder };
    return kubernetesProvider(settings, commandRunner({ seconds: 10, env }));
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.folder, { recursive: true });
  }
}

Deno.test("a block is a job, and what its managers read is a secret that belongs to it", async () => {
  using cluster = new Cluster();
  const provider = cluster.provider();
  assertEquals(await provider.submit(cluster.request), { kind: "ok", value: NAME });
  const script = provider.script(cluster.request);
  assertEquals(cluster.read("submit.sh"), script);
  assertEquals(cluster.read("input.0"), script);
  const secret = JSON.parse(cluster.read("input.1"));
  assertEquals(secret.data, { token: btoa("the secret token") });
  assertEquals(secret.metadata.ownerReferences[0].uid, "11111111-2222-4333-8444-555555555555");
  assertTrue(!script.includes(btoa("the secret token")), "the secret is in the script");
  assertTrue(!cluster.read("calls").includes("secret token"));
});

Deno.test("the manifest has all that a profile says", () => {
  using cluster = new Cluster();
  const provider = cluster.provider({
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
    walltime: "01:00:00",
  });
  const { metadata, spec } = JSON.parse(provider.script(cluster.request));
  assertEquals(metadata.name, NAME);
  assertEquals(
    [spec.parallelism, spec.completions, spec.backoffLimit, spec.activeDeadlineSeconds],
    [2, 2, 0, undefined],
  );
  const pod = spec.template.spec;
  // A job's own would count what its pods wait for a node.
  assertEquals(pod.activeDeadlineSeconds, 3_600);
  assertEquals(
    [pod.serviceAccountName, pod.imagePullSecrets, pod.nodeSelector, pod.restartPolicy],
    ["runner", [{ name: "login" }], { "example.org/kind": "compute" }, "Never"],
  );
  const [container] = pod.containers;
  assertEquals(container.command, [
    "/opt/funcx-endpoint",
    "manager",
    // Kubernetes would replace `$(HOME)`.
    "$$(HOME)",
    "/var/run/funcx-endpoint/token",
  ]);
  assertEquals(container.resources, {
    requests: { cpu: "2", memory: "4096Mi" },
    limits: { cpu: "4", memory: "8192Mi", "amd.com/gpu": "1" },
  });
  assertEquals(container.volumeMounts[1], { name: "volume-0", mountPath: "/data" });
  assertEquals(pod.volumes[1].persistentVolumeClaim, { claimName: "project-data" });
});

Deno.test("a refusal has the words of the API server", async () => {
  using cluster = new Cluster();
  const outcome = await cluster.provider({ image: "refused" }).submit(cluster.request);
  assertTrue(outcome.kind === "fatal");
  assertMatch(outcome.failure.words, /exceeded quota: pods/);
});

Deno.test("a job whose secret is refused is taken back", async () => {
  using cluster = new Cluster();
  cluster.file("no-secrets", "");
  const outcome = await cluster.provider().submit(cluster.request);
  assertTrue(outcome.kind === "fatal");
  assertMatch(outcome.failure.words, /secrets is forbidden/);
  assertMatch(cluster.read("calls"), new RegExp(`\\ndelete jobs ${NAME} `));
});

Deno.test("all blocks are asked about in one command, and cancelled in one", async () => {
  using cluster = new Cluster();
  const items = [recorded.job("a"), recorded.pod("a", recorded.RUNNING, "n1"), recorded.job("b")];
  cluster.file("listed", recorded.list(items));
  const outcome = await cluster.provider().status(["a", "b", "c"]);
  assertTrue(outcome.kind === "ok");
  assertEquals([...outcome.value], [
    ["a", { kind: "running", nodes: ["n1"] }],
    ["b", { kind: "queued", reason: "" }],
    ["c", { kind: "ended", how: "gone", exitCode: null, reason: "" }],
  ]);
  assertEquals(await cluster.provider().cancel(["a", "b"]), { kind: "ok", value: null });
  assertEquals(cluster.read("calls").trim().split("\n").length, 2);
});

Deno.test("an answer that is no list is one to ask for again", async () => {
  using cluster = new Cluster();
  cluster.file("listed", "<html>a proxy says hello</html>");
  const outcome = await cluster.provider().status(["a"]);
  assertTrue(outcome.kind === "retryable");
  assertMatch(outcome.failure.message, /cannot be read: <html>/);
});
