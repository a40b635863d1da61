import { createHash } from "node:crypto";
import type { BlobReference } from "../../contract/blob_reference.ts";
import type { BlobRequests } from "../../contract/blob_transfer.ts";
import { BLOB_CHUNK_BYTES } from "../../contract/limits.ts";
import { assertEquals, assertRejects, assertTrue } from "../../lib/assert.ts";
import { ArgumentBlobs } from "./argument_blobs.ts";

const MEGABYTE = 1_000_000;

interface Content extends BlobReference {
  readonly bytes: Uint8Array<ArrayBuffer>;
}

function content(fill: number, size = MEGABYTE): Content {
  const bytes = new Uint8Array(size).fill(fill);
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

/** A chunk and a little, of which only the chunk comes until the request is aborted. */
function halfOf({ bytes }: Content, halfway: () => void): (signal: AbortSignal) => BlobRequests {
  const never = (): Promise<never> => Promise.reject(new Error("nothing is uploaded here"));
  return (signal) => ({
    begin: never,
    put: never,
    get: (_, start, end) => {
      if (start === 0) return Promise.resolve(bytes.slice(start, end));
      halfway();
      return new Promise((_, reject) =>
        signal.addEventListener("abort", () => reject(signal.reason), { once: true })
      );
    },
  });
}

Deno.test("half a download is kept for the next agent, and by nobody else", async () => {
  const large = content(1, BLOB_CHUNK_BYTES + 10);
  const folder = await Deno.makeTempDir();
  const begin = async (): Promise<{ blobs: ArgumentBlobs; file: Promise<string> }> => {
    const blobs = new ArgumentBlobs({ folder, cacheBytes: 100 * MEGABYTE });
    blobs.recover();
    const { promise, resolve } = Promise.withResolvers<void>();
    const file = blobs.use(large, halfOf(large, resolve));
    await promise;
    return { blobs, file };
  };
  const part = `${folder}/${large.sha256}.part`;
  try {
    const stopped = await begin();
    stopped.blobs.close();
    await assertRejects(() => stopped.file, /the agent stops/);
    assertTrue(exists(part), "half of it is kept");

    const released = await begin();
    released.blobs.release(large);
    await assertRejects(() => released.file, /nobody needs it/);
    assertTrue(!exists(part), "half of it is left");

    const again = await begin();
    again.blobs.close();
    await assertRejects(() => again.file, /the agent stops/);
    const other = content(2);
    const next = new ArgumentBlobs({ folder, cacheBytes: MEGABYTE });
    next.recover();
    await next.use(other, requestsFor(other));
    assertTrue(!exists(part), "it counts as unused, and is more than may be");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
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
