/**
 * The tasks of a pool that take whole nodes: those that wait for nodes, and which nodes the others
 * have. Nodes are known by the names that managers report (`node_names.ts`), so it is the same
 * whether a block has a manager on each node or one for all of them.
 *
 * Invariants, cited below:
 *
 * 1. An attempt that was added is in `#waiting` or in `#placed`, until it is taken out or has ended.
 * 2. A node has at most one task of `#placed`; while it has one, or is reserved, its workers are
 *    given nothing.
 * 3. Only the oldest task that waits reserves nodes, and it keeps them: others may overtake it where
 *    that does not make it wait longer, and no stream of them keeps it waiting.
 */
import type { TaskError } from "../../contract/errors.ts";
import type { TaskId } from "../../contract/ids.ts";
import type { PlannedEnd } from "../../contract/protocol/manager_messages.ts";
import type { AttemptId, AttemptOutcome, LostOutcome, TaskAttempt } from "../executor/executor.ts";
import { manageError } from "../executor/assignment.ts";
import { choose, isFree, type NodeView } from "./placement.ts";
import { nodesTaken } from "./specification.ts";

/** A manager as it is seen from here. */
export interface NodeHost {
  readonly managerId: string;
  readonly blockId: string;
  /** In the words of messages. */
  readonly name: string;
  /** Names of the nodes that it stands for; it runs on the first. */
  readonly nodes: readonly string[];
  /** Attempts that it has for its workers. */
  readonly load: number;
  /** Whether it takes anything now. */
  readonly isOpen: boolean;
  /** Why its end is planned, if it is. */
  readonly planned: PlannedEnd | null;
  fits(walltime: number | null): boolean;
  /** Its workers are given nothing while it is held; what they have not begun is taken back. */
  hold(isHeld: boolean): void;
  runOnNodes(attempt: TaskAttempt, nodes: readonly string[]): void;
  cancel(taskIds: readonly TaskId[]): void;
  follow(taskId: TaskId, on: boolean): void;
}

interface Waiting {
  readonly attempt: TaskAttempt;
  readonly nodes: number;
  /** Milliseconds; null means no end. */
  readonly walltime: number | null;
  /** Its live output is asked for. */
  isFollowed: boolean;
}

interface Placed {
  readonly attempt: number;
  readonly host: NodeHost;
  /** Keys. */
  readonly nodes: readonly string[];
  /** One of its nodes is lost, so it is, whatever is told of its end. */
  lost: LostOutcome | null;
}

interface Node extends NodeView {
  readonly host: NodeHost;
}

export class Placer {
  readonly #hosts = new Map<string, NodeHost>();
  #waiting: Waiting[] = [];
  readonly #placed = new Map<TaskId, Placed>();
  /** Keys, for the first of `#waiting` (3). */
  #reserved: readonly string[] = [];
  readonly #held = new Set<NodeHost>();

  /** Attempts that wait for nodes. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** Of those, milliseconds; null means no end. */
  get walltimes(): readonly (number | null)[] {
    return this.#waiting.map(({ walltime }) => walltime);
  }

  /** There is nothing to see to. */
  get isIdle(): boolean {
    return this.#waiting.length + this.#placed.size + this.#held.size === 0;
  }

  // -- managers -------------------------------------------------------------------------------------

  /** A manager has come. @param placed attempts of an earlier agent that it runs, with their nodes */
  came(
    host: NodeHost,
    placed: readonly (AttemptId & { readonly nodes: readonly string[] })[],
  ): void {
    this.#hosts.set(host.managerId, host);
    for (const { taskId, attempt, nodes } of placed) {
      const keys = nodes.map((name) => keyOf(host.blockId, name));
      this.#placed.set(taskId, { attempt, host, nodes: keys, lost: null });
    }
  }

  /** It does not come back; its own attempts have ended. Those on its nodes end as lost. */
  went(host: NodeHost, reason: string): void {
    this.#hosts.delete(host.managerId);
    this.#held.delete(host);
    const gone = new Set(host.nodes.map((name) => keyOf(host.blockId, name)));
    for (const [taskId, placed] of this.#placed) {
      if (placed.lost !== null || !placed.nodes.some((key) => gone.has(key))) continue;
      const { name, planned } = host;
      const error = nodeLost(name, reason);
      placed.lost = { kind: "lost", error, ...(planned === null ? {} : { planned }) };
      placed.host.cancel([taskId]);
    }
  }

  // -- attempts -------------------------------------------------------------------------------------

  add(attempt: TaskAttempt, walltime: number | null): void {
    const nodes = nodesTaken(attempt.options) ?? 1;
    this.#waiting.push({ attempt, nodes, walltime, isFollowed: false });
  }

  /** Begins or ends the live output of one that waits. */
  follow(taskId: TaskId, on: boolean): void {
    const waiting = this.#waiting.find(({ attempt }) => attempt.taskId === taskId);
    if (waiting !== undefined) waiting.isFollowed = on;
  }

  /** Takes those out that wait (1). */
  remove(taskIds: ReadonlySet<TaskId>): TaskAttempt[] {
    const removed = this.#waiting.filter(({ attempt }) => taskIds.has(attempt.taskId));
    if (removed.length === 0) return [];
    if (removed[0] === this.#waiting[0]) this.#reserved = [];
    this.#waiting = this.#waiting.filter((each) => !removed.includes(each));
    return removed.map(({ attempt }) => attempt);
  }

  /** Takes all out that wait. */
  drain(): TaskAttempt[] {
    this.#reserved = [];
    return this.#waiting.splice(0).map(({ attempt }) => attempt);
  }

  /** They are to be cancelled, which counts more than a node that is lost. */
  cancelled(taskIds: readonly TaskId[]): void {
    for (const taskId of taskIds) {
      const placed = this.#placed.get(taskId);
      if (placed !== undefined) placed.lost = null;
    }
  }

  /** It has ended; its nodes are free. @returns the outcome that counts */
  ended({ taskId, attempt }: AttemptId, outcome: AttemptOutcome): AttemptOutcome {
    const placed = this.#placed.get(taskId);
    if (placed === undefined || placed.attempt !== attempt) return outcome;
    this.#placed.delete(taskId);
    const isOver = outcome.kind === "success" || outcome.kind === "returned";
    return placed.lost === null || isOver ? outcome : placed.lost;
  }

  // -- nodes ----------------------------------------------------------------------------------------

  /** Gives nodes to whoever can have them, and holds back what has to become free. */
  settle(): void {
    const failed: Waiting[] = [];
    for (const waiting of this.#waiting) {
      if (failed.some((other) => asksNoLess(waiting, other))) {
        failed.push(waiting);
        continue;
      }
      if (!this.#tryPlace(waiting, failed.length === 0)) failed.push(waiting);
    }
    this.#waiting = failed;
    if (failed.length === 0) this.#reserved = [];
    this.#holdBack();
  }

  /** @param isOldest it may have the nodes that are reserved, and reserves some (3) */
  #tryPlace(waiting: Waiting, isOldest: boolean): boolean {
    const nodes = this.#nodes().filter(({ key, host }) =>
      host.isOpen && host.fits(waiting.walltime) && (isOldest || !this.#reserved.includes(key))
    );
    const choice = choose(waiting.nodes, nodes);
    if (choice.kind === "place") {
      if (isOldest) this.#reserved = [];
      this.#place(waiting, choice.nodes as readonly Node[]);
      return true;
    }
    if (isOldest) this.#reserve(choice.kind === "none" ? [] : choice.nodes, nodes);
    return false;
  }

  /** What was reserved stays so while it can serve: a better choice every moment would serve nobody. */
  #reserve(chosen: readonly NodeView[], usable: readonly Node[]): void {
    const stays = this.#reserved.length === chosen.length &&
      this.#reserved.every((key) => usable.some((node) => node.key === key));
    if (!stays) this.#reserved = chosen.map(({ key }) => key);
  }

  #place({ attempt, isFollowed }: Waiting, nodes: readonly Node[]): void {
    const { host } = nodes[0]!;
    const { taskId } = attempt;
    const keys = nodes.map(({ key }) => key);
    this.#placed.set(taskId, { attempt: attempt.attempt, host, nodes: keys, lost: null });
    this.#hold(new Set(keys));
    host.runOnNodes(attempt, nodes.map(({ name }) => name));
    if (isFollowed) host.follow(taskId, true);
  }

  /** (2) */
  #holdBack(): void {
    const keys = new Set(this.#reserved);
    for (const { nodes } of this.#placed.values()) for (const key of nodes) keys.add(key);
    const before = [...this.#held];
    this.#hold(keys);
    for (const host of before) {
      if (keys.has(homeOf(host))) continue;
      this.#held.delete(host);
      host.hold(false);
    }
  }

  #hold(keys: ReadonlySet<string>): void {
    for (const host of this.#hosts.values()) {
      if (this.#held.has(host) || !keys.has(homeOf(host))) continue;
      this.#held.add(host);
      host.hold(true);
    }
  }

  /** Managers that stand for the same node are one node, with the tasks of all of them. */
  #nodes(): Node[] {
    const taken = new Set([...this.#placed.values()].flatMap(({ nodes }) => nodes));
    const nodes = new Map<string, Node>();
    for (const host of this.#hosts.values()) {
      host.nodes.forEach((name, index) => {
        const key = keyOf(host.blockId, name);
        const isHome = index === 0;
        const known = nodes.get(key);
        const load = (isHome ? host.load : 0) + (known?.load ?? 0);
        const isTaken = taken.has(key);
        const { blockId: block } = host;
        nodes.set(
          key,
          known ? { ...known, load } : { key, block, name, isHome, isTaken, load, host },
        );
      });
    }
    return [...nodes.values()];
  }

  /** Which task the node of a manager is taken by, and the manager that runs it; by manager. */
  taken(): ReadonlyMap<string, { readonly taskId: TaskId; readonly host: NodeHost }> {
    const byNode = new Map<string, { readonly taskId: TaskId; readonly host: NodeHost }>();
    for (const [taskId, { host, nodes }] of this.#placed) {
      for (const key of nodes) byNode.set(key, { taskId, host });
    }
    const taken = [...this.#hosts].flatMap(([managerId, host]) => {
      const task = byNode.get(homeOf(host));
      return task === undefined ? [] : [[managerId, task] as const];
    });
    return new Map(taken);
  }

  /** For `status` and tests. */
  get freeNodes(): number {
    return this.#nodes().filter(isFree).length;
  }
}

function keyOf(blockId: string, name: string): string {
  return `${blockId}/${name}`;
}

function homeOf({ blockId, nodes }: NodeHost): string {
  return keyOf(blockId, nodes[0]!);
}

/** Then nodes that do not do for the other one do not do for it. */
function asksNoLess(one: Waiting, other: Waiting): boolean {
  const isNoShorter = one.walltime === null ||
    (other.walltime !== null && one.walltime >= other.walltime);
  return one.nodes >= other.nodes && isNoShorter;
}

function nodeLost(name: string, reason: string): TaskError {
  return manageError(
    "WORKER_LOST",
    `${name} was lost while the task had its node: ${reason}`,
    "See the block's output and the scheduler's accounting of its job.",
  );
}
