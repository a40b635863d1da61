/**
 * The fault plan of a seed: what goes wrong, when, and for how long. Pure, so that the same seed,
 * number of tasks and means of the machine give the same plan.
 */
import { Random } from "./random.ts";
import { planWorkload, type Workload } from "./workload.ts";

/** Faults of one lane follow each other, those of different lanes overlap. */
export type Lane = "agent" | "service" | "worker" | "client 0" | "client 1" | LinkName | DiskName;
export type DaemonName = "agent" | "service";
export type LinkName = "agent link" | "client link";
export type DiskName = "agent disk" | "service disk";

/** What is done; times are milliseconds. */
export type FaultKind =
  /** SIGKILL, and a new start after `pause`. A worker's is the agent's business. */
  | { readonly kind: "kill"; readonly pause: number; readonly which: number }
  /** SIGSTOP, and SIGCONT after `pause`. */
  | { readonly kind: "freeze"; readonly pause: number; readonly which: number }
  /** SIGTERM, the end waited for, and a new start after `pause`. */
  | { readonly kind: "restart"; readonly pause: number }
  /** SIGKILL, the file changed while nobody has it open, and a new start. */
  | { readonly kind: "damage"; readonly how: Damage; readonly bytes: number }
  /** Another agent is started for the same endpoint. */
  | { readonly kind: "second agent" }
  /** The wall clock of this process alone jumps. */
  | { readonly kind: "clock"; readonly seconds: number }
  | {
    readonly kind: "link";
    readonly how: LinkFault;
    readonly pause: number;
    readonly amount: number;
  }
  /** No room is left for `pause`. */
  | { readonly kind: "disk full"; readonly pause: number };

/**
 * - `torn`: what a write that was under way at a power loss leaves behind the last commit.
 * - `cut`: the last bytes of the journal are gone, commits among them.
 * - `flip`: one byte near the end of the journal is another one.
 * - `main`: bytes in the middle of the database itself are others.
 */
export type Damage = "torn" | "cut" | "flip" | "main";

/**
 * - `cut`: every connection is reset.
 * - `mid-frame`: each is reset after `amount` more bytes.
 * - `refuse`: reset, and new ones too, for `pause`.
 * - `stall`: nothing passes for `pause`, then all of it.
 * - `half-open`: the far end is closed, the near end hears nothing until `pause` is over.
 * - `delay`: each piece comes `amount` milliseconds later, for `pause`.
 */
export type LinkFault = "cut" | "mid-frame" | "refuse" | "stall" | "half-open" | "delay";

export type Fault = FaultKind & {
  /** Milliseconds after the first task is submitted. */
  readonly at: number;
  readonly lane: Lane;
};

/** What this machine allows. */
export interface Means {
  /** Small file systems can be mounted. */
  readonly mounts: boolean;
  /** The clock of one process can be changed. */
  readonly clocks: boolean;
}

export interface PlanOptions {
  readonly seed: number;
  readonly tasks: number;
  readonly means: Means;
}

export interface Plan {
  readonly seed: number;
  readonly faults: readonly Fault[];
  readonly workload: Workload;
}

/** Milliseconds in which tasks are submitted and faults begin. */
export const STORM = 6_000;
const LONGEST_FREEZE = 90_000;

export function makePlan({ seed, tasks, means }: PlanOptions): Plan {
  const random = new Random(seed);
  const workload = planWorkload(random.fork(), tasks, STORM);
  const drawn = Array.from({ length: random.integer(4, 9) }, () => drawFault(random.fork(), means));
  const faults = drawn.toSorted((left, right) => left.at - right.at);
  return { seed, faults, workload };
}

function drawFault(random: Random, means: Means): Fault {
  const at = random.integer(200, STORM);
  const kind = random.weighted({
    "kill": 8,
    "freeze": 4,
    "restart": 2,
    "link": 8,
    "damage": 3,
    "second agent": 1,
    "disk full": means.mounts ? 2 : 0,
    "clock": means.clocks ? 1 : 0,
  });
  switch (kind) {
    case "kill":
      return { kind, at, lane: process(random), pause: pause(random), which: random.integer(0, 9) };
    case "freeze":
      return {
        kind,
        at,
        lane: process(random),
        pause: freeze(random),
        which: random.integer(0, 9),
      };
    case "restart":
      return { kind, at, lane: daemon(random), pause: pause(random) };
    case "damage":
      return damage(random, at);
    case "second agent":
      return { kind, at, lane: "agent" };
    case "clock":
      return { kind, at, lane: daemon(random), seconds: clockJump(random) };
    case "link":
      return linkFault(random, at);
    case "disk full": {
      const lane = random.pick<DiskName>(["agent disk", "service disk"]);
      return { kind, at, lane, pause: random.logUniform(500, 5_000) };
    }
  }
}

function process(random: Random): Lane {
  return random.weighted({ worker: 4, agent: 3, service: 3, "client 0": 1, "client 1": 1 });
}

function daemon(random: Random): DaemonName {
  return random.pick<DaemonName>(["agent", "service"]);
}

/** Until a process that was killed is started again. */
function pause(random: Random): number {
  return random.logUniform(20, 2_000);
}

/** From 1 to 90 s; half of them below 4 s. */
function freeze(random: Random): number {
  return random.logUniform(1_000, LONGEST_FREEZE, 2);
}

function damage(random: Random, at: number): Fault {
  const lane = daemon(random);
  // What a store's disk loses of acknowledged commits is lost; see the README.
  const how = lane === "agent"
    ? random.weighted({ torn: 3, cut: 2, flip: 2, main: 1 })
    : random.weighted({ torn: 4, main: 1 });
  return { kind: "damage", at, lane, how, bytes: random.logUniform(1, 20_000) };
}

/** Up to a day, back and forth. */
function clockJump(random: Random): number {
  return random.logUniform(1, 86_400) * random.pick([-1, 1]);
}

function linkFault(random: Random, at: number): Fault {
  const lane = random.pick<LinkName>(["agent link", "client link"]);
  const how = random.weighted({
    "cut": 2,
    "mid-frame": 3,
    "refuse": 2,
    "stall": 2,
    "half-open": 2,
    "delay": 2,
  });
  const amount = how === "delay" ? random.logUniform(5, 300) : random.logUniform(1, 20_000);
  // As with a frozen process: mostly short, at times longer than any heartbeat.
  return { kind: "link", at, lane, how, pause: random.logUniform(300, 60_000, 2), amount };
}

/** One line that says what a fault is, for `--plan` and for the ledger. */
export function describeFault(fault: Fault): string {
  const { at, lane, kind } = fault;
  return `${(at / 1_000).toFixed(2).padStart(6)} s  ${lane}: ${detailOf(fault) || kind}`;
}

function detailOf(fault: Fault): string {
  switch (fault.kind) {
    case "kill":
    case "freeze":
      return `${fault.kind} (${fault.which}), ${fault.pause} ms`;
    case "restart":
    case "disk full":
      return `${fault.kind}, ${fault.pause} ms`;
    case "damage":
      return `${fault.kind}: ${fault.how}, ${fault.bytes} bytes`;
    case "second agent":
      return fault.kind;
    case "clock":
      return `clock jumps by ${fault.seconds} s`;
    case "link":
      return `${fault.how}, ${fault.pause} ms, ${fault.amount}`;
  }
}
