/** Attempts on their way from the table to the executor, as soon as each of them may begin. */
import type { TaskId } from "../contract/ids.ts";
import { isLastAttempt } from "./attempts.ts";
import type { Executor, FinishedAttempt, TaskAttempt } from "./executor/executor.ts";
import type { FunctionCache } from "./function_cache.ts";
import { attemptWithoutCode, taskAttempt } from "./handover.ts";
import type { LiveOutput } from "./live_output.ts";
import type { SpoolSync } from "./spool_sync.ts";
import type { Handover } from "./table_events.ts";

export interface LauncherOptions {
  readonly functions: FunctionCache;
  readonly live: LiveOutput;
  readonly sync: SpoolSync;
  /** Of tasks that do not say. */
  readonly maxAttempts: number;
  /** Told of attempts that cannot be made. */
  readonly finished: (attempts: FinishedAttempt[]) => void;
}

export class Launcher {
  readonly #options: LauncherOptions;
  #executor: Executor | undefined;
  /** Attempts that the table began and that the executor does not have yet. */
  #expected = 0;
  /** Those among them whose beginning is on its way to the disk. */
  #unsynced = 0;

  constructor(options: LauncherOptions) {
    this.#options = options;
  }

  start(executor: Executor): void {
    this.#executor = executor;
  }

  get executor(): Executor | undefined {
    return this.#executor;
  }

  /** How many more attempts may be given. */
  get room(): number {
    return (this.#executor?.capacity() ?? 0) - this.#expected;
  }

  /** Whether there is a task for each worker, and another one for after it. */
  get isBusy(): boolean {
    const load = this.#executor?.load();
    return load !== undefined && load.outstanding_tasks >= 2 * load.total_workers;
  }

  /** So many attempts come after the commit. */
  expect(count: number): void {
    this.#expected += count;
  }

  /** Attempts whose beginning is committed: see (2) of the task flow. */
  begin(handovers: readonly Handover[]): void {
    const last: Handover[] = [];
    const others: Handover[] = [];
    for (const handover of handovers) (this.#isLast(handover) ? last : others).push(handover);
    if (others.length > 0) this.#run(others);
    if (last.length === 0) return;
    this.#unsynced += last.length;
    this.#options.sync.whenSynced(() => {
      this.#unsynced -= last.length;
      this.#run(last);
    }, "now");
  }

  /** Ends what was begun, though not before the executor has it. */
  cancel(taskIds: readonly TaskId[]): void {
    const cancel = (): void => this.#executor?.cancel(taskIds);
    if (this.#unsynced > 0) this.#options.sync.whenSynced(cancel, "now");
    else cancel();
  }

  #isLast({ task, attempt }: Handover): boolean {
    const maximum = task.options.max_attempts ?? this.#options.maxAttempts;
    return isLastAttempt({ attempt, moved: task.moved }, maximum);
  }

  #run(handovers: readonly Handover[]): void {
    const { functions, live, finished } = this.#options;
    this.#expected -= handovers.length;
    const attempts: TaskAttempt[] = [];
    for (const handover of handovers) {
      const code = functions.get(handover.task.functionId);
      if (code !== undefined) attempts.push(taskAttempt(handover, code));
      else finished([attemptWithoutCode(handover)]);
    }
    this.#executor!.run(attempts);
    live.given(this.#executor!, attempts);
  }
}
