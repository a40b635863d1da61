/**
 * A client as a process of its own, so that it can be killed: it submits what was planned for it and
 * reads its results with the TypeScript client. What it was told is in its journal; started again
 * it goes on from there. It ends with 0 when it has seen a result of each of its tasks.
 *
 * Usage: client_main.ts OPTIONS_FILE
 */
import {
  Client,
  type FinishedTask,
  FuncxError,
  resultOf,
  type ShellResult,
} from "../../src/client/mod.ts";
import { delay } from "../../src/lib/async.ts";
import { appendEntry, type JournalEntry, readJournal, type SeenResult } from "./client_journal.ts";
import {
  argumentsOf,
  INLINE_ARGUMENT_BYTES,
  type PlannedBatch,
  type SeenValue,
  sha256Of,
  type TaskRuntime,
} from "./workload.ts";

export interface ClientProcessOptions {
  readonly url: string;
  readonly tokenFile: string;
  readonly endpointId: string;
  readonly functionIds: Readonly<Record<TaskRuntime, string>>;
  readonly taskGroupIds: readonly string[];
  readonly batches: readonly PlannedBatch[];
  readonly ledger: string;
  readonly journal: string;
  /** When the first batch is due; milliseconds since 1970. */
  readonly begin: number;
}

const RETRY_PAUSE = 200;

class ChaosClient {
  readonly #options: ClientProcessOptions;
  readonly #client: Client;
  readonly #accepted = new Set<string>();
  readonly #cancelled = new Set<string>();
  readonly #seen: Set<string>[];
  readonly #positions: (string | undefined)[];
  /** Resolves when the group exists at the service. */
  readonly #exists: PromiseWithResolvers<void>[];

  constructor(options: ClientProcessOptions) {
    this.#options = options;
    const { url, tokenFile, taskGroupIds, journal } = options;
    const token = Deno.readTextFileSync(tokenFile).trim();
    this.#client = new Client({ url, token, inlineBytes: INLINE_ARGUMENT_BYTES });
    this.#seen = taskGroupIds.map(() => new Set());
    this.#positions = taskGroupIds.map(() => undefined);
    this.#exists = taskGroupIds.map(() => Promise.withResolvers());
    for (const entry of readJournal(journal)) this.#remember(entry);
  }

  async run(): Promise<void> {
    const reading = this.#options.taskGroupIds.map((_, group) => this.#readGroup(group));
    await this.#submitAll();
    await Promise.all(reading);
  }

  #tell(entry: JournalEntry): void {
    appendEntry(this.#options.journal, entry);
    this.#remember(entry);
  }

  #remember(entry: JournalEntry): void {
    switch (entry.kind) {
      case "accepted": {
        this.#accepted.add(entry.batch);
        const batch = this.#options.batches.find(({ name }) => name === entry.batch)!;
        return this.#exists[batch.group]!.resolve();
      }
      case "results":
        this.#positions[entry.group] = entry.position;
        for (const { taskId } of entry.results) this.#seen[entry.group]!.add(taskId);
        return;
      case "cancelled":
        this.#cancelled.add(entry.batch);
        return;
      case "refused":
        return;
    }
  }

  async #submitAll(): Promise<void> {
    for (const batch of this.#options.batches) {
      await delay(Math.max(0, this.#options.begin + batch.at - Date.now()));
      if (this.#accepted.has(batch.name) && this.#cancelled.has(batch.name)) continue;
      const taskIds = await this.#submit(batch);
      if (batch.repeated) await this.#submit(batch);
      const unwanted = taskIds.filter((_, index) => batch.tasks[index]!.cancelled);
      if (unwanted.length > 0) await this.#persist(() => this.#client.cancel(unwanted));
      this.#tell({ kind: "cancelled", batch: batch.name });
    }
  }

  async #submit(batch: PlannedBatch): Promise<readonly string[]> {
    const functionId = this.#options.functionIds[batch.runtime];
    const answer = await this.#persist(async () =>
      await this.#client.submit(
        this.#options.endpointId,
        {
          tasks: { [functionId]: await this.#payloads(batch) },
          task_group_id: this.#options.taskGroupIds[batch.group]!,
          max_attempts: batch.maxAttempts,
        },
        { idempotencyKey: batch.name },
      )
    );
    const taskIds = answer.tasks[functionId]!;
    this.#tell({ kind: "accepted", batch: batch.name, taskIds });
    return taskIds;
  }

  /** Uploads what goes by reference. */
  async #payloads({ runtime, tasks }: PlannedBatch): Promise<string[]> {
    return await Promise.all(tasks.map((task) => {
      const { args, kwargs } = argumentsOf(runtime, task, this.#options.ledger);
      return this.#client.blobs.payload(args, kwargs);
    }));
  }

  async #readGroup(group: number): Promise<void> {
    const { batches, taskGroupIds } = this.#options;
    const expected = batches.filter((batch) => batch.group === group)
      .reduce((sum, batch) => sum + batch.tasks.length, 0);
    const seen = this.#seen[group]!;
    if (seen.size >= expected) return;
    await this.#exists[group]!.promise;
    await this.#persist(async () => {
      const after = this.#positions[group];
      for await (
        const { tasks, position } of this.#client.results(taskGroupIds[group]!, { after })
      ) {
        const whole = await Promise.all(tasks.map((task) => this.#client.blobs.withResult(task)));
        this.#tell({ kind: "results", group, position, results: whole.map(seenResult) });
        if (seen.size >= expected) return;
      }
    });
  }

  /** Again and again while the error says that it may work later, as a patient program would. */
  async #persist<T>(action: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await action();
      } catch (thrown) {
        if (thrown instanceof FuncxError && thrown.kind.retryable) {
          await delay(RETRY_PAUSE);
          continue;
        }
        this.#tell({ kind: "refused", what: String(thrown) });
        throw thrown;
      }
    }
  }
}

function seenResult(task: FinishedTask): SeenResult {
  const { task_id: taskId, status, error } = task;
  if (status !== "success") return { taskId, status, code: error?.code };
  const result = resultOf(task) as SeenValue | ShellResult;
  if (!("stdout" in result)) return { taskId, status, value: valueOf(result) };
  if (result.returncode !== 0) return { taskId, status, returnCode: result.returncode };
  const [key = "", argument = "", filler = ""] = result.stdout.split("\n");
  return { taskId, status, value: valueOf({ key, argument, filler }) };
}

function valueOf({ key, argument, filler }: SeenValue): SeenValue {
  return { key, argument, filler: sha256Of(filler) };
}

if (import.meta.main) {
  await new ChaosClient(JSON.parse(Deno.readTextFileSync(Deno.args[0]!))).run();
}
