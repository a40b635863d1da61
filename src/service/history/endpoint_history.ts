/**
 * What endpoints did. The last hour is in memory, in steps of ten seconds; each minute goes to the
 * store when it is over, of endpoints for which anything happened in it.
 *
 * 1. Minutes up to `#flushed` are in the store, later ones in memory alone.
 * 2. A task costs no more than a look into a map and two increments.
 * 3. A step without a row is like the one before, as long as the service was there to see it.
 */
import type { EndpointHistory as HistoryAnswer } from "../../contract/api.ts";
import type { EndpointId } from "../../contract/ids.ts";
import type { EndpointStatus } from "../../contract/protocol/messages.ts";
import { logger } from "../../lib/log.ts";
import { messageOf } from "../../lib/outcome.ts";
import type { Hub } from "../hub/hub.ts";
import type { EndpointMinute, Load, MinuteSpan, Store } from "../store/store.ts";
import { Durations } from "./durations.ts";
import { Recorder } from "./recorder.ts";
import { isQuiet, pointOf, regrid, type Step } from "./steps.ts";
import { RATE_MINUTES, TaskRates } from "./task_rates.ts";

const log = logger("service", "history");

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
/** Of a step in memory. */
export const STEP = 10 * SECOND;
/** Of the points of an answer; the first one that gives no more than this many. */
const SIZES = [10, 20, 30, 60, 120, 300, 600].map((seconds) => seconds * SECOND);
const MAXIMUM_POINTS = 300;

/** Steps of each endpoint in memory, and of all together, so that very many have fewer each. */
const STEPS = 360;
const LEAST_STEPS = 30;
const ALL_STEPS = 200_000;
/** Minutes after which an endpoint's load is stored again though it has not changed. */
const REPEAT_MINUTES = 720;

export interface HistoryOptions {
  readonly store: Store;
  readonly hub: Pick<Hub, "status" | "online">;
  readonly now: () => number;
}

export class EndpointHistory {
  readonly rates = new TaskRates();
  readonly #options: HistoryOptions;
  readonly #recorders = new Map<EndpointId, Recorder>();
  /** The minute of each endpoint's last row in the store, in this run. */
  readonly #lastRows = new Map<EndpointId, number>();
  /** Begin of the step that is not over. */
  #open: number;
  /** From where on memory has all steps. */
  #since: number;
  #flushed: number;
  #run: number | undefined;

  constructor(options: HistoryOptions) {
    const { store, now } = options;
    this.#options = options;
    this.#open = floor(now(), STEP);
    this.#since = this.#open;
    this.#flushed = minuteOf(now()) - 1;
    store.changes.onEnded((endpointId, ends) => {
      this.#recorder(endpointId).ended(ends);
      this.rates.add(endpointId, ends[0]!.at, ends.length);
    });
  }

  /** Reads what charts need of the time before. */
  async start(): Promise<void> {
    const { store, now } = this.#options;
    const first = minuteOf(now()) - RATE_MINUTES + 1;
    for (const { endpointId, minute, count } of await store.history.ends(first)) {
      if (count > 0) this.rates.add(endpointId, minute * MINUTE, count);
    }
  }

  /** Ends the step that is over, if one is, and stores its minute when that is over too. */
  async tick(): Promise<void> {
    const open = floor(this.#options.now(), STEP);
    if (open <= this.#open) return;
    this.#closeStep();
    const minute = minuteOf(this.#open);
    this.#open = open;
    if (minuteOf(open) > minute) await this.#flush(minute);
  }

  /** Stores what is only in memory. */
  async close(): Promise<void> {
    this.#closeStep();
    await this.#flush(minuteOf(this.#open));
  }

  /** @param minutes back from now */
  async points(endpointId: EndpointId, minutes: number): Promise<HistoryAnswer> {
    const end = this.#options.now();
    const sizeFor = (least: number): number =>
      SIZES.find((size) => size >= least && minutes * MINUTE / size <= MAXIMUM_POINTS) ??
        SIZES.at(-1)!;
    const isInMemory = end - minutes * MINUTE >= this.#since ||
      !await this.#hasOlder(endpointId, end - minutes * MINUTE);
    const size = sizeFor(isInMemory ? STEP : MINUTE);
    const begin = floor(end - minutes * MINUTE, size) + size;
    const steps = size < MINUTE
      ? this.#memory(endpointId, begin, end, size)
      : await this.#stored(endpointId, begin, end, size);
    const seen = steps.filter((step) => step.mean !== null || !isQuiet(step));
    return { step_seconds: size / SECOND, points: seen.map(pointOf) };
  }

  /** Whether the store knows more of the time since `begin` than memory. */
  async #hasOlder(endpointId: EndpointId, begin: number): Promise<boolean> {
    const span = { first: minuteOf(begin), last: minuteOf(this.#since) - 1 };
    return (await this.#options.store.history.minutes(endpointId, span)).length > 0;
  }

  #memory(endpointId: EndpointId, begin: number, end: number, size: number): Step[] {
    return regrid(this.#stepsOf(endpointId), {
      begin,
      end,
      unit: STEP,
      size,
      measured: (at) => at >= this.#since,
    });
  }

  async #stored(
    endpointId: EndpointId,
    begin: number,
    end: number,
    size: number,
  ): Promise<Step[]> {
    const { history } = this.#options.store;
    const span = { first: minuteOf(begin), last: this.#flushed };
    const rows = await history.minutes(endpointId, span);
    const spans = await history.measured({ ...span, first: rows[0]?.minute ?? span.first });
    // Those that are in memory alone.
    const recent = this.#memory(endpointId, Math.max(begin, (span.last + 1) * MINUTE), end, MINUTE);
    const steps = [...rows.filter((row) => holdsAt(row, span.first, spans)).map(stepOf), ...recent];
    const measured = (at: number): boolean => {
      const minute = minuteOf(at);
      // Of the time before, nothing is known to last until this run.
      if (minute > span.last) return this.#run !== undefined;
      return spans.some(({ first, last }) => first <= minute && minute <= last);
    };
    return regrid(steps, { begin, end, unit: MINUTE, size, measured });
  }

  #stepsOf(endpointId: EndpointId): Step[] {
    const recorder = this.#recorders.get(endpointId);
    if (recorder === undefined) return [];
    const running = recorder.running(this.#open, this.#load(endpointId));
    return [...recorder.steps, running];
  }

  #recorder(endpointId: EndpointId): Recorder {
    const known = this.#recorders.get(endpointId);
    if (known !== undefined) return known;
    const recorder = new Recorder();
    this.#recorders.set(endpointId, recorder);
    return recorder;
  }

  #load(endpointId: EndpointId): Load | null {
    const status = this.#options.hub.status(endpointId);
    return status === undefined ? null : loadOf(status);
  }

  #closeStep(): void {
    for (const endpointId of this.#options.hub.online()) this.#recorder(endpointId);
    const each = Math.floor(ALL_STEPS / Math.max(this.#recorders.size, 1));
    const kept = Math.min(Math.max(each, LEAST_STEPS), STEPS);
    const before = this.#open - kept * STEP;
    this.#since = Math.max(this.#since, before);
    for (const [endpointId, recorder] of this.#recorders) {
      recorder.close(this.#open, this.#load(endpointId));
      recorder.forget(before);
      if (!recorder.isEmpty) continue;
      this.#recorders.delete(endpointId);
      this.#lastRows.delete(endpointId);
    }
  }

  /** Without a row for endpoints that were as before. */
  async #flush(minute: number): Promise<void> {
    if (minute <= this.#flushed) return;
    const { store } = this.#options;
    const rows = [...this.#recorders.keys()].flatMap((endpointId) => {
      const row = this.#minuteRow(endpointId, minute);
      return row === undefined ? [] : [{ endpointId, row }];
    });
    try {
      this.#run ??= await store.history.begin(this.#flushed + 2);
      await store.history.append(this.#run, minute, rows);
      for (const { endpointId } of rows) this.#lastRows.set(endpointId, minute);
    } catch (thrown) {
      log.warning("what endpoints did in a minute was not stored: {reason}", {
        reason: messageOf(thrown),
      });
    }
    this.#flushed = minute;
  }

  #minuteRow(endpointId: EndpointId, minute: number): EndpointMinute | undefined {
    const begin = minute * MINUTE;
    const steps = this.#recorders.get(endpointId)?.steps ?? [];
    const hasChanged = steps.some(({ at }) => minuteOf(at) === minute);
    const last = this.#lastRows.get(endpointId) ?? minute;
    if (!hasChanged && minute - last < REPEAT_MINUTES) return undefined;
    const [step] = regrid(steps, {
      begin,
      end: begin + MINUTE,
      unit: STEP,
      size: MINUTE,
      measured: (at) => at >= this.#since,
    });
    return step === undefined ? undefined : rowOf(step, minute);
  }
}

function loadOf(status: EndpointStatus): Load {
  return {
    workers: status.total_workers,
    busyWorkers: status.total_workers - status.idle_workers,
    queuedTasks: status.pending_tasks + status.outstanding_tasks,
  };
}

function rowOf(step: Step, minute: number): EndpointMinute {
  const { succeeded, failed, cancelled, mean, level } = step;
  return { minute, succeeded, failed, cancelled, durations: step.durations.entries(), mean, level };
}

function stepOf(row: EndpointMinute): Step {
  const { minute, succeeded, failed, cancelled, mean, level } = row;
  const durations = Durations.of(row.durations);
  return { at: minute * MINUTE, succeeded, failed, cancelled, durations, mean, level };
}

/** Whether a row tells of minutes from `first` on: one before it does when nothing was missed since. */
function holdsAt({ minute }: EndpointMinute, first: number, spans: readonly MinuteSpan[]): boolean {
  return minute >= first ||
    spans.some((span) => span.first - 1 <= minute && span.last >= first - 1);
}

function floor(time: number, unit: number): number {
  return Math.floor(time / unit) * unit;
}

function minuteOf(time: number): number {
  return Math.floor(time / MINUTE);
}
