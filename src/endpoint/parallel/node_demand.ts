/**
 * How many tasks at this endpoint take whole nodes, by how many: what the scaler has to know beside
 * the number of tasks. One that an earlier agent left in the spool is noted when it has its turn.
 */
import type { TaskId } from "../../contract/ids.ts";
import type { TaskOptions } from "../../contract/protocol/messages.ts";
import { nodesTaken } from "./specification.ts";

export class NodeDemand {
  readonly #nodes = new Map<TaskId, number>();
  readonly #counts = new Map<number, number>();

  /** Tasks by the number of nodes that each takes. */
  get counts(): ReadonlyMap<number, number> {
    return this.#counts;
  }

  note(taskId: TaskId, options: TaskOptions): void {
    if (options.resource_specification === undefined || this.#nodes.has(taskId)) return;
    const nodes = nodesTaken(options);
    if (nodes === null) return;
    this.#nodes.set(taskId, nodes);
    this.#counts.set(nodes, (this.#counts.get(nodes) ?? 0) + 1);
  }

  ended(taskId: TaskId): void {
    const nodes = this.#nodes.get(taskId);
    if (nodes === undefined) return;
    this.#nodes.delete(taskId);
    const left = this.#counts.get(nodes)! - 1;
    if (left === 0) this.#counts.delete(nodes);
    else this.#counts.set(nodes, left);
  }

  get isEmpty(): boolean {
    return this.#nodes.size === 0;
  }
}
