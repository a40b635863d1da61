/** A session whose other end is the test. Every message has to be asked for, in order. */
import { newId } from "../../contract/ids.ts";
import { decodeEndpointMessage, encodeMessage } from "../../contract/protocol/codec.ts";
import type { EndpointMessage, Welcome } from "../../contract/protocol/messages.ts";
import { PROTOCOL_VERSION } from "../../contract/protocol/version.ts";
import { assertEquals, assertTrue } from "../../lib/assert.ts";
import type { Session } from "../session.ts";
import { MessageQueue } from "./message_queue.ts";

export function welcome(changes: Partial<Welcome> = {}): Welcome {
  return {
    type: "welcome",
    protocol_version: PROTOCOL_VERSION,
    service_id: newId(),
    session_id: newId(),
    software_version: "0.0.0",
    result_credits: 1_000,
    heartbeat_interval: 60_000,
    now: Date.now(),
    ...changes,
  };
}

export class FakeSession implements Session {
  readonly welcome: Welcome;
  readonly messages = new MessageQueue<EndpointMessage>();
  bufferedBytes = 0;
  violation: string | undefined;

  constructor(changes: Partial<Welcome> = {}) {
    this.welcome = welcome(changes);
  }

  send(message: EndpointMessage): void {
    this.sendFrame(encodeMessage(message));
  }

  /** Through the codec, so that what is sent is what a service would read. */
  sendFrame(frame: Uint8Array): void {
    const decoded = decodeEndpointMessage(frame);
    assertTrue(decoded.kind === "message", "the endpoint sent a violation");
    this.messages.push(decoded.message);
  }

  violated(reason: string): void {
    assertEquals(this.violation, undefined);
    this.violation = reason;
  }
}
