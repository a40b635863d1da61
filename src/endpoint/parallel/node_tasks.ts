/**
 * Runs the tasks that have whole nodes, at the manager that their first node belongs to. Each has a
 * manager of its own with one worker, which it does not share and which ends with it: so that its
 * launcher's words are in the environment of every runtime, and nothing of it is left on the node.
 *
 * 1. An attempt that was given is in `#tasks` until its one end, which is told when all its processes
 *    on this node are gone.
 */
import { endWithoutWorker } from "../executor/end_without_worker.ts";
import type { TaskId } from "../../contract/ids.ts";
import type { PictureSlot } from "../../contract/protocol/machine_picture.ts";
import { messageOf } from "../../lib/outcome.ts";
import { logger } from "../../lib/log.ts";
import type { ResolvedExecutor } from "../../profile/schema.ts";
import { manageError } from "../executor/assignment.ts";
import { endLeftovers } from "../executor/leftovers.ts";
import type {
  AttemptOutcome,
  ExecutorEvents,
  FinishedAttempt,
  TaskAttempt,
} from "../executor/executor.ts";
import { Manager } from "../executor/manager.ts";
import { wholeNode } from "../executor/resources/slot_placements.ts";
import { type RuntimeSet, runtimesWith } from "../executor/runtime_set.ts";
import { partOf, workerEnvironment } from "../executor/worker_environment.ts";
import { type LaunchPlace, launchVariables, type MpiexecKind } from "./launch_words.ts";
import { mpiexecKind } from "./mpiexec.ts";
import { type ParallelTask, specificationOf } from "./specification.ts";

const log = logger("executor", "nodes");

export interface NodeTasksOptions {
  readonly executor: ResolvedExecutor;
  readonly events: Omit<ExecutorEvents, "roomForMore">;
  readonly runtimes: RuntimeSet;
  /** Of the manager that these belong to. */
  readonly managerId: string;
  /** Absolute. */
  readonly resultFolder: string;
  /** Of this process. */
  readonly env: Readonly<Record<string, string>>;
}

interface NodeTask {
  readonly attempt: TaskAttempt;
  readonly nodes: readonly string[];
  /** None before it begins. */
  manager: Manager | null;
  isCancelled: boolean;
  isFollowed: boolean;
}

export class NodeTasks {
  readonly #options: NodeTasksOptions;
  readonly #tasks = new Map<TaskId, NodeTask>();
  readonly #ends = new Set<Promise<void>>();
  #mpiexec: Promise<MpiexecKind> | undefined;
  #isClosed = false;

  constructor(options: NodeTasksOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#tasks.size;
  }

  /** What runs, and on which nodes. */
  get placed(): { readonly attempt: TaskAttempt; readonly nodes: readonly string[] }[] {
    return [...this.#tasks.values()].map(({ attempt, nodes }) => ({ attempt, nodes }));
  }

  /** The task that has this node, if one has. */
  pictureOfSlot(): PictureSlot | null {
    const [task] = this.#tasks.values();
    if (task === undefined) return null;
    const { taskId, functionId } = task.attempt;
    const running = task.manager?.pictureOfSlots().find(({ task_id }) => task_id === taskId);
    return { task_id: taskId, function_id: functionId, since: running?.since ?? null };
  }

  run(attempt: TaskAttempt, nodes: readonly string[]): void {
    const task = { attempt, nodes, manager: null, isCancelled: false, isFollowed: false };
    this.#tasks.set(attempt.taskId, task);
    this.#watch(this.#begin(task));
  }

  cancel(taskIds: readonly TaskId[]): void {
    for (const taskId of taskIds) {
      const task = this.#tasks.get(taskId);
      if (task === undefined) continue;
      task.isCancelled = true;
      task.manager?.cancel([taskId]);
    }
  }

  follow(taskId: TaskId, on: boolean): void {
    const task = this.#tasks.get(taskId);
    if (task === undefined) return;
    task.isFollowed = on;
    task.manager?.follow(taskId, on);
  }

  /** Ends all; what runs ends as lost. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const { manager } of this.#tasks.values()) {
      if (manager !== null) this.#watch(manager.close());
    }
    while (this.#ends.size > 0) await Promise.all(this.#ends);
  }

  #watch(work: Promise<void>): void {
    const watched = work.finally(() => this.#ends.delete(watched));
    this.#ends.add(watched);
  }

  async #begin(task: NodeTask): Promise<void> {
    const { attempt } = task;
    const specification = specificationOf(attempt.options);
    if (specification.kind !== "nodes") {
      // Its agent takes no such task, so this cannot be.
      const error = manageError("INTERNAL_ERROR", "the task asks for no nodes", "Report this.");
      return this.#end(task, { kind: "failed", error });
    }
    try {
      const place = await this.#placeOf(task.nodes);
      if (task.isCancelled) return this.#end(task, { kind: "cancelled" });
      if (this.#isClosed) return this.#end(task, { kind: "returned" });
      this.#start(task, specification.task, launchVariables(specification.task, place));
    } catch (thrown) {
      const error = manageError(
        "CouldNotExecuteUserTaskError",
        `the task cannot be started on its nodes: ${messageOf(thrown)}`,
        "See the manager's log.",
      );
      this.#end(task, { kind: "failed", error });
    }
  }

  async #placeOf(nodes: readonly string[]): Promise<LaunchPlace> {
    const { executor, env, managerId } = this.#options;
    const environment = workerEnvironment({
      inherited: env,
      added: executor.environment,
      managerId,
    });
    this.#mpiexec ??= mpiexecKind(executor.workerInit, environment);
    const isSlurm = env.SLURM_JOB_ID !== undefined;
    const cores = Number(env.SLURM_CPUS_ON_NODE);
    return {
      nodes,
      launcher: executor.mpiLauncher ?? (isSlurm ? "srun" : "mpiexec"),
      mpiexec: await this.#mpiexec,
      cores: cores > 0 ? cores : null,
    };
  }

  #start(
    task: NodeTask,
    { ranksPerNode }: ParallelTask,
    variables: Readonly<Record<string, string>>,
  ): void {
    const { attempt } = task;
    const { executor, events, runtimes, managerId, resultFolder } = this.#options;
    const ownId = partOf(managerId, `${attempt.taskId}-${attempt.attempt}`);
    log.info("task {taskId} has nodes {nodes}", { taskId: attempt.taskId, nodes: task.nodes });
    const manager: Manager = new Manager({
      // The limit on memory is that of a worker among others.
      executor: {
        ...executor,
        workersPerNode: 1,
        prefetch: 0,
        slot: { ...executor.slot, memory: null },
      },
      events: {
        started: (told) => events.started(told),
        output: (chunk) => events.output(chunk),
        roomForMore: () => undefined,
        finished: ([ended]) => this.#watch(this.#ended(manager, ownId, ended!)),
      },
      runtimes: runtimesWith(runtimes, variables, ownId),
      placements: wholeNode(ranksPerNode),
      managerId: ownId,
      resultFolder,
    });
    task.manager = manager;
    manager.run([attempt]);
    if (task.isFollowed) manager.follow(attempt.taskId, true);
  }

  /** (1) */
  async #ended(manager: Manager, ownId: string, ended: FinishedAttempt): Promise<void> {
    await manager.close();
    // Launchers put ranks into groups of their own, which may have begun as theirs ended.
    await endLeftovers(ownId);
    this.#tasks.delete(ended.taskId);
    this.#options.events.finished([ended]);
  }

  #end({ attempt }: NodeTask, outcome: AttemptOutcome): void {
    this.#tasks.delete(attempt.taskId);
    this.#options.events.finished([endWithoutWorker(attempt, outcome)]);
  }
}
