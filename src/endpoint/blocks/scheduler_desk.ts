/**
 * Where the scheduler is asked: how often, what it said last, and whether it answers. Commands that
 * fail are followed by longer and longer pauses.
 */
import { Backoff } from "../../lib/backoff.ts";
import type {
  BlockRequest,
  JobState,
  JobStates,
  Provider,
  SchedulerOutcome,
} from "../providers/provider.ts";
import type { BlockHealth } from "./block_health.ts";

/** It is asked again after an event, but not so soon after the last time; milliseconds. */
const EVENT_GAP = 2_000;
const PAUSE = { initial: 5_000, maximum: 300_000, minimumUptime: 0 };

export interface DeskOptions {
  readonly provider: Provider;
  readonly health: BlockHealth;
  /** Between two questions about jobs, milliseconds. */
  readonly pollInterval: number;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** What the scheduler said last. */
export interface SchedulerAnswer {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly text: string;
}

export class SchedulerDesk {
  readonly #options: DeskOptions;
  #submitPause = new Backoff(PAUSE);
  #askPause = new Backoff(PAUSE);
  /** These three in milliseconds since 1970. */
  #submitAfter = 0;
  #askAt = 0;
  #askedAt = 0;
  #answer: SchedulerAnswer | null = null;
  #commands = 0;

  constructor(options: DeskOptions) {
    this.#options = options;
  }

  get type(): Provider["type"] {
    return this.#options.provider.type;
  }

  /** Null before the first one. */
  get answer(): SchedulerAnswer | null {
    return this.#answer;
  }

  /** How often one of its commands was run. */
  get commands(): number {
    return this.#commands;
  }

  get maySubmit(): boolean {
    return this.#options.now() >= this.#submitAfter;
  }

  /** Whether it is time to ask about the jobs. */
  get isDue(): boolean {
    return this.#options.now() >= this.#askAt;
  }

  /** Something has happened of which it may know more. */
  askSoon(): void {
    this.#askAt = Math.min(this.#askAt, this.#askedAt + EVENT_GAP);
  }

  /** The next submit has to wait. */
  pauseSubmits(): void {
    this.#submitAfter = this.#options.now() + this.#submitPause.next();
  }

  async submit(request: BlockRequest): Promise<SchedulerOutcome<string>> {
    this.#commands += 1;
    const outcome = await this.#options.provider.submit(request);
    if (outcome.kind === "ok") {
      this.#submitPause = new Backoff(PAUSE);
      this.#heard(`job ${outcome.value} was submitted`);
      this.askSoon();
    } else {
      this.pauseSubmits();
      // A refusal is an answer, and the block's failure.
      if (outcome.kind === "fatal") this.#said(outcome.failure.message);
      else this.#failed(outcome.failure);
    }
    return outcome;
  }

  /** About all of them in one command; null while it does not answer. */
  async ask(jobIds: readonly string[]): Promise<JobStates | null> {
    const { provider, pollInterval, now } = this.#options;
    this.#askedAt = now();
    this.#askAt = this.#askedAt + pollInterval;
    if (jobIds.length === 0) return null;
    this.#commands += 1;
    const outcome = await provider.status(jobIds);
    if (outcome.kind === "ok") {
      this.#askPause = new Backoff(PAUSE);
      this.#heard(stateCounts([...outcome.value.values()]));
      return outcome.value;
    }
    this.#failed(outcome.failure);
    this.#askAt = Math.max(this.#askAt, now() + this.#askPause.next());
    return null;
  }

  /** The failure when it was not done. */
  async cancel(jobIds: readonly string[]): Promise<SchedulerOutcome<null>> {
    this.#commands += 1;
    const outcome = await this.#options.provider.cancel(jobIds);
    this.askSoon();
    if (outcome.kind !== "ok") this.#failed(outcome.failure);
    return outcome;
  }

  #heard(text: string): void {
    this.#said(text);
    this.#options.health.answers();
  }

  #failed(failure: (SchedulerOutcome<never> & { kind: "fatal" })["failure"]): void {
    this.#said(failure.message);
    this.#options.health.silent(failure);
  }

  #said(text: string): void {
    this.#answer = { at: this.#options.now(), text };
  }
}

/** Such as `2 running, 1 queued`. */
function stateCounts(jobs: readonly JobState[]): string {
  const counts = new Map<string, number>();
  for (const { kind } of jobs) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  return [...counts].map(([kind, count]) => `${count} ${kind}`).join(", ");
}
