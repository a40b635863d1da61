/**
 * How managers and agent meet at the service where they cannot reach each other.
 *
 * Both dial a WebSocket. The agent waits at the service under a key, the SHA-256 of a token that only
 * the block's managers have; a manager that shows the token is joined with it, and the agent dials the
 * next one to wait. What passes is the bytes of the TLS session that the manager would have with the
 * agent in any case, with the agent's own certificate: the service cannot read or change it, and who
 * has the token alone gets no further than to the agent's greeting.
 *
 * Every message is binary. Its first byte says what it is:
 *
 * - `data`: the rest is bytes of the stream, at least one.
 * - `taken`: the rest is a 32-bit number, big-endian; the sender has taken so many bytes more of what
 *   came to it. No more than `RELAY_WINDOW_BYTES` may be on their way, untaken, in either direction.
 *
 * The service passes both on and counts; whoever breaks these rules is cut off, code 1008.
 */
import { createHash } from "node:crypto";

export const RELAY_MESSAGE = { data: 0, taken: 1 } as const;

/** WebSocket's close codes, as the service uses them for a relayed connection. */
export const RELAY_CLOSE = {
  /** The other end has closed its connection. Any other code says nothing of the other end. */
  otherEnd: 1000,
  stopping: 1001,
  violation: 1008,
  /** Nobody came to be joined with, or there is too much on its way. */
  tryAgain: 1013,
} as const;

/** What a message is. */
export type RelayMessage =
  | { readonly kind: "data"; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly kind: "taken"; readonly count: number }
  | { readonly kind: "violation"; readonly reason: string };

export function readRelayMessage(frame: Uint8Array<ArrayBuffer>): RelayMessage {
  const [first] = frame;
  const isTaken = first === RELAY_MESSAGE.taken && frame.length === 5;
  if (isTaken) {
    const count = new DataView(frame.buffer, frame.byteOffset).getUint32(1);
    return { kind: "taken", count };
  }
  if (first === RELAY_MESSAGE.data && frame.length > 1) {
    return { kind: "data", bytes: frame.subarray(1) };
  }
  return { kind: "violation", reason: `a message of ${frame.length} bytes that means nothing` };
}

export function dataMessage(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const frame = new Uint8Array(bytes.length + 1);
  frame[0] = RELAY_MESSAGE.data;
  frame.set(bytes, 1);
  return frame;
}

export function takenMessage(count: number): Uint8Array<ArrayBuffer> {
  const frame = new Uint8Array(5);
  frame[0] = RELAY_MESSAGE.taken;
  new DataView(frame.buffer).setUint32(1, count);
  return frame;
}

/** Under which the agent waits for those who show the token: 64 hexadecimal digits. */
export function relayKey(token: string): string {
  return createHash("sha256").update(token).digest("hex");
}
