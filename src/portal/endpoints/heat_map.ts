/** A picture of an endpoint's workers: nodes as groups of cells, each in the tone of what it does. */
import type { EndpointStatus } from "../../contract/protocol/messages.ts";

export type CellTone = "idle" | "given" | "age0" | "age1" | "age2" | "age3";

export interface Cell {
  readonly tone: CellTone;
  readonly taskId?: string;
  readonly functionId?: string;
  /** Seconds since 1970 by the endpoint's clock. */
  readonly since?: number;
}

export interface NodeGroup {
  readonly id: string;
  readonly hostname: string;
  readonly state: "attached" | "away" | "gone";
  /** The scheduler's job, or the block before it has one; undefined for the agent's own machine. */
  readonly job?: string;
  readonly cores?: number;
  /** Such as `4 × NVIDIA A100`. */
  readonly accelerators: readonly string[];
  readonly workers: number;
  readonly busy: number;
  /** Empty when the endpoint told of no slots. */
  readonly cells: readonly Cell[];
  /** The same for the same cells, so that a node that has not changed is not drawn anew. */
  readonly key: string;
}

/** A worker in the picture. */
export interface Spot {
  readonly node: number;
  readonly slot: number;
}

/** Seconds from which a task counts as older. */
const AGES = [60, 600, 3_600] as const;

/** @param now seconds since 1970 */
export function nodeGroups(
  { nodes = [], blocks = [] }: Pick<EndpointStatus, "nodes" | "blocks">,
  now: number,
): readonly NodeGroup[] {
  const jobs = new Map(blocks.map(({ block_id, job_id }) => [block_id, job_id ?? block_id]));
  return nodes.map((node) => {
    const cells = node.slots.map((slot) => cellOf(slot, now));
    const job = node.block_id === null ? undefined : jobs.get(node.block_id) ?? node.block_id;
    const busy = Math.max(0, node.workers - node.idle_workers);
    return {
      id: node.manager_id,
      hostname: node.hostname,
      state: node.state,
      job,
      cores: node.cores,
      accelerators: counted(node.accelerators ?? []),
      workers: node.workers,
      busy,
      cells,
      key: [node.state, job, busy, node.workers, ...cells.map(keyOf)].join(),
    };
  });
}

/** Where an arrow key leads; `columns` cells stand side by side. Undefined for another key. */
export function moved(
  groups: readonly NodeGroup[],
  { node, slot }: Spot,
  key: string,
  columns: number,
): Spot | undefined {
  const size = groups[node]?.cells.length ?? 0;
  switch (key) {
    case "ArrowRight":
      return slot + 1 < size ? { node, slot: slot + 1 } : beside(groups, node, 1, 0);
    case "ArrowLeft":
      return slot > 0 ? { node, slot: slot - 1 } : beside(groups, node, -1, Infinity);
    case "ArrowDown":
      return slot + columns < size
        ? { node, slot: slot + columns }
        : beside(groups, node, 1, slot % columns);
    case "ArrowUp":
      return slot >= columns ? { node, slot: slot - columns } : beside(groups, node, -1, Infinity);
    case "Home":
      return { node, slot: 0 };
    case "End":
      return { node, slot: Math.max(0, size - 1) };
    default:
      return undefined;
  }
}

/** The next node that has cells, in this direction. */
function beside(
  groups: readonly NodeGroup[],
  from: number,
  direction: 1 | -1,
  slot: number,
): Spot | undefined {
  for (let node = from + direction; node >= 0 && node < groups.length; node += direction) {
    const size = groups[node]!.cells.length;
    if (size > 0) return { node, slot: Math.min(slot, size - 1) };
  }
  return undefined;
}

function cellOf(
  { task_id, function_id, since }: {
    readonly task_id: string | null;
    readonly function_id?: string;
    readonly since: number | null;
  },
  now: number,
): Cell {
  if (task_id === null) return { tone: "idle" };
  const task = { taskId: task_id, functionId: function_id };
  if (since === null) return { tone: "given", ...task };
  const begin = since / 1_000;
  const older = AGES.findIndex((age) => now - begin < age);
  const tone = (["age0", "age1", "age2"] as const)[older] ?? "age3";
  return { tone, ...task, since: begin };
}

function keyOf({ tone, taskId = "" }: Cell): string {
  return `${tone} ${taskId}`;
}

function counted(names: readonly string[]): readonly string[] {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts].map(([name, count]) => count === 1 ? name : `${count} × ${name}`);
}
