/** A node's manager between its agent and its workers: what is said on the link, and how it ends. */
import { endWithoutWorker } from "../executor/end_without_worker.ts";
import {
  ERROR_KINDS,
  EXIT,
  type ExitCode,
  FuncxError,
  isErrorCode,
  type TaskError,
} from "../../contract/errors.ts";
import type { ManagerConnection } from "../../contract/manager_connection.ts";
import type { AgentMessage, ManagerHello, Run } from "../../contract/protocol/manager_messages.ts";
import { MANAGER_PROTOCOL_VERSION } from "../../contract/protocol/version.ts";
import { after, delay, withTimeout } from "../../lib/async.ts";
import { ensurePrivateFolder } from "../../lib/files.ts";
import { wallClock } from "../../lib/clock.ts";
import { logger } from "../../lib/log.ts";
import { messageOf } from "../../lib/outcome.ts";
import { join } from "../../lib/path.ts";
import { VERSION } from "../../lib/version.ts";
import type { ResolvedExecutor } from "../../profile/schema.ts";
import { manageError } from "../executor/assignment.ts";
import type { AttemptOutcome, FinishedAttempt, TaskAttempt } from "../executor/executor.ts";
import { containerFolder } from "../executor/containers/container_folder.ts";
import { JOB_END_SIGNALS } from "../executor/exit_reason.ts";
import { NodeExecutor } from "../executor/node_executor.ts";
import { nodeFacts } from "../executor/resources/node_facts.ts";
import { slotPlacements } from "../executor/resources/slot_placements.ts";
import { detectRuntimes } from "../executor/runtime_set.ts";
import { tryWorkerInit } from "../executor/worker_init.ts";
import { drainLead, endingTime } from "../managers/block_end.ts";
import { FileDownloads, FileGoneError, pieceOf, RESULT_FILE } from "../managers/file_transfer.ts";
import { nodeNames } from "../parallel/node_names.ts";
import { AgentDialler } from "./agent_dialler.ts";
import { ArgumentFiles } from "./argument_files.ts";
import { readConnection } from "./block_connection.ts";
import { cutOff, type EndPlanner, type ManagerEnd, planOf } from "./cut_off.ts";
import { type Arrived, HeldAttempts } from "./held_attempts.ts";
import { noteEngine } from "./node_folder.ts";

const log = logger("manager");

/** The agent gets so long to confirm the last ends, milliseconds. */
const HANDOVER_TIME = 3_000;
/** Where the files of its attempts' arguments are, in its folder. */
const ARGUMENTS = "arguments";

export interface ManagerProcessOptions {
  readonly connectionFile: string;
  /** Seconds from this process's start to the end of its block; without it, it knows of none. */
  readonly walltime?: number;
  readonly env: (name: string) => string | undefined;
  /** Aborted to end it, as SIGTERM and SIGINT do. */
  readonly signal: AbortSignal;
  /** Starts a TypeScript worker; this program's hidden command `worker` unless replaced. */
  readonly workerCommand?: readonly string[];
}

/** Why it ends, and whether running tasks may finish first. */
interface Ending {
  readonly reason: string;
  readonly exit: ExitCode;
  /** Milliseconds that running tasks get. */
  readonly drain: number;
  /** Who had planned it, if somebody had; a task that it cuts off loses no attempt then. */
  readonly plannedBy?: EndPlanner;
}

export interface NodeOptions extends ManagerProcessOptions {
  readonly connection: ManagerConnection;
  readonly managerId: string;
  /** Of this node alone. */
  readonly folder: string;
}

export class ManagerNode {
  readonly #options: NodeOptions;
  readonly #held: HeldAttempts;
  readonly #manager: NodeExecutor;
  readonly #dialler: AgentDialler;
  readonly #downloads = new FileDownloads();
  readonly #arguments: ArgumentFiles;
  /** Attempts whose arguments are on their way. */
  readonly #fetching = new Map<string, TaskAttempt>();
  /** Attempts with the manager that use files. */
  readonly #withFiles = new Map<string, TaskAttempt>();
  readonly #ending = Promise.withResolvers<Ending>();
  /** By `performance.now()`. */
  readonly #endsAt: number | undefined;
  /** When it could be given tasks first, milliseconds since 1970; null before. */
  #openSince: number | null = null;
  readonly #workers: number;
  readonly #nodes: string[];

  private constructor(
    options: NodeOptions,
    held: HeldAttempts,
    manager: NodeExecutor,
    { workers, nodes }: { readonly workers: number; readonly nodes: string[] },
  ) {
    this.#options = options;
    this.#held = held;
    this.#manager = manager;
    this.#workers = workers;
    this.#nodes = nodes;
    this.#arguments = new ArgumentFiles(join(options.folder, ARGUMENTS), this.#downloads);
    const { walltime, connectionFile } = options;
    // That clock began with the process: what it took to get ready is the block's time too.
    this.#endsAt = walltime === undefined ? undefined : walltime * 1_000;
    this.#dialler = new AgentDialler({
      connection: () => readConnection(connectionFile),
      hello: () => this.#hello(),
      opened: (link, welcome, hello) => {
        this.#openSince ??= wallClock();
        this.#held.opened(link, welcome, hello.limit);
        this.#downloads.opened((fetch) => link.send(fetch));
      },
      message: (message) => this.#received(message),
      closed: () => {
        this.#held.closed();
        this.#downloads.closed();
      },
    });
  }

  /** Rejects with `START_FAILED` where `workerInit` fails: then it offers its agent no workers. */
  static async start(options: NodeOptions): Promise<ManagerNode> {
    const { connection, managerId, folder, workerCommand } = options;
    // Checked by the agent that wrote it, which is the same program.
    const profile = connection.executor as unknown as ResolvedExecutor;
    const executor: ResolvedExecutor = { ...profile, workersPerNode: connection.workers };
    const placements = slotPlacements(executor);
    Deno.mkdirSync(executor.workingFolder, { recursive: true, mode: 0o700 });
    const failure = await tryWorkerInit(executor, managerId);
    if (failure !== null) throw new FuncxError(failure);
    const resultFolder = join(folder, "results");
    ensurePrivateFolder(resultFolder);
    const containerFolders = {
      own: containerFolder(managerId),
      results: resultFolder,
      arguments: join(folder, ARGUMENTS),
    };
    const runtimes = await detectRuntimes({ executor, managerId, containerFolders, workerCommand });
    noteEngine(folder, executor.container?.type);
    const nodes = await nodesOf(executor, options.env);
    const held = new HeldAttempts();
    const node: ManagerNode = new ManagerNode(
      options,
      held,
      new NodeExecutor({
        executor,
        events: { ...held.events, finished: (attempts) => node.#ended(attempts) },
        runtimes,
        placements,
        managerId,
        resultFolder,
        env: Deno.env.toObject(),
      }),
      { workers: placements.slots.length, nodes },
    );
    held.start(node.#manager);
    return node;
  }

  #hello(): ManagerHello {
    return {
      type: "hello",
      protocol_version: MANAGER_PROTOCOL_VERSION,
      manager_id: this.#options.managerId,
      hostname: Deno.hostname(),
      pid: Deno.pid,
      software_version: VERSION,
      node: nodeFacts(),
      workers: this.#workers,
      runtimes: [...this.#manager.runtimes],
      python_version: this.#manager.pythonVersion,
      limit: this.#held.limit,
      ...this.#held.held,
      nodes: this.#nodes,
      on_nodes: this.#manager.placed.map(({ attempt: { taskId, attempt }, nodes }) => (
        { task_id: taskId, attempt, nodes: [...nodes] }
      )),
      ...(this.#endsAt === undefined
        ? {}
        : { ends_in: Math.max(0, this.#endsAt - performance.now()) }),
      ...(this.#openSince === null ? {} : { open_for: Math.max(0, wallClock() - this.#openSince) }),
    };
  }

  // -- what the agent says --------------------------------------------------------------------------

  #received(message: AgentMessage): void {
    switch (message.type) {
      case "run":
        return this.#run(message);
      case "kept":
        return this.#held.kept(message.attempts);
      case "cancel":
        return this.#cancel(message.task_ids);
      case "recall":
        return this.#manager.giveBack(message.count);
      case "follow":
        for (const taskId of message.task_ids) this.#held.follow(taskId, message.on);
        return;
      case "fetch": {
        const { task_id: taskId, attempt, file } = message;
        const path = file === RESULT_FILE ? this.#held.resultFile({ taskId, attempt }) : undefined;
        void pieceOf(message, path).then((piece) => this.#dialler.link?.send(piece));
        return;
      }
      case "piece":
        return this.#downloads.received(message);
      case "shutdown": {
        const reason = "the endpoint was stopped before the task had finished";
        if (!message.drain) return this.#end({ reason, exit: EXIT.ok, drain: 0 });
        return this.#end({ reason, exit: EXIT.ok, drain: Infinity, plannedBy: "agent" });
      }
    }
  }

  #run(message: Run): void {
    const ready: TaskAttempt[] = [];
    for (const arrived of this.#held.arrived(message)) {
      const { attempt, files, nodes } = arrived;
      if (!this.#held.accept(attempt)) continue;
      if (files.length > 0) void this.#fetchAndRun(arrived);
      else if (nodes !== undefined) this.#manager.runOnNodes(attempt, nodes);
      else ready.push(attempt);
    }
    if (ready.length > 0) this.#manager.run(ready);
  }

  async #fetchAndRun({ attempt, files, nodes }: Arrived): Promise<void> {
    const { taskId } = attempt;
    this.#fetching.set(taskId, attempt);
    try {
      const blobs = await this.#arguments.fetch(attempt, files);
      if (this.#isFetching(attempt)) {
        this.#fetching.delete(taskId);
        this.#withFiles.set(taskId, attempt);
        const whole = { ...attempt, blobs };
        if (nodes !== undefined) this.#manager.runOnNodes(whole, nodes);
        else this.#manager.run([whole]);
        // The manager did not have it when that was asked.
        if (this.#held.isFollowed(taskId)) this.#manager.follow(taskId, true);
        return;
      }
    } catch (thrown) {
      // An agent that was started anew does not have the files any more, but it can fetch them.
      const isGone = thrown instanceof FileGoneError;
      const error = notFetched(messageOf(thrown));
      this.#endFetching(attempt, isGone ? { kind: "returned" } : { kind: "lost", error });
    }
    this.#arguments.release(attempt);
  }

  #isFetching(attempt: TaskAttempt): boolean {
    return this.#fetching.get(attempt.taskId) === attempt;
  }

  /** It has not begun; what is on its way for it is released when it is here. */
  #endFetching(attempt: TaskAttempt, outcome: AttemptOutcome): void {
    if (!this.#isFetching(attempt)) return;
    this.#fetching.delete(attempt.taskId);
    this.#held.ended([endWithoutWorker(attempt, outcome)]);
  }

  #cancel(taskIds: readonly string[]): void {
    this.#manager.cancel(taskIds);
    for (const taskId of taskIds) {
      const attempt = this.#fetching.get(taskId);
      if (attempt !== undefined) this.#endFetching(attempt, { kind: "cancelled" });
    }
  }

  /** These have ended with the manager. */
  #ended(attempts: readonly FinishedAttempt[]): void {
    if (this.#withFiles.size > 0) {
      for (const { taskId } of attempts) {
        const attempt = this.#withFiles.get(taskId);
        this.#withFiles.delete(taskId);
        if (attempt !== undefined) this.#arguments.release(attempt);
      }
    }
    this.#held.ended(attempts);
  }

  // -- its end --------------------------------------------------------------------------------------

  #end(ending: Ending): void {
    this.#ending.resolve(ending);
  }

  async run(): Promise<ExitCode> {
    const dialling = this.#dialler.run();
    dialling.then((failure) => {
      if (failure === null) return;
      log.error("{message}", { ...failure });
      const { code, message } = failure;
      const exit = isErrorCode(code) ? ERROR_KINDS[code].exit : EXIT.unavailable;
      this.#end({ reason: message, exit, drain: 0 });
    });
    using _signals = endOnSignals(this.#options.signal, (reason) => {
      this.#end({ reason, exit: EXIT.ok, drain: 0, plannedBy: "scheduler" });
    });
    const forgetWalltime = this.#drainInTime();
    const ending = await this.#ending.promise;
    const { reason, exit, drain } = ending;
    forgetWalltime();
    log.info("the manager ends: {reason}", { reason, running: this.#held.size });
    this.#manager.recall();
    this.#tellEnd(ending);
    for (const attempt of [...this.#fetching.values()]) {
      this.#endFetching(attempt, { kind: "returned" });
    }
    if (drain > 0) await this.#untilIdle(drain);
    await this.#manager.close();
    if (this.#dialler.link !== undefined) await withTimeout(this.#held.settled(), HANDOVER_TIME);
    this.#dialler.stop(reason);
    await dialling;
    return exit;
  }

  #tellEnd({ reason, plannedBy }: Ending): void {
    const { walltime, connection } = this.#options;
    const end: ManagerEnd = {
      blockId: connection.block_id,
      hostname: Deno.hostname(),
      reason,
      plannedBy: plannedBy ?? null,
      walltime: walltime ?? null,
      openSince: this.#openSince,
    };
    this.#held.endsFor({
      cutOff: (ended) => cutOff(end, ended, wallClock()),
      planned: planOf(end),
      signalsTasks: plannedBy === "scheduler" || plannedBy === "walltime",
    });
  }

  /**
   * Draws back from tasks before the block ends, so that those that are short can finish.
   * @returns what calls that off
   */
  #drainInTime(): () => void {
    if (this.#endsAt === undefined) return () => undefined;
    const lead = drainLead(this.#endsAt);
    return after(Math.max(0, this.#endsAt - lead - performance.now()), () => {
      const reason = "its block's walltime ended";
      const drain = lead - endingTime(lead);
      this.#end({ reason, exit: EXIT.ok, drain, plannedBy: "walltime" });
    });
  }

  async #untilIdle(milliseconds: number): Promise<void> {
    if (milliseconds === Infinity) return await this.#held.idle();
    const over = new AbortController();
    const expired = delay(milliseconds, over.signal).catch(() => undefined);
    await Promise.race([this.#held.idle(), expired]);
    over.abort();
  }
}

function endOnSignals(signal: AbortSignal, end: (reason: string) => void): Disposable {
  const onSignal = (): void => end("its process was told to end, as a scheduler does");
  for (const name of JOB_END_SIGNALS) Deno.addSignalListener(name, onSignal);
  signal.addEventListener("abort", onSignal, { once: true });
  return {
    [Symbol.dispose]: () => {
      for (const name of JOB_END_SIGNALS) Deno.removeSignalListener(name, onSignal);
      signal.removeEventListener("abort", onSignal);
    },
  };
}

/** Where those of the block cannot be known, its own still runs what takes no whole nodes. */
async function nodesOf(executor: ResolvedExecutor, env: NodeOptions["env"]): Promise<string[]> {
  const hostname = Deno.hostname();
  if (!isOnlyManager(executor)) return await nodeNames(env, hostname, false);
  try {
    return await nodeNames(env, hostname, true);
  } catch (thrown) {
    const reason = messageOf(thrown);
    log.error("no task can have more than this one of the block's nodes: {reason}", { reason });
    return await nodeNames(env, hostname, false);
  }
}

/** Whether nobody else runs tasks on the other nodes of the block. */
function isOnlyManager({ provider }: ResolvedExecutor): boolean {
  if (provider.type === "local" || !("launcher" in provider)) return false;
  return provider.launcher.type === "single" && provider.blocks.nodesPerBlock > 1;
}

function notFetched(reason: string): TaskError {
  const message = `an argument could not be brought to node ${Deno.hostname()}: ${reason}`;
  return manageError("WORKER_LOST", message, "See that the node's temporary folder has room.");
}
