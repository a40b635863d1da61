import { createHash } from "node:crypto";
import type { BlobReference } from "../../contract/blob_reference.ts";
import type { BlobRequests } from "../../contract/blob_transfer.ts";
import { assertEquals, assertRejects } from "../../lib/assert.ts";
import { ArgumentBlobs } from "./argument_blobs.ts";

const MEGABYTE = 1_000_000;

interface Content extends BlobReference {
  readonly bytes: Uint8Array<ArrayBuffer>;
}

function content(fill: number): Content {
  const bytes = new Uint8Array(MEGABYTE).fill(fill);
  return { sha256: createHash("sha256").update(bytes).digest("hex"), size: bytes.length, bytes };
}

/** Gives the content, or what `change` makes of it. */
function requestsFor(
  { bytes }: Content,
  change: (bytes: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer> = (bytes) => bytes,
): () => BlobRequests {
  const never = (): Promise<never> => Promise.reject(new Error("nothing is uploaded here"));
  return () => ({
    begin: never,
    put: never,
    get: (_, start, end) => Promise.resolve(change(bytes.slice(start, end))),
  });
}

async function withBlobs(
  free: () => number,
  action: (blobs: ArgumentBlobs) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await action(new ArgumentBlobs({ folder, cacheBytes: 10 * MEGABYTE, free }));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("a download begins only when the disk has room for it", async () => {
  let free = 1_000 * MEGABYTE;
  await withBlobs(() => free, async (blobs) => {
    const [first, second] = [content(1), content(2)];
    const path = await blobs.use(first, requestsFor(first));
    free = 5 * MEGABYTE;
    await assertRejects(() => blobs.use(second, requestsFor(second)), /do not fit the disk/);
    assertEquals((await Deno.stat(path)).size, MEGABYTE);
    free = 1_000 * MEGABYTE;
    await blobs.use(second, requestsFor(second));
  });
});

Deno.test("what nobody uses any more makes room for what is needed", async () => {
  let old: string | undefined;
  const free = (): number => old === undefined || !exists(old) ? 1_000 * MEGABYTE : 0;
  await withBlobs(free, async (blobs) => {
    const [first, second] = [content(1), content(2)];
    const path = await blobs.use(first, requestsFor(first));
    blobs.release(first);
    await Promise.resolve();
    old = path;
    assertEquals(exists(path), true);
    await blobs.use(second, requestsFor(second));
    assertEquals(exists(path), false);
  });
});

function exists(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch (thrown) {
    if (thrown instanceof Deno.errors.NotFound) return false;
    throw thrown;
  }
}

Deno.test("what comes with another checksum is refused, and fetched anew by the next", async () => {
  await withBlobs(() => 1_000 * MEGABYTE, async (blobs) => {
    const wanted = content(1);
    let requests = 0;
    const spoilt = requestsFor(wanted, (bytes) => {
      requests++;
      return bytes.fill(9, 0, 1);
    });
    await assertRejects(() => blobs.use(wanted, spoilt), /another SHA-256/);
    assertEquals(requests, 1);
    await blobs.use(wanted, requestsFor(wanted));
  });
});
