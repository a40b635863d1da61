/** Carries the faults of a plan out on the stage, and takes back what lasts. */
import { delay } from "../../src/lib/async.ts";
import { signal } from "../helpers/processes.ts";
import { damage } from "./damage.ts";
import type { Part } from "./part.ts";
import { describeFault, type Fault, type LinkName } from "./plan.ts";
import type { Link } from "./proxy.ts";
import type { Stage } from "./stage.ts";

const RUNS_ALREADY = 73;

type Of<K extends Fault["kind"]> = Fault & { readonly kind: K };

/** Resolves when every fault has been carried out and is over. */
export async function carryOut(
  stage: Stage,
  faults: readonly Fault[],
  begin: number,
): Promise<void> {
  const lanes = Map.groupBy(faults, ({ lane }) => lane);
  await Promise.all([...lanes.values()].map(async (lane) => {
    for (const fault of lane) {
      await delay(Math.max(0, begin + fault.at - Date.now()));
      await inflict(stage, fault);
    }
  }));
}

async function inflict(stage: Stage, fault: Fault): Promise<void> {
  stage.ledger.note(isHarm(fault) ? "harm" : "fault", describeFault(fault));
  switch (fault.kind) {
    case "kill":
      return await kill(stage, fault);
    case "freeze":
      return await freeze(stage, fault);
    case "restart":
      return await restart(stage, fault);
    case "damage":
      return await damageFile(stage, fault);
    case "second agent":
      return await secondAgent(stage);
    case "clock":
      return stage.setClock(fault.lane as "agent" | "service", fault.seconds);
    case "link":
      return await disturb(stage, fault);
    case "disk full":
      return await fillDisk(stage, fault);
  }
}

/** Whether an attempt may be lost by it. */
function isHarm({ kind, lane }: Fault): boolean {
  return lane === "worker" && kind === "kill" ||
    lane === "agent" && (kind === "kill" || kind === "damage" || kind === "restart");
}

/** A daemon or a client; the workers are no parts of the stage. */
function partOf(stage: Stage, { lane }: Fault): Part | undefined {
  if (lane === "agent" || lane === "service") return stage.daemons[lane];
  const client = /^client (\d)$/.exec(lane)?.[1];
  return client === undefined ? undefined : stage.clients[Number(client)];
}

/** Undefined when the part is down at the moment. */
function processOf(stage: Stage, fault: Of<"kill" | "freeze">): number | undefined {
  const workers = stage.workers();
  return fault.lane === "worker"
    ? workers[fault.which % Math.max(1, workers.length)]?.pid
    : partOf(stage, fault)?.pid;
}

async function kill(stage: Stage, fault: Of<"kill">): Promise<void> {
  const part = partOf(stage, fault);
  if (part === undefined) {
    const pid = processOf(stage, fault);
    if (pid !== undefined) signal(pid, "SIGKILL");
    return;
  }
  // A client that is through with its work stays away.
  if (await part.end("SIGKILL") === undefined) return;
  await delay(fault.pause);
  part.start();
}

async function freeze(stage: Stage, fault: Of<"freeze">): Promise<void> {
  const pid = processOf(stage, fault);
  if (pid === undefined) return;
  signal(pid, "SIGSTOP");
  await delay(fault.pause);
  signal(pid, "SIGCONT");
}

async function restart(stage: Stage, fault: Of<"restart">): Promise<void> {
  const part = partOf(stage, fault)!;
  if (part.pid === undefined) return;
  const finished = await part.end("SIGTERM");
  if (finished?.code !== 0) stage.troubles.push(`${fault.lane} ended with ${finished?.code}`);
  await delay(fault.pause);
  part.start();
}

async function damageFile(stage: Stage, fault: Of<"damage">): Promise<void> {
  const name = fault.lane as "agent" | "service";
  const part = stage.daemons[name];
  if (await part.end("SIGKILL") === undefined) return;
  damage(stage.databaseOf(name), fault.how, fault.bytes);
  stage.excuses.add(`${name} damage`);
  if (name === "agent" && fault.how !== "torn") stage.spoolLost = true;
  part.start();
}

/** It is refused, and says so, for as long as the first one lives. */
async function secondAgent(stage: Stage): Promise<void> {
  const first = stage.daemons.agent.pid;
  const { code, stderr } = await stage.env.run(["agent", "--name", "default"]);
  if (first === undefined || first !== stage.daemons.agent.pid) return;
  if (code !== RUNS_ALREADY) {
    stage.troubles.push(`a second agent ended with ${code}: ${stderr}`);
  }
}

async function disturb(stage: Stage, fault: Of<"link">): Promise<void> {
  const link = stage.links[fault.lane as LinkName];
  stage.excuses.add(fault.lane);
  if (!begin(link, fault)) return;
  await delay(fault.pause);
  link.heal();
}

/** False for a fault that is over at once. */
function begin(link: Link, { how, amount }: Of<"link">): boolean {
  switch (how) {
    case "cut":
      link.cut();
      return false;
    case "mid-frame":
      link.cutAfter(amount);
      return false;
    case "refuse":
      link.refuse();
      return true;
    case "stall":
      link.stall();
      return true;
    case "half-open":
      link.halfOpen();
      return true;
    case "delay":
      link.delay(amount);
      return true;
  }
}

async function fillDisk(stage: Stage, fault: Of<"disk full">): Promise<void> {
  const disk = stage.disks.get(fault.lane as "agent disk" | "service disk")!;
  stage.excuses.add(fault.lane);
  const ballast = disk.fill();
  await delay(fault.pause);
  Deno.removeSync(ballast);
}
