/** Row 10: memory of what is idle. Workers are warm, agent and service freshly started. */
import { Executor } from "../../src/client/mod.ts";
import { delay } from "../../src/lib/async.ts";
import { Deployment, NO_OP, WORKERS } from "../deployment.ts";
import { FLOOR, OURS } from "../figures.ts";
import { bareInterpreter } from "../floors/interpreters.ts";
import { commandLine, memoryUse, processTree } from "../process_usage.ts";
import { type Scenario, type ScenarioContext, sized } from "../scenario.ts";

/** Milliseconds after which a process that was just started or used counts as idle. */
const SETTLING = 3_000;
const TASKS = 2_000;

type WorkerKind = "typescript" | "python";

export const memory: Scenario = {
  name: "memory of what is idle",
  subject: OURS,
  rows: [10],
  run: async (context) => {
    await using deployment = await Deployment.start();
    await delay(sized(context, SETTLING, 100));
    const agent = await deployment.agentPid();
    for (
      const [name, pid] of [["agent", agent], ["service", await deployment.servicePid()]] as const
    ) {
      const { resident, proportional } = memoryUse(pid);
      context.record(`10.${name}`, resident);
      context.record(`10.${name}_pss`, proportional);
    }
    for (const kind of ["typescript", "python"] as const) {
      await measureWorkers(context, deployment, agent, kind);
    }
  },
};

async function measureWorkers(
  context: ScenarioContext,
  deployment: Deployment,
  agent: number,
  kind: WorkerKind,
): Promise<void> {
  const client = await deployment.client();
  const { id } = await deployment.status();
  await using executor = new Executor(client, id);
  for await (const _ of executor.map(NO_OP[kind], Array(sized(context, TASKS, 20)).keys()));
  await delay(sized(context, SETTLING, 100));
  const workers = processTree(agent).filter((pid) => pid !== agent && isWorker(pid, kind));
  if (workers.length === 0) throw new Error(`no ${kind} worker was found`);
  if (workers.length > WORKERS) context.note(`${workers.length} ${kind} processes were found`);
  await using bare = await bareInterpreter(kind, workers[0]!);
  const floor = memoryUse(bare.pid);
  context.record(`floor.${kind === "python" ? "python" : "deno"}_memory`, floor.resident, FLOOR);
  if (kind === "typescript") {
    await using guest = await bareInterpreter("typescript with a guest", workers[0]!);
    const { resident } = memoryUse(guest.pid);
    context.record("floor.deno_guest_memory", resident - floor.resident, FLOOR);
  }
  for (const pid of workers) {
    const { resident, proportional } = memoryUse(pid);
    context.record(`10.${kind}`, resident - floor.resident);
    context.record(`10.${kind}_pss`, proportional - floor.proportional);
  }
}

function isWorker(pid: number, kind: WorkerKind): boolean {
  const words = commandLine(pid);
  return kind === "typescript" ? words.includes("worker") : /python[\d.]*$/.test(words[0] ?? "");
}
