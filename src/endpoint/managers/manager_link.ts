/**
 * An open session of the manager link, which is the same at both ends: frames with their heartbeats,
 * a bound on what the peer does not read, and an end that comes exactly once.
 */
import { MAX_LINK_BACKLOG_BYTES } from "../../contract/limits.ts";
import type { Decoded } from "../../contract/protocol/codec.ts";
import { type RunningHeartbeat, startHeartbeat } from "../../contract/protocol/heartbeat.ts";
import { encodeLinkMessage } from "../../contract/protocol/manager_codec.ts";
import type { AgentMessage, ManagerMessage } from "../../contract/protocol/manager_messages.ts";
import { wallClock } from "../../lib/clock.ts";
import { logger } from "../../lib/log.ts";
import type { Transport } from "../forwarder/ws_transport.ts";

const log = logger("managers", "link");

/** Intervals of silence that end a link. */
const SILENT_INTERVALS = 2;
const CLOSE_NORMAL = 1000;
const CLOSE_VIOLATION = 1002;

/** Why a session ended. */
export type LinkEnding =
  | { readonly kind: "left" }
  | { readonly kind: "goodbye"; readonly reason: string }
  | { readonly kind: "violation"; readonly reason: string }
  | { readonly kind: "silent"; readonly milliseconds: number }
  | { readonly kind: "unread"; readonly bytes: number }
  /** The connection closed without a word. */
  | { readonly kind: "broken"; readonly reason: string };

export interface ManagerLinkOptions<In> {
  readonly transport: Transport;
  /** Milliseconds. */
  readonly heartbeatInterval: number;
  readonly decode: (frame: Uint8Array) => Decoded<In>;
  /** None of them a heartbeat or a goodbye. */
  readonly message: (message: In) => void;
  /** Once, last. */
  readonly ended: (ending: LinkEnding) => void;
}

export class ManagerLink<
  Out extends ManagerMessage | AgentMessage,
  In extends ManagerMessage | AgentMessage,
> {
  readonly #options: ManagerLinkOptions<In>;
  readonly #heartbeat: RunningHeartbeat;
  #isOver = false;

  constructor(options: ManagerLinkOptions<In>) {
    this.#options = options;
    const { transport, heartbeatInterval: interval } = options;
    this.#heartbeat = startHeartbeat({
      interval,
      timeout: SILENT_INTERVALS * interval,
      send: () => this.#sendFrame(encodeLinkMessage({ type: "heartbeat", at: wallClock() })),
      silent: (milliseconds) => {
        this.#end({ kind: "silent", milliseconds });
        transport.terminate();
      },
    });
  }

  get isOpen(): boolean {
    return !this.#isOver;
  }

  get bufferedBytes(): number {
    return this.#options.transport.bufferedBytes;
  }

  /** Dropped when the session is over: whatever has to arrive is said again in the next one. */
  send(message: Out): void {
    this.#sendFrame(encodeLinkMessage(message));
  }

  #sendFrame(frame: Uint8Array): void {
    if (this.#isOver) return;
    const bytes = this.bufferedBytes;
    if (bytes <= MAX_LINK_BACKLOG_BYTES) return this.#options.transport.send(frame);
    this.#end({ kind: "unread", bytes });
    this.#options.transport.terminate();
  }

  /** Says goodbye and closes. */
  leave(reason: string): void {
    this.#goodbye({ type: "goodbye", reason }, { kind: "left" }, CLOSE_NORMAL);
  }

  violated(reason: string): void {
    if (this.#isOver) return;
    log.error("the other side of a manager link broke the protocol: {reason}", { reason });
    const goodbye = { type: "goodbye", reason, violation: true } as const;
    this.#goodbye(goodbye, { kind: "violation", reason }, CLOSE_VIOLATION);
  }

  #goodbye(
    message: Extract<AgentMessage & ManagerMessage, { readonly type: "goodbye" }>,
    ending: LinkEnding,
    code: number,
  ): void {
    this.#sendFrame(encodeLinkMessage(message));
    this.#end(ending);
    this.#options.transport.close(code, message.reason);
  }

  /** A frame of the peer. */
  frame(bytes: Uint8Array): void {
    if (this.#isOver) return;
    this.#heartbeat.heard();
    const decoded = this.#options.decode(bytes);
    if (decoded.kind === "violation") return this.violated(decoded.reason);
    const { message } = decoded;
    switch (message.type) {
      case "heartbeat":
        return;
      case "hello":
      case "welcome":
      case "reject":
        return this.violated(`${message.type} in the middle of a session`);
      case "goodbye":
        this.#end({ kind: "goodbye", reason: message.reason });
        return this.#options.transport.close(CLOSE_NORMAL, "goodbye");
      default:
        this.#options.message(message);
    }
  }

  /** The connection is closed. */
  closed(reason: string): void {
    this.#end({ kind: "broken", reason });
  }

  #end(ending: LinkEnding): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#heartbeat.stop();
    this.#options.ended(ending);
  }
}

/** In words, for logs and the reasons of lost tasks. */
export function endingText(ending: LinkEnding): string {
  switch (ending.kind) {
    case "left":
      return "this side closed it";
    case "goodbye":
      return `the other side said goodbye: ${ending.reason}`;
    case "violation":
      return `the other side broke the protocol: ${ending.reason}`;
    case "silent":
      return `nothing was heard for ${(ending.milliseconds / 1_000).toFixed(1)} s`;
    case "unread":
      return `the other side does not read: ${ending.bytes} bytes waited for it`;
    case "broken":
      return `the connection broke${ending.reason && ` (${ending.reason})`}`;
  }
}
