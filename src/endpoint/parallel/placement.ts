/**
 * Which nodes a task gets that takes whole ones: all of one block, and none that another task has.
 * Pure; `placer.ts` keeps the accounts.
 */

/** A node of a block as the agent sees it. */
export interface NodeView {
  /** Of this node, in no other block. */
  readonly key: string;
  readonly block: string;
  /** As launchers in the block know it. */
  readonly name: string;
  /** Whether the manager that runs commands for it is there, where it runs its workers too. */
  readonly isHome: boolean;
  /** A task has it for itself. */
  readonly isTaken: boolean;
  /** Tasks of its workers, which have to end before a task can have it for itself. */
  readonly load: number;
}

export type Choice =
  /** These are free, the first one first. */
  | { readonly kind: "place"; readonly nodes: readonly NodeView[] }
  /** The block where so many are free soonest, and which: nothing else is to begin there. */
  | { readonly kind: "reserve"; readonly nodes: readonly NodeView[] }
  /** No block has so many. */
  | { readonly kind: "none" };

/** @param count above 0. @param nodes those that the task may have. */
export function choose(count: number, nodes: readonly NodeView[]): Choice {
  const blocks = [...byBlock(nodes)].filter((block) => block.length >= count);
  const free = blocks.map((block) => block.filter(isFree)).filter(({ length }) => length >= count);
  if (free.length > 0) {
    // The tightest fit leaves the larger gaps to larger tasks.
    const tightest = free.reduce((best, each) => each.length < best.length ? each : best);
    return { kind: "place", nodes: tightest.sort(spareHomes).slice(0, count) };
  }
  const candidates = blocks.map((block) => block.sort(byWait).slice(0, count));
  if (candidates.length === 0) return { kind: "none" };
  return {
    kind: "reserve",
    nodes: candidates.reduce((best, each) => compareWaits(each, best) < 0 ? each : best),
  };
}

export function isFree({ isTaken, load }: NodeView): boolean {
  return !isTaken && load === 0;
}

function byBlock(nodes: readonly NodeView[]): Iterable<NodeView[]> {
  const blocks = new Map<string, NodeView[]>();
  for (const node of nodes) {
    const block = blocks.get(node.block);
    if (block === undefined) blocks.set(node.block, [node]);
    else block.push(node);
  }
  return blocks.values();
}

/** Nodes without workers first: nobody else has a use for them. */
function spareHomes(a: NodeView, b: NodeView): number {
  return Number(a.isHome) - Number(b.isHome);
}

/** What takes whole nodes mostly takes longer than what waits for it. */
function byWait(a: NodeView, b: NodeView): number {
  return Number(a.isTaken) - Number(b.isTaken) || a.load - b.load;
}

function compareWaits(a: readonly NodeView[], b: readonly NodeView[]): number {
  const taken = (nodes: readonly NodeView[]): number =>
    nodes.reduce((sum, { isTaken }) => sum + Number(isTaken), 0);
  const load = (nodes: readonly NodeView[]): number =>
    nodes.reduce((sum, node) => sum + node.load, 0);
  return taken(a) - taken(b) || load(a) - load(b);
}
