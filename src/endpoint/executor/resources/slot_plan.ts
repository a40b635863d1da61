/** What each slot has of its node: cores, memory, accelerators. Pure. */
import { MAX_WORKERS_PER_NODE } from "../../../contract/limits.ts";
import { readCpuList } from "../../../lib/cpu_list.ts";
import type { ResolvedExecutor, ResolvedSlot } from "../../../profile/schema.ts";

/** What a node has for tasks. */
export interface Machine {
  /** How many processors this process may use, by affinity and cgroup quota. */
  readonly cores: number;
  /** Bytes. */
  readonly memory: number;
  /** Numbers of the processors, neighbours beside each other; empty where nothing is to be bound. */
  readonly cpus: readonly number[];
  /** Ids of accelerators. */
  readonly accelerators: readonly string[];
}

export interface SlotResources {
  /** Less than 1 where slots share a core. */
  readonly cores: number;
  /** Bytes. */
  readonly memory: number;
  /** Ids; slots share them where there are fewer than slots. */
  readonly accelerators: readonly string[];
  /** What its processes are bound to; null means nothing. */
  readonly cpus: readonly number[] | null;
}

type Request = Pick<ResolvedExecutor, "workersPerNode" | "slot">;

/** How many workers a node with these has for `workersPerNode: "auto"`. */
export function workersFor(
  slot: ResolvedSlot,
  node: { readonly cores: number; readonly memory: number; readonly accelerators: number },
): number {
  if (typeof slot.cpuAffinity === "object") return slot.cpuAffinity.length;
  const counts = [Math.floor(node.cores / (slot.cores ?? 1)), MAX_WORKERS_PER_NODE];
  if (slot.memory !== null) counts.push(Math.floor(node.memory / slot.memory));
  if (node.accelerators > 0) counts.push(node.accelerators);
  return Math.max(1, Math.min(...counts));
}

export function planSlots({ workersPerNode, slot }: Request, machine: Machine): SlotResources[] {
  const accelerators = machine.accelerators.length;
  const count = workersPerNode === "auto"
    ? workersFor(slot, { ...machine, accelerators })
    : workersPerNode;
  const cores = coresOf(slot, workersPerNode, machine.cores / count);
  const bound = boundCpus(slot.cpuAffinity, count, cores, machine.cpus);
  return Array.from({ length: count }, (_, index) => ({
    cores: typeof slot.cpuAffinity === "object" ? bound(index)?.length ?? cores : cores,
    memory: slot.memory ?? Math.floor(machine.memory / count),
    accelerators: shareOf(machine.accelerators, index, count),
    cpus: bound(index),
  }));
}

function coresOf(slot: ResolvedSlot, workersPerNode: number | "auto", share: number): number {
  if (slot.cores !== null) return slot.cores;
  if (workersPerNode === "auto") return 1;
  return share >= 1 ? Math.floor(share) : share;
}

/** An even share of what can be shared out, else one that others have as well. */
function shareOf<T>(items: readonly T[], index: number, count: number): T[] {
  const start = Math.floor(index * items.length / count);
  const end = Math.floor((index + 1) * items.length / count);
  return items.slice(start, Math.max(end, start + 1));
}

type Bound = (index: number) => readonly number[] | null;

function boundCpus(
  affinity: ResolvedSlot["cpuAffinity"],
  count: number,
  cores: number,
  cpus: readonly number[],
): Bound {
  const width = Math.max(1, Math.floor(cores));
  const orNull = (list: readonly number[]): readonly number[] | null =>
    list.length > 0 ? list : null;
  if (typeof affinity === "object") {
    return (index) => {
      const listed = readCpuList(affinity[index % affinity.length]!);
      return orNull(listed.filter((cpu) => cpus.includes(cpu)));
    };
  }
  if (affinity === "none" || cpus.length === 0) return () => null;
  if (affinity === "alternating") {
    return (index) => {
      const every = cpus.filter((_, position) => position % count === index % cpus.length);
      return orNull(every.slice(0, width).sort((a, b) => a - b));
    };
  }
  const ordered = affinity === "block" ? cpus : cpus.toReversed();
  return (index) => blockOf(ordered, Math.floor(index * cores), width);
}

/** Begins again at the first where slots have more than there is. */
function blockOf(cpus: readonly number[], start: number, width: number): number[] {
  const all = Array.from({ length: width }, (_, offset) => cpus[(start + offset) % cpus.length]!);
  return [...new Set(all)].sort((a, b) => a - b);
}

/** Several slots as one. */
export function together(slots: readonly SlotResources[]): SlotResources {
  const cpus = slots.map((slot) => slot.cpus);
  return {
    // Ten tenths are one.
    cores: Math.round(1e6 * slots.reduce((sum, slot) => sum + slot.cores, 0)) / 1e6,
    memory: slots.reduce((sum, slot) => sum + slot.memory, 0),
    accelerators: [...new Set(slots.flatMap((slot) => slot.accelerators))],
    cpus: cpus.includes(null)
      ? null
      : [...new Set(cpus.flatMap((list) => list ?? []))].sort((a, b) => a - b),
  };
}
