/** Carries the faults of a plan out on the stage, and takes back what lasts. */
import { delay } from "../../src/lib/async.ts";
import { processExists } from "../../src/lib/process_identity.ts";
import { signal } from "../helpers/processes.ts";
import type { Finished } from "../helpers/running.ts";
import { until } from "../helpers/until.ts";
import { damage } from "./damage.ts";
import type { Part } from "./part.ts";
import { describeFault, type Fault, type LinkName } from "./plan.ts";
import type { Link } from "./proxy.ts";
import type { Stage } from "./stage.ts";

const RUNS_ALREADY = 73;
/** A process that does not listen to signals yet; its code as a shell tells it. */
const ENDED_BY_SIGTERM = 128 + 15;
/** Milliseconds. */
const START_TIME = 5_000;
/** Milliseconds in which workers notice the end of their agent, unless they are frozen. */
const WORKERS_PATIENCE = 100_000;

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
  stage.ledger.note(describeFault(fault));
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

/** A daemon or a client; the workers are no parts of the stage. */
function partOf(stage: Stage, { lane }: Fault): Part | undefined {
  if (lane === "agent" || lane === "service") return stage.daemons[lane];
  const client = /^client (\d)$/.exec(lane)?.[1];
  return client === undefined ? undefined : stage.clients[Number(client)];
}

/** Undefined when there is none at the moment. */
function workerOf(stage: Stage, which: number): number | undefined {
  const workers = stage.workers();
  return workers[which % Math.max(1, workers.length)]?.pid;
}

async function kill(stage: Stage, fault: Of<"kill">): Promise<void> {
  const part = partOf(stage, fault);
  if (part === undefined) {
    const pid = workerOf(stage, fault.which);
    if (pid === undefined) return;
    const harmed = stage.ledger.harm();
    signal(pid, "SIGKILL");
    return harmed();
  }
  // A client that is through with its work stays away.
  if (await end(stage, fault, "SIGKILL") === undefined) return;
  await delay(fault.pause);
  part.start();
}

/** Ends a part; with an agent go its workers, though perhaps some moments later. */
async function end(
  stage: Stage,
  fault: Fault,
  name: "SIGKILL" | "SIGTERM",
): Promise<Finished | undefined> {
  const part = partOf(stage, fault)!;
  if (fault.lane !== "agent") return await part.end(name);
  const workers = stage.workers().map(({ pid }) => pid);
  const harmed = stage.ledger.harm();
  const finished = await part.end(name);
  void until("the end of its workers", () => !workers.some(processExists), WORKERS_PATIENCE)
    .then(harmed, () => stage.troubles.push("workers outlive their agent"));
  return finished;
}

async function freeze(stage: Stage, fault: Of<"freeze">): Promise<void> {
  const part = partOf(stage, fault);
  const goOn = part === undefined ? freezeWorker(stage, fault) : part.freeze();
  await delay(fault.pause);
  goOn?.();
}

function freezeWorker(stage: Stage, { which }: Of<"freeze">): (() => void) | undefined {
  const pid = workerOf(stage, which);
  if (pid === undefined) return undefined;
  signal(pid, "SIGSTOP");
  return () => signal(pid, "SIGCONT");
}

async function restart(stage: Stage, fault: Of<"restart">): Promise<void> {
  const part = partOf(stage, fault)!;
  if (part.pid === undefined) return;
  const { age } = part;
  const code = (await end(stage, fault, "SIGTERM"))?.code;
  const isEarly = code === ENDED_BY_SIGTERM && age < START_TIME;
  if (code !== 0 && !isEarly) stage.troubles.push(`${fault.lane} ended with ${code} by SIGTERM`);
  await delay(fault.pause);
  part.start();
}

async function damageFile(stage: Stage, fault: Of<"damage">): Promise<void> {
  const name = fault.lane as "agent" | "service";
  const part = stage.daemons[name];
  if (await end(stage, fault, "SIGKILL") === undefined) return;
  damage(stage.databaseOf(name), stage.env.root, fault.how, fault.bytes);
  stage.excuses.add(`${name} damage`);
  if (name === "agent" && fault.how !== "torn") stage.spoolLost = true;
  part.start();
}

/** It is refused, and says so, for as long as the first one lives. */
async function secondAgent(stage: Stage): Promise<void> {
  const first = stage.daemons.agent.pid;
  // Of two that start at the same moment either may win.
  if (first === undefined || !stage.holdsLock(first)) return;
  const { code, stderr } = await stage.env.run(["start", "default", "--foreground"]);
  if (first !== stage.daemons.agent.pid) return;
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
