/**
 * Keeps as many blocks as the tasks need: decides (`providers/scaler.ts`), asks the scheduler
 * (`providers/`), lets the blocks' managers in (`managers/`), and remembers on disk what it asked for.
 *
 * 1. A block is on disk before its job is submitted, and counts until it is certain that there is no
 *    job: so there are never more jobs than `max`, whatever is lost, and none that nobody knows.
 * 2. The scheduler is asked about all jobs in one command, once in a poll period and after an event.
 * 3. A block that ends is told to the pool once; its token opens nothing from then on.
 */
import type { FuncxFailure } from "../../contract/errors.ts";
import { newId } from "../../contract/ids.ts";
import { ensurePrivateFolder } from "../../lib/files.ts";
import { logger } from "../../lib/log.ts";
import { messageOf } from "../../lib/outcome.ts";
import type { BlockProvider, BlockSettings } from "../../profile/resolved_provider.ts";
import type { ManagerPool, ManagerStatus } from "../managers/manager_pool.ts";
import type { BlockAccess } from "../managers/start_manager_pool.ts";
import { blockRequest } from "../providers/block_request.ts";
import type { JobEnded, JobState, Provider, SchedulerFailure } from "../providers/provider.ts";
import { scale, type ScalerBlock } from "../providers/scaler.ts";
import { type Block, type BlockState, endingText, jobIdOf } from "./block.ts";
import { BlockFile, blockFilePath } from "./block_file.ts";
import { BlockHealth } from "./block_health.ts";
import { lastWords } from "./block_output.ts";
import { outlookOf, workersWanted } from "./block_use.ts";
import { KeptBlocks } from "./kept_blocks.ts";
import { SchedulerDesk } from "./scheduler_desk.ts";

const log = logger("blocks");

/** How long managers are expected of a submit that was cut off; milliseconds. */
const DOUBT_TIME = 15 * 60_000;
/** How long a job may run before its first manager is there; milliseconds. */
const ARRIVAL_TIME = 5 * 60_000;

export interface KeeperOptions {
  readonly provider: Provider;
  readonly settings: BlockProvider;
  readonly access: ManagerAccess;
  /** Absolute; what the blocks keep is below. */
  readonly stateDir: string;
  /** Of the endpoint; jobs are named after it. */
  readonly name: string;
  /** "auto" is as many as a node has resources for. */
  readonly workersPerNode: number | "auto";
  /** What a node probably has, as long as none has been seen. */
  readonly expectedWorkers: number;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Calls `look` again and again, until what it returned is called. */
  readonly repeat: (look: () => void) => () => void;
}

/** What the keeper has to do with the managers. */
export interface ManagerAccess extends Pick<BlockAccess, "open" | "ended"> {
  readonly pool: Pick<ManagerPool, "managers" | "awaitsManagers" | "retire">;
}

/** What the keeper has to know of the agent. */
export interface Demand {
  readonly tasks: () => {
    readonly waiting: number;
    readonly running: number;
    /** Of both, those that take whole nodes, by how many of them each takes. */
    readonly onNodes: ReadonlyMap<number, number>;
  };
  /** Told when blocks begin to fail, or fail otherwise, and with null when that is over. */
  readonly tell: (problem: FuncxFailure | null) => void;
  /** Told when a block is another one than before; for whoever shows that. */
  readonly changed: () => void;
}

export class BlockKeeper {
  readonly #options: KeeperOptions;
  readonly #file: BlockFile;
  readonly #blocks: KeptBlocks;
  readonly #health: BlockHealth;
  readonly #desk: SchedulerDesk;
  #demand: Demand | undefined;
  #stopLooking: (() => void) | undefined;
  #isFirst: boolean;
  #isHeld = false;
  /** Managers are waited for from then on: until then nobody let them in. */
  readonly #since: number;
  #asking: Promise<void> | undefined;
  #submitting: Promise<void> | undefined;

  /** Reads what the last agent has left. Throws the system's error. */
  constructor(options: KeeperOptions) {
    this.#options = options;
    this.#since = options.now();
    this.#health = new BlockHealth(options.name, (problem) => this.#demand?.tell(problem));
    this.#desk = new SchedulerDesk({
      provider: options.provider,
      health: this.#health,
      pollInterval: this.#settings.pollSeconds * 1_000,
      now: options.now,
    });
    this.#file = new BlockFile(blockFilePath(options.stateDir));
    this.#blocks = new KeptBlocks(this.#file.read());
    this.#isFirst = this.#blocks.live.length === 0;
    for (const block of this.#blocks.live) {
      if (block.state.kind !== "submitting") continue;
      this.#blocks.set({ ...block, state: { kind: "submitting", isInDoubt: true } });
    }
  }

  /** The newest first. */
  get blocks(): readonly Block[] {
    return this.#blocks.all;
  }

  /** Those that are there, or may come back. */
  get managers(): readonly ManagerStatus[] {
    return this.#options.access.pool.managers;
  }

  /** How the scheduler stands. */
  get scheduler(): Pick<SchedulerDesk, "type" | "answer" | "commands"> {
    return this.#desk;
  }

  /** Of a block, milliseconds. */
  get walltime(): number {
    return this.#settings.walltimeSeconds * 1_000;
  }

  get nodesPerBlock(): number {
    return this.#settings.nodesPerBlock;
  }

  get #settings(): BlockSettings {
    return this.#options.settings.blocks;
  }

  start(demand: Demand): void {
    this.#demand = demand;
    this.#stopLooking = this.#options.repeat(() => this.#look());
    this.#look();
  }

  /** Starts no more blocks, and leaves those that there are. */
  hold(): void {
    this.#isHeld = true;
  }

  /** Cancels all jobs. One that cannot be cancelled is left to the next agent, and said in the log. */
  async close(): Promise<void> {
    this.hold();
    this.#stopLooking?.();
    await this.#submitting;
    await this.#asking;
    const reason = "the endpoint was stopped";
    const isDone = await this.#cancel(this.#blocks.live, reason);
    for (const block of this.#blocks.live) {
      // A job that nobody is certain of ends when its managers find that nobody knows them.
      if (isDone || jobIdOf(block) === null) this.#end(block, reason);
    }
  }

  // -- what there is ----------------------------------------------------------------------------------

  /** Acts on what there is and what is needed. */
  #look(): void {
    this.#observe();
    this.#scale();
    if (this.#asking !== undefined || !this.#desk.isDue) return;
    this.#asking = this.#ask().finally(() => this.#asking = undefined);
  }

  /** What the managers show: that a block runs, and whether it has anything to do. */
  #observe(): void {
    const { pool } = this.#options.access;
    const now = this.#options.now();
    const outstanding = new Map<string, number>();
    for (const { blockId, outstanding: count } of pool.managers) {
      outstanding.set(blockId, (outstanding.get(blockId) ?? 0) + count);
    }
    const isWaiting = (this.#demand?.tasks().waiting ?? 0) > 0;
    for (const block of this.#blocks.live) {
      const count = outstanding.get(block.blockId);
      if (count !== undefined) {
        if (block.managers !== "there") this.#arrived(block);
        this.#blocks.idle(block.blockId, count === 0, now);
      } else if (block.managers === "there") {
        // Those of the agent before may still be on their way.
        if (!pool.awaitsManagers) this.#left(block);
      } else {
        this.#blocks.idle(block.blockId, !isWaiting, now);
        this.#expire(block, now);
      }
    }
  }

  /** A manager of the block has come. */
  #arrived(block: Block): void {
    const { state } = block;
    const running: BlockState = state.kind === "queued" || state.kind === "submitting"
      ? { kind: "running", jobId: jobIdOf(block), since: this.#options.now(), nodes: [] }
      : state;
    this.#store({ ...block, state: running, managers: "there" });
    this.#health.works();
    // For the names of its nodes.
    this.#desk.askSoon();
  }

  /** The last manager of the block has gone. */
  #left(block: Block): void {
    this.#store({ ...block, managers: "gone" });
    this.#desk.askSoon();
  }

  /** Whether a block without a manager is worth waiting for. */
  #expire(block: Block, now: number): void {
    const { state, managers, submittedAt } = block;
    const isInDoubt = state.kind === "submitting"
      ? state.isInDoubt
      : state.kind === "running" && state.jobId === null;
    if (isInDoubt && now - Math.max(submittedAt, this.#since) > DOUBT_TIME) {
      return this.#end(block, "its submit was cut off, and no manager of it is there");
    }
    if (state.kind !== "running" || managers !== "expected") return;
    if (now - Math.max(state.since, this.#since) < ARRIVAL_TIME) return;
    const cause = `its job has run for ${ARRIVAL_TIME / 60_000} minutes without a manager`;
    this.#health.failed(block, withWords(block, cause));
    void this.#cancel([block], cause);
  }

  // -- how many there should be -------------------------------------------------------------------------

  #scale(): void {
    if (this.#isHeld || this.#demand === undefined) return;
    const { now } = this.#options;
    const settings = this.#settings;
    const { waiting, running, onNodes } = this.#demand.tasks();
    const workersPerNode = this.#workersPerNode;
    const { nodesPerBlock } = settings;
    const managers = Map.groupBy(this.managers, ({ blockId }) => blockId);
    const managersOf = (blockId: string): readonly ManagerStatus[] => managers.get(blockId) ?? [];
    const blocks = this.#blocks.live.map((block) =>
      this.#scalerBlock(block, managersOf(block.blockId))
    );
    const closed = blocks.filter(({ state }) => state === "ending" || state === "short");
    const { start, cancel } = scale({
      blocks,
      outstanding: workersWanted(
        { tasks: waiting + running, onNodes, workersPerNode, nodesPerBlock },
        closed.map(({ id }) => managersOf(id)),
      ),
      workersPerBlock: workersPerNode * nodesPerBlock,
      settings,
      failures: this.#health.failures,
      isFirst: this.#isFirst,
      now: now(),
    });
    if (cancel.length > 0) this.#giveUp(cancel);
    if (start === 0 || this.#submitting !== undefined || !this.#desk.maySubmit) return;
    this.#isFirst = false;
    this.#submitting = this.#submitAll(start).finally(() => this.#submitting = undefined);
  }

  #scalerBlock(
    { blockId: id, state, managers: presence }: Block,
    managers: readonly ManagerStatus[],
  ): ScalerBlock {
    const idleSince = this.#blocks.idleSince(id);
    const outlook = outlookOf(managers);
    if (state.kind === "ending" || presence === "gone" || outlook === "ending") {
      return { id, state: "ending", idleSince };
    }
    if (outlook === "short") return { id, state: "short", idleSince };
    return { id, state: state.kind === "running" ? "running" : "queued", idleSince };
  }

  get #workersPerNode(): number {
    const { workersPerNode, expectedWorkers, access } = this.#options;
    if (workersPerNode !== "auto") return workersPerNode;
    return access.pool.managers[0]?.hello.workers ?? expectedWorkers;
  }

  /** Nothing needs them, and nothing is given to them from here on. */
  #giveUp(blockIds: readonly string[]): void {
    const blocks = this.#blocks.live.filter(({ blockId }) => blockIds.includes(blockId));
    for (const { blockId } of blocks) this.#options.access.pool.retire(blockId);
    void this.#cancel(blocks, "nothing needed it");
  }

  // -- the scheduler ------------------------------------------------------------------------------------

  /** One after the other: a scheduler is not asked for many things at once. */
  async #submitAll(count: number): Promise<void> {
    for (let left = count; left > 0 && !this.#isHeld; left--) {
      if (!await this.#submitOne()) return;
    }
  }

  /** False when the next one has to wait. */
  async #submitOne(): Promise<boolean> {
    const { settings, name, stateDir, now } = this.#options;
    const blockId = newId().slice(0, 8);
    const request = blockRequest({ name, stateDir, blockId, provider: settings });
    const isPrepared = this.#prepare({
      blockId,
      folder: request.folder,
      submittedAt: now(),
      state: { kind: "submitting", isInDoubt: false },
      managers: "expected",
    });
    if (!isPrepared) return false;
    const outcome = await this.#desk.submit(request);
    if (outcome.kind === "ok") {
      this.#submitted(blockId, outcome.value);
      return true;
    }
    this.#notSubmitted(this.#blocks.get(blockId)!, outcome.failure, outcome.kind === "retryable");
    return false;
  }

  /** Its folder with what its managers need, and its place on disk (1); false when they cannot be had. */
  #prepare(block: Block): boolean {
    const { access, workersPerNode } = this.#options;
    try {
      ensurePrivateFolder(block.folder);
      this.#file.write([block, ...this.#blocks.all]);
      this.#blocks.set(block);
      access.open(block.blockId, block.folder, workersPerNode);
      return true;
    } catch (thrown) {
      this.#desk.pauseSubmits();
      this.#health.silent({
        code: "DIRECTORY_UNUSABLE",
        message: `a block cannot be kept in ${block.folder}: ${messageOf(thrown)}`,
        hint: "Make room there, or name another stateDir in the profile.",
      });
      if (this.#blocks.get(block.blockId) !== undefined) this.#end(block, messageOf(thrown));
      return false;
    }
  }

  #submitted(blockId: string, jobId: string): void {
    const block = this.#blocks.get(blockId)!;
    const { state } = block;
    log.info("block {blockId} was submitted as job {jobId}", { blockId, jobId });
    // Its manager may have been quicker than the answer.
    const known: BlockState = state.kind === "running"
      ? { ...state, jobId }
      : { kind: "queued", jobId, reason: "" };
    this.#store({ ...block, state: known });
  }

  #notSubmitted(block: Block, failure: SchedulerFailure, isTransient: boolean): void {
    if (failure.mayBeDone) {
      const { blockId } = block;
      log.warning("block {blockId} may have been submitted: {message}", { blockId, ...failure });
      if (block.state.kind !== "submitting") return;
      return this.#store({ ...block, state: { kind: "submitting", isInDoubt: true } });
    }
    if (!isTransient) this.#health.failed(block, failure.message, failure);
    this.#end(block, failure.message);
  }

  /** (2) */
  async #ask(): Promise<void> {
    const states = await this.#desk.ask(this.#blocks.live.flatMap((block) => jobIdOf(block) ?? []));
    if (states === null) return;
    for (const block of this.#blocks.live) {
      const jobId = jobIdOf(block);
      const job = jobId === null ? undefined : states.get(jobId);
      if (jobId !== null && job !== undefined) this.#heard(block, jobId, job);
    }
  }

  /** The scheduler's word about a block. */
  #heard(block: Block, jobId: string, job: JobState): void {
    const { state } = block;
    if (job.kind === "ended") {
      // A scheduler that does not know a job is not believed while the job's manager is there.
      if (job.how === "gone" && this.#hasManager(block)) return;
      return this.#jobEnded(block, job);
    }
    if (job.kind === "unknown") return;
    if (state.kind === "ending") return this.#insist(block, state.since, state.reason);
    if (job.kind === "stuck") {
      const cause = `job ${jobId} cannot start: ${job.reason}`;
      this.#health.failed(block, cause);
      return void this.#cancel([block], cause);
    }
    if (state.kind === "queued") {
      if (job.kind === "running") {
        const since = this.#options.now();
        this.#store({ ...block, state: { kind: "running", jobId, since, nodes: job.nodes } });
      } else if (state.reason !== job.reason) {
        this.#store({ ...block, state: { ...state, reason: job.reason } });
      }
    } else if (state.kind === "running" && job.kind === "running" && state.nodes.length === 0) {
      if (job.nodes.length > 0) this.#store({ ...block, state: { ...state, nodes: job.nodes } });
    }
  }

  #hasManager({ blockId }: Block): boolean {
    return this.managers.some((each) => each.blockId === blockId && each.state === "attached");
  }

  #jobEnded(block: Block, job: JobEnded): void {
    if (block.state.kind === "ending") return this.#end(block, block.state.reason);
    const how = endingText(job);
    // Mostly its managers have said so before.
    const planned = job.how === "timed-out"
      ? `block ${block.blockId} reached its walltime`
      : undefined;
    if (block.managers !== "expected") return this.#end(block, how, planned);
    const cause = withWords(block, how);
    this.#health.failed(block, cause);
    this.#end(block, cause);
  }

  /** It was cancelled and is still there: perhaps the scheduler was not told. */
  #insist(block: Block, since: number, reason: string): void {
    const patience = 2 * this.#settings.pollSeconds * 1_000;
    if (this.#options.now() - since > patience) void this.#cancel([block], reason);
  }

  /** Of those that have a job. False when the scheduler did not do it. */
  async #cancel(blocks: readonly Block[], reason: string): Promise<boolean> {
    const jobIds: string[] = [];
    for (const block of blocks) {
      const jobId = jobIdOf(block);
      if (jobId === null) continue;
      jobIds.push(jobId);
      const since = this.#options.now();
      this.#store({ ...block, state: { kind: "ending", jobId, reason, since } });
    }
    if (jobIds.length === 0) return true;
    log.info("jobs {jobIds} are cancelled: {reason}", { reason, jobIds });
    const outcome = await this.#desk.cancel(jobIds);
    if (outcome.kind === "ok") return true;
    log.error("jobs {jobIds} were not cancelled: {message}", { jobIds, ...outcome.failure });
    return false;
  }

  // -- what is remembered and told ----------------------------------------------------------------------

  /** (3) */
  #end(block: Block, reason: string, planned?: string): void {
    const { access, now } = this.#options;
    const { blockId } = block;
    log.info("block {blockId} has ended: {reason}", { blockId, reason });
    const state: BlockState = { kind: "ended", jobId: jobIdOf(block), at: now(), reason };
    this.#store({ ...block, state });
    access.ended(blockId, `its block has ended: ${reason}`, planned);
  }

  #store(block: Block): void {
    this.#blocks.set(block);
    this.#demand?.changed();
    try {
      this.#file.write(this.#blocks.all);
    } catch (thrown) {
      // What is not written now is with the next change.
      log.error("the blocks could not be written: {reason}", { reason: messageOf(thrown) });
    }
  }
}

/** How a block failed, with what its job has printed last. */
function withWords({ folder }: Block, how: string): string {
  const words = lastWords(folder);
  return words === "" ? how : `${how}; its last words: ${words}`;
}
