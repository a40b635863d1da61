/** What the agent's parts see of the link to the service while it is up. */
import { MAX_WINDOW_BYTES } from "../contract/limits.ts";
import type { EndpointMessage, ServiceMessage, Welcome } from "../contract/protocol/messages.ts";

export interface Session {
  readonly welcome: Welcome;
  send(message: EndpointMessage): void;
  /** A message that is encoded already. */
  sendFrame(frame: Uint8Array): void;
  /** Bytes handed to the socket and not yet sent. */
  readonly bufferedBytes: number;
  /** Ends the session because the service broke the protocol. */
  violated(reason: string): void;
}

/** Messages of a session after its welcome. */
export type SessionMessage = Exclude<ServiceMessage, { readonly type: "welcome" | "reject" }>;

/**
 * Sends what nobody relies on, such as live output and the moves of running tasks, which their
 * results tell again; left out while a service that does not read has much to read already.
 */
export function sendIfRead(session: Session | undefined, message: EndpointMessage): void {
  if (session === undefined || session.bufferedBytes > MAX_WINDOW_BYTES) return;
  session.send(message);
}
