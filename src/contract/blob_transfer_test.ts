import { assertEquals, assertRejects } from "../lib/assert.ts";
import type { BlobReference } from "./blob_reference.ts";
import { type BlobRequests, downloadBlob, uploadBlob } from "./blob_transfer.ts";
import { FuncxError } from "./errors.ts";
import { BLOB_CHUNK_BYTES } from "./limits.ts";

const SIZE = 3 * BLOB_CHUNK_BYTES + 5;
const BLOB: BlobReference = { sha256: "ab".repeat(32), size: SIZE };

function mismatch(): FuncxError {
  return new FuncxError({ code: "BLOB_OFFSET_MISMATCH", message: "the upload is elsewhere" });
}

/** A service that keeps one blob; it fails on what does not follow on what it has. */
class FakeStore implements BlobRequests {
  readonly bytes = new Uint8Array(SIZE);
  offset = 0;
  readonly log: string[] = [];
  /** The next answers to a put that are lost after it was taken. */
  lost = 0;

  begin(blob: BlobReference): ReturnType<BlobRequests["begin"]> {
    this.log.push("begin");
    return Promise.resolve({ ...blob, offset: this.offset, complete: this.offset === SIZE });
  }

  put(
    blob: BlobReference,
    offset: number,
    bytes: Uint8Array<ArrayBuffer>,
  ): ReturnType<BlobRequests["put"]> {
    this.log.push(`put ${offset}`);
    if (offset !== this.offset) return Promise.reject(mismatch());
    this.bytes.set(bytes, offset);
    this.offset += bytes.length;
    // The transport repeats what got no answer.
    if (this.lost-- > 0) return this.put(blob, offset, bytes);
    return Promise.resolve({ ...blob, offset: this.offset, complete: this.offset === SIZE });
  }

  get(_: BlobReference, start: number, end: number): ReturnType<BlobRequests["get"]> {
    this.log.push(`get ${start}-${end}`);
    return Promise.resolve(this.bytes.slice(start, end));
  }
}

function source(bytes: Uint8Array<ArrayBuffer>): Parameters<typeof uploadBlob>[1] {
  return { ...BLOB, read: (start, end) => Promise.resolve(bytes.subarray(start, end)) };
}

const CONTENT = Uint8Array.from({ length: SIZE }, (_, index) => (index * 7 + (index >> 16)) & 255);

Deno.test("an upload sends each byte once, and goes on where an earlier one stopped", async () => {
  const store = new FakeStore();
  const seen: number[] = [];
  store.bytes.set(CONTENT.subarray(0, BLOB_CHUNK_BYTES));
  store.offset = BLOB_CHUNK_BYTES;
  await uploadBlob(store, source(CONTENT), (done) => seen.push(done));
  assertEquals(store.log, [
    "begin",
    ...[1, 2, 3].map((chunk) => `put ${chunk * BLOB_CHUNK_BYTES}`),
  ]);
  assertEquals(store.bytes, CONTENT);
  assertEquals(seen, [1, 2, 3].map((chunk) => chunk * BLOB_CHUNK_BYTES).concat(SIZE));
});

Deno.test("a chunk whose answer was lost is not sent a third time", async () => {
  const store = new FakeStore();
  store.lost = 1;
  await uploadBlob(store, source(CONTENT));
  assertEquals(store.log.slice(0, 5), [
    "begin",
    "put 0",
    "put 0",
    "begin",
    `put ${BLOB_CHUNK_BYTES}`,
  ]);
  assertEquals(store.bytes, CONTENT);
});

Deno.test("an upload that is refused ends with the refusal", async () => {
  const store = new FakeStore();
  store.put = (): never => {
    throw new FuncxError({ code: "BLOB_QUOTA_EXCEEDED", message: "no more" });
  };
  await assertRejects(() => uploadBlob(store, source(CONTENT)), /no more/);
});

Deno.test("a download asks for each byte once, from where it is to go on", async () => {
  const store = new FakeStore();
  store.bytes.set(CONTENT);
  const chunks: Uint8Array[] = [];
  for await (const chunk of downloadBlob(store, BLOB, 100)) chunks.push(chunk);
  assertEquals(chunks.reduce((sum, { length }) => sum + length, 0), SIZE - 100);
  assertEquals(chunks[0], CONTENT.slice(100, 100 + BLOB_CHUNK_BYTES));
  assertEquals(store.log.length, 3);
});

Deno.test("a chunk that is too short is an error", async () => {
  const store = new FakeStore();
  store.get = (): Promise<Uint8Array<ArrayBuffer>> => Promise.resolve(new Uint8Array(3));
  await assertRejects(async () => {
    for await (const _ of downloadBlob(store, BLOB)) { /* nothing */ }
  }, /gave 3 bytes/);
});
