/**
 * What runs on the node of one manager process: tasks on its workers, and the commands of tasks that
 * have whole nodes, of which this is the first. Who places them sees to it that these two do not
 * meet.
 */
import type { TaskId } from "../../contract/ids.ts";
import type { PictureSlot } from "../../contract/protocol/machine_picture.ts";
import { NodeTasks } from "../parallel/node_tasks.ts";
import type { Executor, TaskAttempt } from "./executor.ts";
import { Manager, type ManagerOptions } from "./manager.ts";

export interface NodeExecutorOptions extends ManagerOptions {
  /** Of this process. */
  readonly env: Readonly<Record<string, string>>;
}

export class NodeExecutor implements Executor {
  readonly #workers: Manager;
  readonly #nodeTasks: NodeTasks;

  constructor(options: NodeExecutorOptions) {
    this.#workers = new Manager(options);
    this.#nodeTasks = new NodeTasks(options);
  }

  get runtimes(): readonly string[] {
    return this.#workers.runtimes;
  }

  get pythonVersion(): string | undefined {
    return this.#workers.pythonVersion;
  }

  /** How many attempts its workers want to have in all. */
  get wanted(): number {
    return this.#workers.wanted;
  }

  /** Images that its workers are in, the last ones used. */
  get warmImages(): readonly string[] {
    return this.#workers.warmImages;
  }

  /** Attempts that have whole nodes. */
  get placed(): NodeTasks["placed"] {
    return this.#nodeTasks.placed;
  }

  capacity(): number {
    return this.#workers.capacity();
  }

  run(attempts: readonly TaskAttempt[]): void {
    this.#workers.run(attempts);
  }

  /** @param nodes names that launchers know, the first one this node's or one without a manager */
  runOnNodes(attempt: TaskAttempt, nodes: readonly string[]): void {
    this.#nodeTasks.run(attempt, nodes);
  }

  cancel(taskIds: readonly TaskId[]): void {
    this.#workers.cancel(taskIds);
    this.#nodeTasks.cancel(taskIds);
  }

  follow(taskId: TaskId, on: boolean): void {
    this.#workers.follow(taskId, on);
    this.#nodeTasks.follow(taskId, on);
  }

  /** Gives back so many attempts that its workers have certainly not begun. */
  giveBack(count: number): void {
    this.#workers.giveBack(count);
  }

  recall(): void {
    this.#workers.recall();
  }

  load(): ReturnType<Executor["load"]> {
    const load = this.#workers.load();
    return { ...load, outstanding_tasks: load.outstanding_tasks + this.#nodeTasks.size };
  }

  /** What each of its slots does; a task that has the node has all of them. */
  pictureOfSlots(): PictureSlot[] {
    const slots = this.#workers.pictureOfSlots();
    const whole = this.#nodeTasks.pictureOfSlot();
    return whole === null ? slots : slots.map(() => whole);
  }

  async close(): Promise<void> {
    this.#workers.recall();
    // Its own leftovers are killed last, among which these would be.
    await this.#nodeTasks.close();
    await this.#workers.close();
  }
}
