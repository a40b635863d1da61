/** What the two threads of a TypeScript worker send each other; results go through the ring. */
import type { RingMemory } from "./ring.ts";

/** First message to the guest; everything later goes over `port`, which user code cannot reach. */
export interface GuestSetup {
  readonly port: MessagePort;
  readonly ring: RingMemory;
  readonly gate: SharedArrayBuffer;
  readonly maxResultBytes: number;
  readonly maxTracebackBytes: number;
}

/** Function and task records, whole ones; or null: the gate has been opened, go on. */
export type ToGuest = Uint8Array | null;

/**
 * Null: look at the ring. A number: waiting for this task to be allowed. Bytes: a large record. Text:
 * the guest is broken, and why.
 */
export type FromGuest = null | number | Uint8Array | string;

/** Posted by the guest's module when it can take its setup. */
export const GUEST_LOADED = "loaded";
