/** A home with something for every page to show: endpoints, results, failures, a group, a long name. */
import { Client, Executor, shell, type TaskFuture, typescript } from "../../../src/client/mod.ts";
import { encodeMessage } from "../../../src/contract/protocol/codec.ts";
import type { EndpointStatus } from "../../../src/contract/protocol/messages.ts";
import { FakeEndpoint } from "../../helpers/fake_endpoint.ts";
import type { TestEnv } from "../../helpers/test_env.ts";

export interface Scene extends Disposable {
  readonly url: string;
  readonly endpointId: string;
  /** Says that it has nodes of a cluster, busy ones and one that is away. */
  readonly clusterId: string;
  /** Takes two numbers. */
  readonly functionId: string;
  /** Its result is a series of numbers. */
  readonly succeededTask: string;
  readonly failedTask: string;
  /** For as long as nobody cancels it. */
  readonly runningTask: string;
  readonly groupId: string;
}

/** As long as the service takes, and written from right to left. */
export const LONG_NAME = "محاكاة ".repeat(29).slice(0, 200).trim();

const DIVIDE = typescript(`
export default function divide(dividend: number, divisor: number): number[] {
  if (divisor === 0) {
    throw new RangeError("there is no quotient of " + dividend + " and ${"0".repeat(80)}");
  }
  console.log("dividing", dividend);
  return Array.from({ length: 40 }, (_, step) => dividend / divisor + Math.sin(step));
}
`);

/** @param env with no endpoint so far; needs no Python */
export async function makeScene(env: TestEnv): Promise<Scene> {
  await env.ok(["start"]);
  const { id: endpointId } = await env.json<{ id: string }>(["status"]);
  const { url } = await env.json<{ url: string }>(["service", "status"]);
  const { token } = await env.json<{ token: string }>(["service", "token", "create"]);
  const client = new Client({ url, token });
  await client.call("registerEndpoint", {
    body: { endpoint_name: "long", display_name: LONG_NAME, description: "", public: true },
  });
  const cluster = await dialCluster(client);
  const divide = await client.register(DIVIDE, {
    name: "divide",
    description: "Divides two numbers",
  });
  await client.register(shell("echo {word}"), { name: LONG_NAME, description: "" });
  const { failed, succeeded, groupId } = await runTasks(client, endpointId, divide.functionId);
  return {
    url,
    endpointId,
    clusterId: cluster.id,
    functionId: divide.functionId,
    succeededTask: succeeded,
    failedTask: failed,
    runningTask: await holdWorker(client, endpointId),
    groupId,
    [Symbol.dispose]: () => cluster[Symbol.dispose](),
  };
}

async function runTasks(
  client: Client,
  endpointId: string,
  functionId: string,
): Promise<{ failed: string; succeeded: string; groupId: string }> {
  await using executor = new Executor(client, endpointId);
  const failing: TaskFuture<unknown> = executor.submit(functionId, 1, 0);
  const many = Array.from(
    { length: 60 },
    (_, dividend) => executor.submit(functionId, dividend, 3),
  );
  await Promise.allSettled([failing, ...many]);
  const succeeded = await many[0]!.taskId;
  const { task_group_id: groupId } = await client.taskDetail(succeeded);
  return { failed: await failing.taskId, succeeded, groupId };
}

/** A task that runs until its endpoint is stopped. */
async function holdWorker(client: Client, endpointId: string): Promise<string> {
  const { functionId } = await client.register(shell("tail -f /dev/null"), { name: "hold" });
  const payload = await client.blobs.payload([], {});
  const { tasks } = await client.submit(endpointId, { tasks: { [functionId]: [payload] } });
  const taskId = tasks[functionId]![0]!;
  for await (const event of client.follow(taskId)) {
    if (event.event === "state" && event.data.state === "running") break;
  }
  return taskId;
}

interface Cluster extends Disposable {
  readonly id: string;
}

async function dialCluster(client: Client): Promise<Cluster> {
  const registration = await client.call("registerEndpoint", {
    body: { endpoint_name: "cluster", public: true },
  });
  if (!("endpoint_token" in registration)) throw new Error("it was registered as another kind");
  const link = await FakeEndpoint.dial(registration);
  link.send(link.hello({ hostname: "login1.cluster.example" }));
  const { heartbeat_interval } = await link.next("welcome");
  const status = clusterStatus(Date.now());
  const beat = (): void => link.send(encodeMessage({ type: "heartbeat", at: Date.now(), status }));
  beat();
  const timer = setInterval(beat, heartbeat_interval);
  return {
    id: registration.endpoint_id,
    [Symbol.dispose]: () => {
      clearInterval(timer);
      link.terminate();
    },
  };
}

/** @param now milliseconds since 1970 */
function clusterStatus(now: number): EndpointStatus {
  const minutes = (count: number): number => now - count * 60_000;
  const busy = [0.1, 3, 30, 300].map((age) => ({
    task_id: crypto.randomUUID(),
    since: minutes(age),
  }));
  const slots = [...busy, { task_id: crypto.randomUUID(), since: null }, ...Array(11).fill(IDLE)];
  const node = {
    workers: slots.length,
    idle_workers: 11,
    cores: 64,
    accelerators: ["A100"],
    slots,
  };
  const block = { submitted_at: minutes(90), running_since: minutes(60) };
  return {
    managers: 3,
    total_workers: 48,
    idle_workers: 33,
    pending_tasks: 1_200,
    outstanding_tasks: 15,
    completed_tasks: 123_456,
    problem: {
      code: "QUEUE_WAIT",
      message: "the scheduler lets job 71 wait: QOSMaxNodePerUserLimit",
    },
    provider: "slurm",
    site: { name: "cluster.example", scheduler: "slurm", cores: 192 },
    blocks: [
      {
        ...block,
        block_id: "b1",
        job_id: "70",
        state: "running",
        nodes: ["n1", "n2"],
        reason: "",
        ends_at: minutes(-60),
      },
      {
        ...block,
        block_id: "b2",
        job_id: "71",
        state: "queued",
        nodes: 4,
        reason: "QOSMaxNodePerUserLimit",
        running_since: null,
        ends_at: null,
      },
      {
        ...block,
        block_id: "b3",
        job_id: "69",
        state: "ended",
        nodes: 1,
        reason: "",
        ends_at: minutes(1),
      },
    ],
    nodes: [
      { ...node, manager_id: "m1", hostname: "n1", block_id: "b1", state: "attached" },
      { ...node, manager_id: "m2", hostname: "n2", block_id: "b1", state: "away" },
      { ...node, manager_id: "m3", hostname: LONG_NAME, block_id: "b1", state: "gone", slots: [] },
    ],
  };
}

const IDLE = { task_id: null, since: null };
