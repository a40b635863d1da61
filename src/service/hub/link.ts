/**
 * What joins a session with its peer: messages both ways, and an end that comes exactly once. Most
 * are WebSockets. What such a peer does not read waits in memory, up to a bound: acknowledgements
 * limit tasks, and this limits whatever else is said to it.
 */
import { MAX_LINK_BACKLOG_BYTES } from "../../contract/limits.ts";
import {
  type Decoded,
  decodeEndpointMessage,
  encodeMessage,
} from "../../contract/protocol/codec.ts";
import type { EndpointMessage, ServiceMessage } from "../../contract/protocol/messages.ts";

/** Codes with which a session is closed; see PROTOCOL.md. */
export const CLOSE_CODES = { done: 1000, silent: 1001, violation: 1002 } as const;

export interface LinkEvents {
  received(message: Decoded<EndpointMessage>): void;
  /** A text message, which the protocol does not have. */
  text(): void;
  /** So many bytes wait for a peer that does not read them; close the link. */
  overflowed(bytes: number): void;
  closed(): void;
}

/** A session's end of it. What is sent when it is closed is dropped. */
export interface Link {
  send(message: ServiceMessage): void;
  /** As {@link send}, of an encoded heartbeat. */
  sendFrame(frame: Uint8Array<ArrayBuffer>): void;
  close(code: number, reason: string): void;
}

/** Makes the link of a session, which is told what comes. Nothing comes before this returns. */
export type OpenLink = (events: LinkEvents) => Link;

export class SocketLink implements Link {
  readonly #socket: WebSocket;
  readonly #events: LinkEvents;
  readonly #maximumBacklog: number;

  /** @param maximumBacklog bytes that may wait for the peer. */
  constructor(
    socket: WebSocket,
    events: LinkEvents,
    maximumBacklog: number = MAX_LINK_BACKLOG_BYTES,
  ) {
    this.#socket = socket;
    this.#events = events;
    this.#maximumBacklog = maximumBacklog;
    socket.binaryType = "arraybuffer";
    socket.addEventListener("message", ({ data }: MessageEvent<ArrayBuffer | string>) => {
      if (typeof data === "string") events.text();
      else events.received(decodeEndpointMessage(new Uint8Array(data)));
    });
    // An error is followed by a close, which says all that matters here.
    socket.addEventListener("error", (event) => event.preventDefault());
    socket.addEventListener("close", () => events.closed(), { once: true });
  }

  /** Dropped when the link is closing: whatever has to arrive is sent again in the next session. */
  send(message: ServiceMessage): void {
    if (this.#takes()) this.#socket.send(encodeMessage(message));
  }

  /** As {@link send}, of an encoded message. */
  sendFrame(frame: Uint8Array<ArrayBuffer>): void {
    if (this.#takes()) this.#socket.send(frame);
  }

  #takes(): boolean {
    if (this.#socket.readyState !== WebSocket.OPEN) return false;
    const { bufferedAmount } = this.#socket;
    if (bufferedAmount <= this.#maximumBacklog) return true;
    this.#events.overflowed(bufferedAmount);
    return false;
  }

  close(code: number, reason: string): void {
    if (this.#socket.readyState === WebSocket.CLOSED) return;
    // The reason of a close frame has at most 123 bytes.
    this.#socket.close(code, reason.replace(/[^\x20-\x7e]/g, "?").slice(0, 120));
  }
}
