/**
 * SHA-256: the platform's own that takes pieces, where there is one, as in Node and Deno; in browsers
 * WebCrypto's, which takes only a whole, and a portable one for pieces.
 */

export interface IncrementalHash {
  update(bytes: Uint8Array): unknown;
  digest(): Uint8Array;
}

/** What is used of `node:crypto`. */
interface NodeCrypto {
  createHash(algorithm: "sha256"): IncrementalHash;
}

/** Node's own modules as no import gives them, since a browser could not resolve that. */
interface BuiltinModules {
  getBuiltinModule?(name: "crypto"): NodeCrypto;
}

/** Undefined in browsers. It is loaded at the first call. */
function nodeCrypto(): NodeCrypto | undefined {
  const { process } = globalThis as { readonly process?: BuiltinModules };
  return process?.getBuiltinModule?.("crypto");
}

/** Of bytes that come in pieces. */
export async function newSha256(): Promise<IncrementalHash> {
  return nodeCrypto()?.createHash("sha256") ?? await portableSha256();
}

/** Runs everywhere, a good deal slower. */
export async function portableSha256(): Promise<IncrementalHash> {
  const { sha256 } = await import("@noble/hashes/sha2.js");
  return sha256.create();
}

/** In hexadecimal. */
export async function sha256Of(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const hash = nodeCrypto()?.createHash("sha256");
  // WebCrypto copies what it is given, which takes as long as to hash it.
  if (hash === undefined) {
    return hexOf(new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)));
  }
  hash.update(bytes);
  return hexOf(hash.digest());
}

export function hexOf(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
