/** SHA-256 of bytes that come in pieces, which WebCrypto takes only as a whole. */

export interface IncrementalHash {
  update(bytes: Uint8Array): unknown;
  digest(): Uint8Array;
}

/** Begins a SHA-256. */
export type NewHash = () => IncrementalHash | Promise<IncrementalHash>;

/** Runs everywhere, and is loaded when it is needed first. */
export async function portableHash(): Promise<IncrementalHash> {
  const { sha256 } = await import("@noble/hashes/sha2.js");
  return sha256.create();
}

export function hexOf(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
