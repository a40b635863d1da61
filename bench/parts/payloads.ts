/**
 * Where the processor time of large payloads goes: milliseconds per megabyte of arguments that come
 * back as results, in the client (this process), the service, the agent and its workers.
 *
 *   deno run -A bench/parts/payloads.ts [bytes] [tasks] [runtime]
 */
import { type Client, Executor } from "../../src/client/mod.ts";
import { Deployment, NO_OP } from "../deployment.ts";
import { processorSeconds, processTree } from "../process_usage.ts";

const bytes = Number(Deno.args[0] ?? 1_000_000);
const tasks = Number(Deno.args[1] ?? 100);
const runtime = Deno.args[2] === "python" ? "python" : "typescript";

/** Bytes as users send them in JSON, as base64, and each task's own: blobs are kept by content. */
function* texts(count: number): Generator<string> {
  const random = crypto.getRandomValues(new Uint8Array(48_000)).toBase64();
  const text = random.repeat(Math.ceil(bytes / random.length)).slice(0, Math.max(1, bytes - 36));
  for (let task = 0; task < count; task++) yield crypto.randomUUID() + text;
}

async function echo(
  client: Client,
  endpointId: string,
  functionId: string,
  count: number,
): Promise<number> {
  await using executor = new Executor(client, endpointId);
  let received = 0;
  for await (const answer of executor.map<string>(functionId, texts(count))) {
    received += answer.length;
  }
  return received;
}

interface Use {
  readonly name: string;
  readonly seconds: number;
}

function uses(servicePid: number, agentPid: number): Map<number, Use> {
  const found = new Map<number, Use>();
  found.set(Deno.pid, { name: "client", seconds: processorSeconds("self") });
  for (const [root, name] of [[servicePid, "service"], [agentPid, "agent"]] as const) {
    for (const pid of processTree(root)) {
      found.set(pid, {
        name: pid === root ? name : "workers",
        seconds: processorSeconds(pid),
      });
    }
  }
  return found;
}

await using deployment = await Deployment.start();
const client = await deployment.client();
const { id } = await deployment.status();
const { functionId } = await client.register(NO_OP[runtime]);
await echo(client, id, functionId, Math.ceil(tasks / 5));
const [service, agent] = [await deployment.servicePid(), await deployment.agentPid()];
const before = uses(service, agent);
const begun = performance.now();
const received = await echo(client, id, functionId, tasks);
const seconds = (performance.now() - begun) / 1_000;
const megabytes = received / 1e6;
const sums = new Map<string, number>();
for (const [pid, { name, seconds }] of uses(service, agent)) {
  const used = seconds - (before.get(pid)?.seconds ?? 0);
  sums.set(name, (sums.get(name) ?? 0) + used);
}
const total = [...sums.values()].reduce((sum, each) => sum + each, 0);
const parts = [...sums].map(([name, used]) => `${name} ${(used * 1_000 / megabytes).toFixed(1)}`);
console.log(
  `${bytes} bytes, ${tasks} tasks: ${(megabytes / seconds).toFixed(1)} MB/s; ` +
    `CPU ms/MB: ${parts.join(", ")}, all ${(total * 1_000 / megabytes).toFixed(1)}, ` +
    `which on two cores is at most ${(2 * megabytes / total).toFixed(0)} MB/s`,
);
