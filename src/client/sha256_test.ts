import { assertEquals } from "../lib/assert.ts";
import { hexOf, newSha256, portableSha256, sha256Of } from "./sha256.ts";

// FIPS 180-2, appendix B.
const ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

/** As a browser, which has no `process`. */
async function withoutProcess<T>(action: () => Promise<T>): Promise<T> {
  const known = Object.getOwnPropertyDescriptor(globalThis, "process")!;
  Object.defineProperty(globalThis, "process", { value: undefined, configurable: true });
  try {
    return await action();
  } finally {
    Object.defineProperty(globalThis, "process", known);
  }
}

async function hashes(): Promise<string[]> {
  const [a, bc] = [new Uint8Array([0x61]), new Uint8Array([0x62, 0x63])];
  const found = [await sha256Of(new Uint8Array([0x61, 0x62, 0x63]))];
  for (const begin of [newSha256, portableSha256]) {
    const hash = await begin();
    hash.update(a);
    hash.update(bc);
    found.push(hexOf(hash.digest()));
  }
  return found;
}

Deno.test("whichever platform hashes, whole or in pieces, the hash is SHA-256", async () => {
  assertEquals(await hashes(), [ABC, ABC, ABC]);
  assertEquals(await withoutProcess(hashes), [ABC, ABC, ABC]);
});
