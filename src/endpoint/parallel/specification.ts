/**
 * What a task asks for that takes whole nodes: its `resource_specification`, in the words of the
 * Globus Compute SDK and Parsl. Pure.
 */
import type { TaskError } from "../../contract/errors.ts";
import type { TaskOptions } from "../../contract/protocol/messages.ts";
import { MPI_LAUNCHERS, type MpiLauncher } from "../../profile/schema.ts";
import { manageError } from "../executor/assignment.ts";

/** Any of these makes a task one that takes whole nodes. */
const KEYS = ["num_nodes", "num_ranks", "ranks_per_node", "launcher", "launcher_options"] as const;
const COUNTS = ["num_nodes", "num_ranks", "ranks_per_node"] as const;
const MAX_RANKS = 10_000_000;

export interface ParallelTask {
  readonly nodes: number;
  readonly ranksPerNode: number;
  /** `nodes * ranksPerNode`. */
  readonly ranks: number;
  /** Null leaves it to the profile. */
  readonly launcher: MpiLauncher | null;
  /** Shell words for the launcher; may be empty. */
  readonly launcherOptions: string;
}

export type Specification =
  /** It runs on one worker, beside others. */
  | { readonly kind: "worker" }
  | { readonly kind: "nodes"; readonly task: ParallelTask }
  | { readonly kind: "wrong"; readonly error: TaskError };

const WORKER: Specification = { kind: "worker" };

/** Costs nothing for a task without a `resource_specification`. */
export function specificationOf({ resource_specification: raw }: TaskOptions): Specification {
  if (raw === undefined || !KEYS.some((key) => given(raw[key]))) return WORKER;
  const strangers = Object.keys(raw).filter((key) => !isKey(key) && given(raw[key]));
  if (strangers.length > 0) {
    return wrong(
      `a task with ${KEYS.find((key) => given(raw[key]))} takes whole nodes, and has no use for ` +
        strangers.join(", "),
      `Name only ${KEYS.join(", ")}.`,
    );
  }
  for (const key of COUNTS) {
    if (given(raw[key]) && !isCount(raw[key])) {
      return wrong(`${key} is ${shown(raw[key])}`, "Write a whole number from 1.");
    }
  }
  return nodesOf(raw);
}

function isKey(key: string): boolean {
  return (KEYS as readonly string[]).includes(key);
}

function given(value: unknown): boolean {
  return value !== undefined && value !== null;
}

function isCount(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 1 && (value as number) <= MAX_RANKS;
}

/** All three counts, of which two say the third; what nothing is said of is 1. */
function nodesOf(raw: Readonly<Record<string, unknown>>): Specification {
  const [asked, all, each] = COUNTS.map((key) => raw[key] ?? null) as (number | null)[];
  const nodes = asked ?? (all !== null && each !== null ? all / each : 1);
  const ranksPerNode = each ?? (all ?? nodes) / nodes;
  const ranks = all ?? nodes * ranksPerNode;
  if (!isCount(nodes) || !isCount(ranksPerNode) || nodes * ranksPerNode !== ranks) {
    const said = COUNTS.filter((key) => given(raw[key])).map((key) => `${key} ${raw[key]}`);
    return wrong(
      `${said.join(", ")} do not fit together`,
      "num_ranks has to be num_nodes times ranks_per_node, the same number on each node.",
    );
  }
  const { launcher, launcher_options: options } = raw;
  if (given(launcher) && !(MPI_LAUNCHERS as readonly unknown[]).includes(launcher)) {
    return wrong(`launcher is ${shown(launcher)}`, `Write one of ${MPI_LAUNCHERS.join(", ")}.`);
  }
  if (given(options) && (typeof options !== "string" || /[\0\n]/.test(options))) {
    return wrong(`launcher_options is ${shown(options)}`, "Write its words in one line.");
  }
  const task = {
    nodes,
    ranksPerNode,
    ranks,
    launcher: (launcher ?? null) as MpiLauncher | null,
    launcherOptions: ((options ?? "") as string).trim(),
  };
  return { kind: "nodes", task };
}

function shown(value: unknown): string {
  const text = JSON.stringify(value);
  return text.length > 100 ? `${text.slice(0, 100)}…` : text;
}

function wrong(problem: string, hint: string): Specification {
  const message = `the task's resource_specification cannot be used: ${problem}`;
  return { kind: "wrong", error: manageError("SEMANTICALLY_INVALID", message, hint) };
}

/** The nodes that a task takes for itself; null for one that runs on a worker, or is wrong. */
export function nodesTaken(options: TaskOptions): number | null {
  if (options.resource_specification === undefined) return null;
  const specification = specificationOf(options);
  return specification.kind === "nodes" ? specification.task.nodes : null;
}

/** Why a task can never run where a block, or the machine, has so many nodes; null when it can. */
export function unfitReason(options: TaskOptions, nodes: number | "local"): TaskError | null {
  if (options.resource_specification === undefined) return null;
  const specification = specificationOf(options);
  if (specification.kind !== "nodes") {
    return specification.kind === "wrong" ? specification.error : null;
  }
  const wanted = specification.task.nodes;
  if (wanted <= (nodes === "local" ? 1 : nodes)) return null;
  return nodes === "local"
    ? manageError(
      "SEMANTICALLY_INVALID",
      `the task asks for ${wanted} nodes, and this endpoint runs tasks on 1, its own machine`,
      "Use an endpoint on a cluster, or set executor.provider in the profile.",
    )
    : manageError(
      "SEMANTICALLY_INVALID",
      `the task asks for ${wanted} nodes, and a block of this endpoint has ${nodes}`,
      `Ask for at most ${nodes}, or set executor.provider.nodesPerBlock to ${wanted} or more.`,
    );
}
