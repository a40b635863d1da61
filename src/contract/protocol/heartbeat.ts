/**
 * When to speak and when to give a silent peer up. The decisions are pure, with the time handed in;
 * `startHeartbeat` drives them with one timer per link.
 */
import { HEARTBEAT_INTERVAL, HEARTBEAT_TIMEOUT } from "../limits.ts";

export interface HeartbeatOptions {
  /** Milliseconds between two heartbeats of ours. */
  readonly interval: number;
  /** Milliseconds of silence after which the peer counts as gone. */
  readonly timeout: number;
}

/** What to do now, and in how many milliseconds to ask again. */
export type HeartbeatStep =
  | { readonly kind: "wait"; readonly milliseconds: number }
  | { readonly kind: "send"; readonly milliseconds: number }
  | { readonly kind: "peer-silent"; readonly silentFor: number };

/** The timeout that belongs to an interval: three of them, as in the defaults. */
export function heartbeatOptions(interval: number = HEARTBEAT_INTERVAL): HeartbeatOptions {
  return { interval, timeout: interval * (HEARTBEAT_TIMEOUT / HEARTBEAT_INTERVAL) };
}

/** Times are milliseconds of any clock that only moves forward. */
export class Heartbeat {
  readonly #options: HeartbeatOptions;
  #heard: number;
  #sent: number;
  #expectedStep: number;

  constructor(options: HeartbeatOptions, now: number) {
    this.#options = options;
    this.#heard = now;
    this.#sent = now;
    this.#expectedStep = now + options.interval;
  }

  /** Anything that the peer sends shows that it lives. */
  heard(now: number): void {
    this.#heard = now;
  }

  step(now: number): HeartbeatStep {
    const { interval, timeout } = this.#options;
    const late = now - this.#expectedStep;
    // A step that comes much too late means that this process or machine slept: what the peer sent
    // meanwhile is not read yet, so it gets one more interval.
    if (late > interval) this.#heard = Math.max(this.#heard, now - timeout + interval);
    const silentFor = now - this.#heard;
    if (silentFor >= timeout) return { kind: "peer-silent", silentFor };
    const due = now - this.#sent >= interval;
    if (due) this.#sent = now;
    const milliseconds = Math.min(this.#sent + interval - now, this.#heard + timeout - now);
    this.#expectedStep = now + milliseconds;
    return { kind: due ? "send" : "wait", milliseconds };
  }
}

/** A running heartbeat of one link. */
export interface RunningHeartbeat {
  /** Call it for every frame that the peer sends. */
  heard(): void;
  stop(): void;
}

/** Calls `send` every interval, and `silent` once when the peer is given up; it has stopped then. */
export function startHeartbeat(
  options: HeartbeatOptions & { send: () => void; silent: (silentFor: number) => void },
): RunningHeartbeat {
  const heartbeat = new Heartbeat(options, performance.now());
  let timer: ReturnType<typeof setTimeout> | undefined;
  const arm = (milliseconds: number): void => {
    timer = setTimeout(run, milliseconds);
  };
  const run = (): void => {
    const step = heartbeat.step(performance.now());
    if (step.kind === "peer-silent") return options.silent(step.silentFor);
    arm(step.milliseconds);
    if (step.kind === "send") options.send();
  };
  arm(options.interval);
  return { heard: () => heartbeat.heard(performance.now()), stop: () => clearTimeout(timer) };
}
