/**
 * The agent as a whole: its state, its status for whoever asks, and its end. Parts are made by
 * `bootstrap.ts` and attached when they are ready.
 */
import { hostname } from "node:os";
import type { AgentStatus } from "../contract/control.ts";
import { FuncxError, type FuncxFailure } from "../contract/errors.ts";
import type { RegistrationFile } from "../contract/home.ts";
import { DEFAULT_STOP_TIMEOUT } from "../contract/limits.ts";
import type { EndpointStatus } from "../contract/protocol/messages.ts";
import { delay, withTimeout } from "../lib/async.ts";
import { logger } from "../lib/log.ts";
import type { Failure } from "../lib/outcome.ts";
import { VERSION } from "../lib/version.ts";
import { type AgentState, canMove } from "./agent_state.ts";
import type { BlockKeeper } from "./blocks/block_keeper.ts";
import { blockStatus, pictureOfBlocks } from "./blocks/block_status.ts";
import type { Executor } from "./executor/executor.ts";
import type { LinkState, Supervisor } from "./forwarder/supervisor.ts";
import { machinePicture } from "./machine_picture.ts";
import type { SessionMessage } from "./session.ts";
import type { TaskFlow } from "./task_flow.ts";

const log = logger("agent");

/** Milliseconds that the service gets at the end to acknowledge results; the rest is kept. */
const HANDOVER_TIME = 3_000;
/** Milliseconds between two statuses while running tasks are waited for. */
const DRAIN_NEWS = 500;

/** Everything that runs, once it does. */
export interface AgentParts {
  /** As the profile has it. */
  readonly site: string | null;
  readonly executor: Executor;
  readonly blocks?: BlockKeeper;
  readonly flow: TaskFlow;
  readonly supervisor: Supervisor;
}

const NO_LOAD: EndpointStatus = {
  managers: 0,
  total_workers: 0,
  idle_workers: 0,
  pending_tasks: 0,
  outstanding_tasks: 0,
  completed_tasks: 0,
};

export class Daemon {
  readonly #name: string;
  readonly #now: () => number;
  readonly #startedAt: number;
  readonly #listeners = new Set<(status: AgentStatus) => void>();
  readonly #stopped = Promise.withResolvers<void>();
  readonly #hurry = new AbortController();
  #state: AgentState = { kind: "starting", problem: null };
  #registration: RegistrationFile | undefined;
  #parts: AgentParts | undefined;
  #storageProblem: Failure | null = null;
  #workerProblem: Failure | null = null;

  constructor(name: string, now: () => number) {
    this.#name = name;
    this.#now = now;
    this.#startedAt = now();
  }

  get state(): AgentState {
    return this.#state;
  }

  /** Settles when everything is down; rejects with what made it impossible to go on. */
  get stopped(): Promise<void> {
    return this.#stopped.promise;
  }

  registered(registration: RegistrationFile): void {
    this.#registration = registration;
    this.#tell();
  }

  /** From here on the link decides between active and disconnected; false after a stop. */
  attach(parts: AgentParts): boolean {
    if (this.#state.kind !== "starting") return false;
    this.#parts = parts;
    return true;
  }

  // -- status -----------------------------------------------------------------------------------

  load(): EndpointStatus {
    const load = this.#parts?.flow.status() ?? NO_LOAD;
    const problem = this.#storageProblem ?? this.#workerProblem;
    if (problem === null) return load;
    const { code, message } = problem;
    return { ...load, problem: { code, message } };
  }

  /** The same with a picture of the machine, for the service. */
  loadWithPicture(): EndpointStatus {
    const { executor, blocks, site = null } = this.#parts ?? {};
    const nodes = executor?.nodes?.();
    if (nodes === undefined) return this.load();
    const provider = blocks?.scheduler.type ?? "local";
    const pictures = blocks && pictureOfBlocks(blocks);
    return { ...this.load(), ...machinePicture({ site, provider, blocks: pictures, nodes }) };
  }

  status(): AgentStatus {
    const state = this.#state;
    const linkProblem = "problem" in state ? state.problem : null;
    const problem = this.#storageProblem ?? linkProblem ?? this.#workerProblem;
    const { blocks } = this.#parts ?? {};
    return {
      name: this.#name,
      state: state.kind,
      endpoint_id: this.#registration?.endpoint_id ?? null,
      service_url: this.#registration?.service_url ?? null,
      problem: problem && { ...problem },
      hostname: hostname(),
      pid: Deno.pid,
      software_version: VERSION,
      started_at: this.#startedAt,
      connected_at: connectedAt(state),
      clock_offset: state.kind === "active" ? state.clockOffset : null,
      runtimes: [...this.#parts?.executor.runtimes ?? []],
      load: this.load(),
      unacknowledged_results: this.#parts?.flow.unacknowledgedResults ?? 0,
      recovered: this.#parts?.flow.recovered ?? null,
      cluster: blocks === undefined ? null : blockStatus(blocks),
      memory: Deno.memoryUsage().rss,
    };
  }

  /** Calls `listener` with the status at every change; returns what ends that. */
  subscribe(listener: (status: AgentStatus) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #tell(): void {
    if (this.#listeners.size === 0) return;
    const status = this.status();
    for (const listener of this.#listeners) listener(status);
  }

  #move(to: AgentState): void {
    if (!canMove(this.#state, to)) {
      throw new Error(`an agent cannot go from ${this.#state.kind} to ${to.kind}`);
    }
    const isNew = this.#state.kind !== to.kind;
    this.#state = to;
    if (isNew) log.info("the agent is {state}", { state: to.kind });
    this.#tell();
  }

  // -- what happens to it -----------------------------------------------------------------------

  linkChanged(link: LinkState): void {
    const state = this.#state.kind;
    if (state === "draining" || state === "stopped" || link.kind === "stopped") return;
    if (link.kind === "connected") {
      const now = this.#now();
      const clockOffset = now - link.connection.welcome.now;
      return this.#move({ kind: "active", since: now, clockOffset });
    }
    const { problem } = link;
    this.#move({ kind: state === "starting" ? "starting" : "disconnected", problem });
  }

  storageChanged(problem: Failure | null): void {
    this.#storageProblem = problem;
    this.#tell();
  }

  workersChanged(problem: Failure | null): void {
    this.#workerProblem = problem;
    this.#tell();
  }

  /** Messages that concern the agent and not its tasks. */
  received(message: SessionMessage): void {
    if (message.type !== "shutdown") return;
    log.info("the service asks for the end of this agent", { drain: message.drain });
    this.stop("its owner stopped it through the service", message.drain ? DEFAULT_STOP_TIMEOUT : 0);
  }

  // -- its end ----------------------------------------------------------------------------------

  /**
   * Hands nothing over any more, lets running tasks finish for up to `timeout` milliseconds, ends
   * those that still run, delivers results and says goodbye. Called again with 0 it waits no longer.
   */
  stop(reason: string, timeout: number): void {
    if (timeout === 0) this.#hurry.abort();
    if (this.#state.kind === "draining" || this.#state.kind === "stopped") return;
    log.info("stopping: {reason}", { reason, timeout });
    this.#move({ kind: "draining", reason, connectedAt: connectedAt(this.#state) });
    this.#drain(reason, timeout).then(
      () => this.#finished(() => this.#stopped.resolve()),
      (thrown) => this.#finished(() => this.#stopped.reject(thrown)),
    );
  }

  /** Ends at once because nothing can go on; `stopped` rejects with the failure. */
  fail(failure: FuncxFailure): void {
    if (this.#state.kind === "stopped") return;
    log.fatal("{message}", { ...failure });
    const parts = this.#parts;
    const down = Promise.allSettled([
      parts?.executor.close(),
      parts?.blocks?.close(),
      parts?.supervisor.stop(failure.message),
    ]);
    void down.then(() => this.#finished(() => this.#stopped.reject(new FuncxError(failure))));
  }

  #finished(settle: () => void): void {
    if (this.#state.kind !== "stopped") this.#move({ kind: "stopped" });
    settle();
  }

  async #drain(reason: string, timeout: number): Promise<void> {
    const parts = this.#parts;
    if (parts === undefined) return;
    const { executor, blocks, flow, supervisor } = parts;
    blocks?.hold();
    flow.stopHandingOver(`the endpoint was stopped while the task ran: ${reason}`);
    executor.recall?.();
    const news = setInterval(() => this.#tell(), DRAIN_NEWS);
    try {
      await this.#untilIdle(flow, timeout);
      await executor.close();
      await blocks?.close();
      await withTimeout(flow.settled(), HANDOVER_TIME);
      flow.reportMoves();
    } finally {
      clearInterval(news);
    }
    await supervisor.stop(reason);
    flow.close();
  }

  async #untilIdle(flow: TaskFlow, timeout: number): Promise<void> {
    const over = new AbortController();
    const signal = AbortSignal.any([over.signal, this.#hurry.signal]);
    const expired = delay(timeout, signal).catch(() => undefined);
    await Promise.race([flow.idle(), expired]);
    over.abort();
  }
}

function connectedAt(state: AgentState): number | null {
  switch (state.kind) {
    case "active":
      return state.since;
    case "draining":
      return state.connectedAt;
    default:
      return null;
  }
}
