/** A WebSocket as the hub sees it: frames in, messages out, and an end that comes exactly once. */
import { encodeMessage } from "../../contract/protocol/codec.ts";
import type { ServiceMessage } from "../../contract/protocol/messages.ts";

/** Codes with which a session is closed; see PROTOCOL.md. */
export const CLOSE_CODES = { done: 1000, silent: 1001, violation: 1002 } as const;

export interface LinkEvents {
  frame(bytes: Uint8Array): void;
  /** A text message, which the protocol does not have. */
  text(): void;
  closed(): void;
}

export class Link {
  readonly #socket: WebSocket;

  constructor(socket: WebSocket, events: LinkEvents) {
    this.#socket = socket;
    socket.binaryType = "arraybuffer";
    socket.addEventListener("message", ({ data }: MessageEvent<ArrayBuffer | string>) => {
      if (typeof data === "string") events.text();
      else events.frame(new Uint8Array(data));
    });
    // An error is followed by a close, which says all that matters here.
    socket.addEventListener("error", (event) => event.preventDefault());
    socket.addEventListener("close", () => events.closed(), { once: true });
  }

  /** Dropped when the link is closing: whatever has to arrive is sent again in the next session. */
  send(message: ServiceMessage): void {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(encodeMessage(message));
  }

  close(code: number, reason: string): void {
    if (this.#socket.readyState === WebSocket.CLOSED) return;
    // The reason of a close frame has at most 123 bytes.
    this.#socket.close(code, reason.replace(/[^\x20-\x7e]/g, "?").slice(0, 120));
  }
}
