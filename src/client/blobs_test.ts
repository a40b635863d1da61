import { createHash } from "node:crypto";
import { blobBuffer, type BlobReference } from "../contract/blob_reference.ts";
import { newId } from "../contract/ids.ts";
import type { BlobRequests } from "../contract/blob_transfer.ts";
import { BLOB_CHUNK_BYTES, UPLOAD_BYTES } from "../contract/limits.ts";
import { assertEquals, assertRejects } from "../lib/assert.ts";
import { blobRequests } from "./blob_requests.ts";
import { Blobs } from "./blobs.ts";
import { Transport } from "./transport.ts";

/** A service that keeps one blob; links to it break when the test says so. */
class BlobService {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly blob: BlobReference;
  readonly log: string[] = [];
  offset = 0;
  /** The link breaks once after this, before its answer. */
  losesAfter = "";

  constructor(bytes: Uint8Array<ArrayBuffer>) {
    this.bytes = bytes;
    this.blob = {
      sha256: createHash("sha256").update(bytes).digest("hex"),
      size: bytes.length,
    };
  }

  /** A client of it, which has reached it before. */
  async client(): Promise<Blobs> {
    const transport = new Transport({
      url: "http://service",
      token: "fx_test",
      fetch: (input, init) => this.#answer(new URL(String(input)), init!),
    });
    await transport.send({
      method: "GET",
      path: "/v3/health",
      headers: {},
      repeatable: true,
      authorized: false,
    });
    return new Blobs(blobRequests(transport), { inlineBytes: 1_000 });
  }

  #answer(url: URL, { method, body, headers }: RequestInit): Promise<Response> {
    if (url.pathname === "/v3/health") return Promise.resolve(Response.json({}));
    if (method === "GET") return Promise.resolve(this.#read(headers as Record<string, string>));
    if (method === "PUT") this.#put(Number(url.searchParams.get("offset")), body as Uint8Array);
    else this.#begin();
    if (this.log.at(-1) === this.losesAfter) {
      this.losesAfter = "";
      return Promise.reject(new TypeError("the connection was reset"));
    }
    if (this.#mismatch) return Promise.resolve(mismatch());
    const complete = this.offset === this.bytes.length;
    return Promise.resolve(Response.json({ ...this.blob, offset: this.offset, complete }));
  }

  #mismatch = false;

  #begin(): void {
    this.log.push("begin");
    this.#mismatch = false;
  }

  #put(offset: number, bytes: Uint8Array): void {
    this.log.push(`put ${offset}`);
    this.#mismatch = offset !== this.offset;
    if (this.#mismatch) return;
    assertEquals(bytes, this.bytes.subarray(offset, offset + bytes.length));
    this.offset += bytes.length;
  }

  #read({ range }: Record<string, string>): Response {
    this.log.push(range!);
    const [, start, end] = /^bytes=(\d+)-(\d+)$/.exec(range!)!;
    return new Response(this.bytes.slice(Number(start), Number(end) + 1));
  }
}

function mismatch(): Response {
  const code = "BLOB_OFFSET_MISMATCH";
  const body = { status: "Failed", code, reason: "the upload is elsewhere", error_args: [] };
  return Response.json({ ...body, http_status_code: 409, retryable: false }, { status: 409 });
}

function text(length: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(length).fill(0x37);
}

Deno.test("an upload whose link breaks goes on where the service is", async () => {
  const service = new BlobService(text(2 * BLOB_CHUNK_BYTES + 7));
  const { bytes, blob } = service;
  const client = await service.client();
  service.losesAfter = "put 0";
  const read = (start: number, end: number): Promise<Uint8Array<ArrayBuffer>> =>
    Promise.resolve(bytes.slice(start, end));
  await client.upload({ ...blob, read });
  assertEquals(service.log, [
    "begin",
    "put 0",
    // The transport repeats what got no answer, and learns that it had come.
    "put 0",
    "begin",
    `put ${BLOB_CHUNK_BYTES}`,
    `put ${2 * BLOB_CHUNK_BYTES}`,
  ]);
});

Deno.test("payloads are uploaded side by side, as far as they take little memory", async () => {
  const gate = Promise.withResolvers<void>();
  const uploads: string[] = [];
  const never = (): Promise<never> => Promise.reject(new Error("nothing else is asked"));
  const requests: BlobRequests = {
    begin: never,
    put: async (blob) => {
      uploads.push(blob.sha256);
      await gate.promise;
      return { ...blob, offset: blob.size, complete: true };
    },
    get: never,
  };
  const client = new Blobs(requests, { inlineBytes: 1_000 });
  const text = "x".repeat(UPLOAD_BYTES / 4);
  const payloads: (string | Promise<string>)[] = [];
  // Whoever makes them in a loop stops when there is no room.
  while (client.room() === undefined) payloads.push(client.payload([payloads.length, text], {}));
  assertEquals(payloads.length, 4);
  const room = client.room();
  while (uploads.length < 4) await new Promise((resolve) => setTimeout(resolve));
  gate.resolve();
  await room;
  assertEquals((await Promise.all(payloads)).length, new Set(uploads).size);
  assertEquals(client.room(), undefined);
});

Deno.test("a large result is fetched, and refused when it is not what its hash says", async () => {
  const service = new BlobService(text(3_000));
  const client = await service.client();
  const task = { task_id: newId(), result: blobBuffer(service.blob) };
  assertEquals((await client.withResult(task)).result, "7".repeat(3_000));
  service.bytes[1] = 0x38;
  await assertRejects(() => client.withResult(task), /another SHA-256/);
});

Deno.test("a result of many chunks is refused when one of them is not what was stored", async () => {
  const service = new BlobService(text(2 * BLOB_CHUNK_BYTES + 7));
  const client = await service.client();
  const task = { task_id: newId(), result: blobBuffer(service.blob) };
  assertEquals((await client.withResult(task)).result!.length, service.bytes.length);
  service.bytes[BLOB_CHUNK_BYTES + 1] = 0x38;
  await assertRejects(() => client.withResult(task), /another SHA-256/);
  await assertRejects(async () => {
    let bytes = 0;
    for await (const chunk of client.resultChunks(task)!) bytes += chunk.length;
    return bytes;
  }, /another SHA-256/);
});

Deno.test("no further chunk is fetched of a result that nobody waits for any more", async () => {
  const blob = { sha256: "0".repeat(64), size: 4 * BLOB_CHUNK_BYTES };
  const nobody = new AbortController();
  const asked: number[] = [];
  const unused = (): Promise<never> => Promise.reject(new Error("nothing is uploaded"));
  const client = new Blobs({
    begin: unused,
    put: unused,
    get: (_blob, start, end) => {
      asked.push(start);
      nobody.abort();
      return Promise.resolve(new Uint8Array(end - start));
    },
  }, { inlineBytes: 1_000 });
  const task = { task_id: newId(), result: blobBuffer(blob) };
  await assertRejects(() => client.withResult(task, { signal: nobody.signal }), /abort/);
  // The next chunk is on its way while one is used.
  assertEquals(asked, [0, BLOB_CHUNK_BYTES]);
  await assertRejects(() => client.withResult(task, { signal: nobody.signal }), /abort/);
  assertEquals(asked.length, 2);
});

Deno.test("a result that fits no text is refused before any of it is fetched", async () => {
  const service = new BlobService(text(3_000));
  const client = await service.client();
  const blob = { ...service.blob, size: 5_000_000_000 };
  const task = { task_id: newId(), result: blobBuffer(blob) };
  await assertRejects(() => client.withResult(task), /5000000000 bytes, more than/);
  assertEquals(service.log, []);
});

Deno.test("an answer that is shorter than what was asked for is refused", async () => {
  const service = new BlobService(text(3_000));
  const client = await service.client();
  const blob = { ...service.blob, size: 4_000 };
  const task = { task_id: newId(), result: blobBuffer(blob) };
  await assertRejects(() => client.withResult(task), /3000 bytes .* where 4000 are due/);
});
