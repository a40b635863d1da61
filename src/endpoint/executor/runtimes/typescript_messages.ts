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

/** Asks a guest that has nothing to do to give back the memory that it can. */
export const REST = "rest";

/** Function and task records, whole ones; null: the gate has been opened, go on; or an answer. */
export type ToGuest = Uint8Array | null | BlobAnswer | typeof REST;

/** What a task's arguments refer to, asked for when it runs: it may be large. */
export interface BlobQuestion {
  readonly sequence: number;
  /** Blobs to be read. */
  readonly contents: readonly string[];
  /** Files to be put where the guest may read them: `SHA-256/name`. */
  readonly files: readonly string[];
}

export interface BlobAnswer {
  readonly sequence: number;
  /** Contents as bytes, files as paths, by what was asked for. */
  readonly blobs: ReadonlyMap<string, Uint8Array | string>;
  /** Why they are not to be had; empty when they are. */
  readonly failure: string;
}

/**
 * Null: look at the ring. A number: waiting for this task to be allowed. Bytes: a large record. Text:
 * the guest is broken, and why. An object: what a task's arguments refer to is needed.
 */
export type FromGuest = null | number | Uint8Array | string | BlobQuestion;

/** Posted by the guest's module when it can take its setup. */
export const GUEST_LOADED = "loaded";
