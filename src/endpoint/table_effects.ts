/** Carries out what the task table decides: in the spool at its next commit, elsewhere after it. */
import type { TaskId } from "../contract/ids.ts";
import type { TaskArguments } from "./blobs/task_arguments.ts";
import type { EventReporter } from "./event_reporter.ts";
import type { Launcher } from "./launcher.ts";
import type { LiveOutput } from "./live_output.ts";
import type { Outbox } from "./outbox.ts";
import type { Spool } from "./spool.ts";
import type { SpoolCommits } from "./spool_commits.ts";
import type { TableEffect, TableEvent } from "./table_events.ts";
import type { FinishedTask, SpooledTask } from "./task.ts";

export interface EffectOptions {
  readonly spool: Spool;
  readonly commits: SpoolCommits;
  readonly launcher: Launcher;
  readonly outbox: Outbox;
  readonly reporter: EventReporter;
  readonly live: LiveOutput;
  /** Large arguments, which their attempts wait for. */
  readonly taskArguments: Pick<TaskArguments, "fetch" | "release"> | undefined;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Tells the table at once. */
  readonly apply: (event: TableEvent) => void;
  /** Tells the table in another turn. */
  readonly add: (event: TableEvent) => void;
}

export class TableEffects {
  readonly #options: EffectOptions;
  #finished: FinishedTask[] = [];
  /** Ids of `#finished`. */
  readonly #ending = new Set<TaskId>();

  constructor(options: EffectOptions) {
    this.#options = options;
  }

  carryOut(effect: TableEffect): void {
    const { spool, commits, launcher, reporter, taskArguments } = this.#options;
    switch (effect.kind) {
      case "store":
        return spool.store(effect.tasks, effect.lanes);
      case "begin":
        return spool.begin(effect.through, effect.again);
      case "forget":
        return spool.forgetLanes(effect.lanes);
      case "requeue":
        return spool.requeue(effect.tasks);
      case "finish": {
        for (const { result } of effect.tasks) {
          this.#ending.add(result.task_id);
          this.#ended(result.task_id);
        }
        this.#finished.push(...effect.tasks);
        return;
      }
      case "fetch":
        commits.after(() => this.#fetch(effect.tasks));
        return;
      case "release":
        commits.after(() => taskArguments?.release(effect.taskIds));
        return;
      case "run":
        launcher.expect(effect.attempts.length);
        commits.after(() => launcher.begin(effect.attempts));
        return;
      case "end":
        commits.after(() => launcher.cancel(effect.taskIds));
        return;
      case "report":
        return reporter.add(effect.events);
      case "load":
        // First, so that what it reads is what the table knows of.
        commits.firstAfter(() => this.#load(effect));
        return;
    }
  }

  #fetch(tasks: readonly SpooledTask[]): void {
    const { taskArguments, now, add } = this.#options;
    taskArguments?.fetch(tasks, (taskId, error) => {
      add({ kind: "fetched", at: now(), taskId, error });
    });
  }

  #ended(taskId: TaskId): void {
    this.#options.reporter.ended(taskId);
    this.#options.live.ended(taskId);
  }

  #load({ lanes, bytes }: TableEffect & { kind: "load" }): void {
    const { spool, now, apply } = this.#options;
    apply({ kind: "loaded", at: now(), lanes: spool.load(lanes, bytes) });
  }

  /** Whether the task has a result that the spool does not know of yet. */
  isEnding(taskId: TaskId): boolean {
    return this.#ending.has(taskId);
  }

  /** Queues what has finished for the spool: results of one turn share their frames. */
  storeResults(): void {
    if (this.#finished.length === 0) return;
    const { outbox, commits } = this.#options;
    this.#ending.clear();
    const batches = outbox.add(this.#finished.splice(0));
    commits.after(() => outbox.ready(batches));
  }
}
