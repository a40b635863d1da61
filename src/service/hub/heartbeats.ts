/**
 * The heartbeats of all sessions with one timer: thousands of endpoints are connected most of the
 * time and have nothing to say, so each second those whose turn it is get the same frame.
 *
 * 1. A session is looked at when it is due, or less than one tick later.
 * 2. What was heard counts as heard at the end of its tick: no peer is given up too early.
 */
import { encodeMessage } from "../../contract/protocol/codec.ts";
import {
  Heartbeat,
  type HeartbeatOptions,
  type RunningHeartbeat,
} from "../../contract/protocol/heartbeat.ts";

/** Ticks in the time between two heartbeats of one session. */
const TICKS = 16;

/** What happens to a session. */
export interface HeartbeatEvents {
  /** Send this frame, a heartbeat. */
  send(frame: Uint8Array<ArrayBuffer>): void;
  /** Nothing was heard for too long; called once, and nothing else after it. */
  silent(milliseconds: number): void;
}

/** The heartbeat of one session. */
export interface SessionHeartbeat extends RunningHeartbeat {
  /** Milliseconds since 1970: when the peer was heard last, or less than one tick before. */
  readonly heardAt: number;
}

interface Entry {
  readonly heartbeat: Heartbeat;
  readonly events: HeartbeatEvents;
  turn: Set<Entry>;
}

export class Heartbeats {
  readonly options: HeartbeatOptions;
  readonly #tick: number;
  readonly #now: () => number;
  /** A wheel: the turns of the coming ticks, the next of which is at `#position`. */
  readonly #turns = Array.from({ length: TICKS + 1 }, () => new Set<Entry>());
  #position = 0;
  #size = 0;
  /** When the running tick ends, by the monotonic clock. */
  #tickEnd = 0;
  /** When it began, in milliseconds since 1970. */
  #tickBegin = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** @param now what a heartbeat says, in milliseconds since 1970 */
  constructor(options: HeartbeatOptions, now: () => number) {
    this.options = options;
    this.#tick = Math.ceil(options.interval / TICKS);
    this.#now = now;
  }

  /** For a session that begins. */
  start(events: HeartbeatEvents): SessionHeartbeat {
    const heartbeat = new Heartbeat(this.options, performance.now());
    const entry: Entry = { heartbeat, events, turn: this.#turnIn(this.options.interval) };
    entry.turn.add(entry);
    this.#size++;
    if (this.#timer === undefined) this.#arm();
    let heardAt = this.#now();
    return {
      heard: () => {
        heartbeat.heard(this.#tickEnd);
        heardAt = Math.max(heardAt, this.#tickBegin);
      },
      stop: () => this.#remove(entry),
      get heardAt() {
        return heardAt;
      },
    };
  }

  #remove(entry: Entry): void {
    if (!entry.turn.delete(entry)) return;
    if (--this.#size > 0) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #arm(): void {
    this.#tickEnd = performance.now() + this.#tick;
    this.#tickBegin = this.#now();
    this.#timer = setTimeout(() => this.#run(), this.#tick);
  }

  /** The first turn after so many milliseconds. */
  #turnIn(milliseconds: number): Set<Entry> {
    const ticks = Math.min(Math.max(1, Math.ceil(milliseconds / this.#tick)), TICKS);
    return this.#turns[(this.#position + ticks) % this.#turns.length]!;
  }

  #run(): void {
    this.#arm();
    this.#position = (this.#position + 1) % this.#turns.length;
    const now = performance.now();
    let frame: Uint8Array<ArrayBuffer> | undefined;
    // Those that are put back come to other turns, so this one becomes empty.
    for (const entry of this.#turns[this.#position]!) {
      const step = entry.heartbeat.step(now);
      if (step.kind === "peer-silent") {
        this.#remove(entry);
        entry.events.silent(step.silentFor);
        continue;
      }
      entry.turn.delete(entry);
      entry.turn = this.#turnIn(step.milliseconds);
      entry.turn.add(entry);
      if (step.kind !== "send") continue;
      frame ??= encodeMessage({ type: "heartbeat", at: this.#now() });
      entry.events.send(frame);
    }
  }
}
