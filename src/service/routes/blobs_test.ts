import { blobPath, handedPath, isOwnerFolder } from "../../contract/blob_hand_over.ts";
import { blobBuffer, type BlobReference } from "../../contract/blob_reference.ts";
import { jsonBuffer, pack } from "../../contract/envelope.ts";
import { newId } from "../../contract/ids.ts";
import {
  BLOB_BODIES_BYTES,
  BLOB_CHUNK_BYTES,
  BLOB_PIECE_BYTES,
  MAX_RESULT_BYTES,
  UNUSED_BLOB_LIFETIME,
} from "../../contract/limits.ts";
import { assertEquals, assertTrue } from "../../lib/assert.ts";
import { BlobVault } from "../blobs/vault.ts";
import { RequestRoom } from "../http/request_room.ts";
import { finishTasks } from "../testing/finish_tasks.ts";
import { type Answered, ServiceFixture } from "../testing/service_fixture.ts";

const SDK = { "user-agent": "globus-sdk-py-4.10.0/globus-compute-sdk-4.19.0" };

/** Bytes that differ everywhere, so that a chunk in a wrong place is seen. */
function content(size: number, seed = 1): Uint8Array<ArrayBuffer> {
  const words = new Uint32Array(Math.ceil(size / 4));
  for (let index = 0; index < words.length; index++) {
    words[index] = Math.imul(index + seed, 2654435761);
  }
  return new Uint8Array(words.buffer, 0, size);
}

async function referenceTo(bytes: Uint8Array<ArrayBuffer>): Promise<BlobReference> {
  const digest = await crypto.subtle.digest("SHA-256", bytes);
  return { sha256: new Uint8Array(digest).toHex(), size: bytes.length };
}

interface Sender {
  readonly token: string;
  readonly task?: string;
}

function begin(
  service: ServiceFixture,
  { token, task }: Sender,
  reference: BlobReference,
): Promise<Answered> {
  return service.call("POST", "/v3/blobs", { token, body: { ...reference, task_id: task } });
}

function put(
  service: ServiceFixture,
  { token, task }: Sender,
  { sha256, size }: BlobReference,
  offset: number,
  body: Uint8Array,
): Promise<Answered> {
  const query = `offset=${offset}&size=${size}${task === undefined ? "" : `&task_id=${task}`}`;
  return service.call("PUT", `/v3/blobs/${sha256}?${query}`, { token, body });
}

async function upload(
  service: ServiceFixture,
  sender: Sender,
  bytes: Uint8Array<ArrayBuffer>,
): Promise<BlobReference> {
  const reference = await referenceTo(bytes);
  for (let offset = 0; offset < bytes.length; offset += BLOB_CHUNK_BYTES) {
    const chunk = bytes.subarray(offset, offset + BLOB_CHUNK_BYTES);
    assertEquals((await put(service, sender, reference, offset, chunk)).status, 200);
  }
  return reference;
}

async function download(
  service: ServiceFixture,
  { token, task }: Sender,
  sha256: string,
  headers: Record<string, string> = {},
): Promise<Response> {
  const query = task === undefined ? "" : `?task_id=${task}`;
  return await service.send("GET", `/v3/blobs/${sha256}${query}`, { token, headers });
}

async function bytesOf(response: Response): Promise<Uint8Array> {
  return new Uint8Array(await response.arrayBuffer());
}

async function filesUnder(folder: string): Promise<string[]> {
  const files: string[] = [];
  for await (const entry of Deno.readDir(folder)) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory) files.push(...await filesUnder(path));
    else files.push(path);
  }
  return files;
}

function payloadOf(reference: BlobReference): string {
  return pack([blobBuffer(reference), jsonBuffer({})]);
}

/** A function and an endpoint of Ada, and a task of hers that refers to `reference`. */
async function submitted(
  service: ServiceFixture,
  token: string,
  reference: BlobReference,
): Promise<{ endpoint: { id: string; token: string }; task: string }> {
  const fn = await service.registerFunction(token);
  const endpoint = await service.registerEndpoint(token);
  const answer = await service.call("POST", `/v3/endpoints/${endpoint.id}/submit`, {
    token,
    body: { tasks: { [fn]: [payloadOf(reference)] } },
  });
  assertEquals(answer.status, 200);
  return { endpoint, task: answer.body.tasks[fn][0] };
}

Deno.test("a blob is uploaded in chunks, and read whole or in part", async () => {
  await using service = await ServiceFixture.open();
  const ada = { token: await service.token() };
  const bytes = content(2 * BLOB_CHUNK_BYTES + 12_345);
  const { sha256 } = await upload(service, ada, bytes);
  const whole = await download(service, ada, sha256);
  assertEquals([whole.status, whole.headers.get("content-length")], [200, `${bytes.length}`]);
  assertTrue(indexedDiff(await bytesOf(whole), bytes) === -1);
  for (
    const [range, from, to] of [
      ["bytes=100-199", 100, 200],
      [`bytes=${bytes.length - 5}-`, bytes.length - 5, bytes.length],
      ["bytes=-7", bytes.length - 7, bytes.length],
    ] as const
  ) {
    const part = await download(service, ada, sha256, { range });
    assertEquals(part.status, 206);
    assertEquals(part.headers.get("content-range"), `bytes ${from}-${to - 1}/${bytes.length}`);
    assertEquals(await bytesOf(part), bytes.slice(from, to));
  }
  const head = await service.send("HEAD", `/v3/blobs/${sha256}`, ada);
  assertEquals([head.status, head.headers.get("content-length")], [200, `${bytes.length}`]);
  assertEquals(
    await service.refusal("GET", `/v3/blobs/${sha256}`, {
      ...ada,
      headers: { range: `bytes=${bytes.length}-` },
    }),
    "400 REQUEST_MALFORMED",
  );
  assertEquals((await begin(service, ada, { sha256, size: bytes.length })).body.complete, true);
  const [file, ...others] = await filesUnder(service.blobFolder);
  assertEquals(others, []);
  assertEquals((await Deno.stat(file!)).mode! & 0o777, 0o600);
  assertTrue(file!.endsWith(`/${sha256.slice(0, 2)}/${sha256.slice(2)}`));
});

function indexedDiff(left: Uint8Array, right: Uint8Array): number {
  return left.length === right.length
    ? left.findIndex((byte, index) => byte !== right[index])
    : Math.min(left.length, right.length);
}

Deno.test("an upload is continued where it stopped, also by a service that was started again", async () => {
  await using service = await ServiceFixture.open();
  const ada = { token: await service.token() };
  const bytes = content(3 * 1_000_000);
  const reference = await referenceTo(bytes);
  assertEquals((await begin(service, ada, reference)).body.offset, 0);
  await put(service, ada, reference, 0, bytes.subarray(0, 1_000_000));
  assertEquals((await begin(service, ada, reference)).body.offset, 1_000_000);
  // A chunk whose answer was lost is sent again: it is refused, and the client asks where to go on.
  const again = await put(service, ada, reference, 0, bytes.subarray(0, 1_000_000));
  assertEquals([again.status, again.body.code], [409, "BLOB_OFFSET_MISMATCH"]);

  await using vault = new AsyncDisposableStack();
  const { store } = service.parts;
  const second = await BlobVault.open({
    folder: service.blobFolder,
    store: store.blobs,
    limits: service.parts.vault.limits,
    now: service.parts.now,
  });
  vault.defer(() => second.close());
  const owner = { owner: "ada", ...reference };
  assertEquals((await second.begin(owner)).offset, 1_000_000);
  const end = await second.put(
    owner,
    1_000_000,
    () => Promise.resolve(bytes.subarray(1_000_000)),
  );
  assertEquals(end.complete, true);
  assertEquals(await bytesOf(await download(service, ada, reference.sha256)), bytes);
});

Deno.test("an empty blob is complete at its begin", async () => {
  await using service = await ServiceFixture.open();
  const ada = { token: await service.token() };
  const reference = await referenceTo(content(0));
  assertEquals((await begin(service, ada, reference)).body.complete, true);
  assertEquals(await bytesOf(await download(service, ada, reference.sha256)), content(0));
});

Deno.test("any number of clients may upload the same content at once", async () => {
  await using service = await ServiceFixture.open();
  const ada = { token: await service.token() };
  const bytes = content(1_000_000);
  const reference = await referenceTo(bytes);
  const step = 50_000;
  const client = async (): Promise<void> => {
    for (let { offset, complete } = (await begin(service, ada, reference)).body; !complete;) {
      const answer = await put(
        service,
        ada,
        reference,
        offset,
        bytes.subarray(offset, offset + step),
      );
      const state = answer.status === 409 ? await begin(service, ada, reference) : answer;
      ({ offset, complete } = state.body);
    }
  };
  await Promise.all([client(), client(), client()]);
  assertEquals(await bytesOf(await download(service, ada, reference.sha256)), bytes);
});

Deno.test("a wrong checksum is refused, and the upload begins anew", async () => {
  await using service = await ServiceFixture.open();
  const ada = { token: await service.token() };
  const bytes = content(200_000);
  const reference = await referenceTo(bytes);
  const spoilt = content(200_000, 2);
  for (const cut of [200_000, 100_000]) {
    for (let offset = 0; offset < 200_000; offset += cut) {
      const answer = await put(
        service,
        ada,
        reference,
        offset,
        spoilt.subarray(offset, offset + cut),
      );
      const isLast = offset + cut === 200_000;
      assertEquals(answer.body.code, isLast ? "BLOB_CORRUPT" : undefined);
    }
    assertEquals((await begin(service, ada, reference)).body.offset, 0);
    assertEquals((await download(service, ada, reference.sha256)).status, 404);
  }
  await upload(service, ada, bytes);
  assertEquals(await bytesOf(await download(service, ada, reference.sha256)), bytes);
});

Deno.test("nobody gets at another's blob by its hash", async () => {
  await using service = await ServiceFixture.open();
  const ada = { token: await service.token("ada") };
  const bob = { token: await service.token("bob") };
  const bytes = content(100_000);
  const reference = await upload(service, ada, bytes);
  const { endpoint, task } = await submitted(service, ada.token, reference);
  assertEquals((await download(service, bob, reference.sha256)).status, 404);
  // Not even that it is there.
  assertEquals((await begin(service, bob, reference)).body.offset, 0);
  const bobs = await service.registerEndpoint(bob.token);
  assertEquals((await download(service, { ...bobs, task }, reference.sha256)).status, 404);
  const serves = { token: endpoint.token, task };
  assertEquals(await bytesOf(await download(service, serves, reference.sha256)), bytes);
  assertEquals(
    (await download(service, { ...serves, task: newId() }, reference.sha256)).status,
    404,
  );
  const fn = await service.registerFunction(bob.token);
  assertEquals(
    await service.refusal("POST", `/v3/endpoints/${bobs.id}/submit`, {
      token: bob.token,
      body: { tasks: { [fn]: [payloadOf(reference)] } },
    }),
    "404 BLOB_NOT_FOUND",
  );
});

/** A task with an argument by reference, and what its endpoint shows to upload its result. */
async function servingTask(
  service: ServiceFixture,
  owner: { readonly token: string },
): Promise<
  Awaited<ReturnType<typeof submitted>> & { serves: { readonly token: string; task: string } }
> {
  const argument = await upload(service, owner, content(10));
  const made = await submitted(service, owner.token, argument);
  return { ...made, serves: { token: made.endpoint.token, task: made.task } };
}

Deno.test("an endpoint uploads results of its unfinished tasks only", async () => {
  await using service = await ServiceFixture.open();
  const ada = { token: await service.token() };
  const { endpoint, task, serves } = await servingTask(service, ada);
  const bytes = content(300_000, 3);
  const other = { ...serves, task: newId() };
  const reference = await referenceTo(bytes);
  assertEquals((await begin(service, other, reference)).status, 404);
  await upload(service, serves, bytes);
  await finishTasks(service.parts.store, endpoint.id, { result: blobBuffer(reference) });
  const status = await service.call("GET", `/v2/tasks/${task}`, ada);
  assertEquals(status.body.result, blobBuffer(reference));
  assertEquals(await bytesOf(await download(service, ada, reference.sha256)), bytes);
  assertEquals((await begin(service, serves, reference)).status, 404);
});

Deno.test("the official SDK gets a result whole, and one that is too large as a failure", async () => {
  await using service = await ServiceFixture.open();
  const ada = { token: await service.token() };
  const headers = SDK;
  const resultOf = async (buffer: string): Promise<Answered["body"][]> => {
    const { endpoint, task, serves } = await servingTask(service, ada);
    const reference = await upload(service, serves, new TextEncoder().encode(buffer));
    await finishTasks(service.parts.store, endpoint.id, { result: blobBuffer(reference) });
    const one = await service.call("GET", `/v2/tasks/${task}`, { ...ada, headers });
    const body = { task_ids: [task] };
    const several = await service.call("POST", "/v2/batch_status", { ...ada, headers, body });
    return [one.body, several.body.results[task]];
  };
  const fitting = `11\n"${"ä".repeat(1_000_000)}"`;
  for (const status of await resultOf(fitting)) assertTrue(status.result === fitting);
  const size = MAX_RESULT_BYTES + 1;
  for (const status of await resultOf("x".repeat(size))) {
    assertEquals([status.status, status.result], ["failed", undefined]);
    assertEquals(
      status.exception,
      `MaxResultSizeExceeded: Task result of ${size}B exceeded current limit of 10485760B`,
    );
  }
});

Deno.test("the official SDK gets whole results as far as the service's memory has room", async () => {
  const requests = new RequestRoom(3_000_000);
  await using service = await ServiceFixture.open({ requests });
  const ada = { token: await service.token() };
  const finished = async (text: string): Promise<string> => {
    const { endpoint, task, serves } = await servingTask(service, ada);
    const reference = await upload(service, serves, new TextEncoder().encode(text));
    await finishTasks(service.parts.store, endpoint.id, { result: blobBuffer(reference) });
    return task;
  };
  const tasks = [await finished("a".repeat(1_000_000)), await finished("b".repeat(1_000_000))];
  const options = { ...ada, headers: SDK };
  const body = { task_ids: tasks };
  const answer = await service.call("POST", "/v2/batch_status", { ...options, body });
  assertEquals(Object.keys(answer.body.results), tasks.slice(0, 1));
  const last = `/v2/tasks/${tasks[1]}`;
  assertEquals((await service.call("GET", last, options)).body.result.length, 1_000_000);
  const large = `/v2/tasks/${await finished("c".repeat(1_600_000))}`;
  const refused = await service.call("GET", large, options);
  assertEquals([refused.body.code, refused.headers.get("retry-after")], ["SERVICE_BUSY", "1"]);
  assertEquals(requests.taken, 0);
});

Deno.test("the official SDK is told of workers with Python alone, whose versions it compares", async () => {
  await using service = await ServiceFixture.open();
  const ada = { token: await service.token() };
  for (const details of [{ runtime: "shell" }, { python_version: "3.12.1", dill_version: "0.4" }]) {
    const { endpoint, task } = await servingTask(service, ada);
    await finishTasks(service.parts.store, endpoint.id, { details });
    const detailsFor = async (headers: Record<string, string>): Promise<unknown> =>
      (await service.call("GET", `/v2/tasks/${task}`, { ...ada, headers })).body.details;
    const all = { ...details, endpoint_id: endpoint.id };
    assertEquals([await detailsFor(SDK), await detailsFor({})], [
      "python_version" in details ? all : undefined,
      all,
    ]);
  }
});

Deno.test("a result's file that an agent on this machine has handed over is taken as it is", async () => {
  await using service = await ServiceFixture.open();
  const ada = { token: await service.token() };
  const { endpoint, task, serves } = await servingTask(service, ada);
  const bytes = content(300_000, 3);
  const reference = await referenceTo(bytes);
  const hand = (handed: Uint8Array): string => {
    const path = handedPath(service.blobFolder, task, reference);
    Deno.writeFileSync(path, handed, { mode: 0o600 });
    return path;
  };
  // One of another size is none.
  const path = hand(bytes.subarray(1));
  assertEquals((await begin(service, serves, reference)).body.offset, 0);
  await Deno.remove(path);
  const { ino } = Deno.statSync(hand(bytes));
  // What is handed over for one task is for no other, and for nobody else.
  assertEquals((await begin(service, { ...serves, task: newId() }, reference)).status, 404);
  assertEquals((await begin(service, ada, reference)).body.complete, false);
  assertEquals((await begin(service, serves, reference)).body.complete, true);
  const owner = [...Deno.readDirSync(service.blobFolder)].map(({ name }) => name)
    .find(isOwnerFolder)!;
  const kept = blobPath(service.blobFolder, owner, reference.sha256);
  assertEquals(Deno.statSync(kept).ino, ino);
  await finishTasks(service.parts.store, endpoint.id, { result: blobBuffer(reference) });
  assertEquals(await bytesOf(await download(service, ada, reference.sha256)), bytes);
});

Deno.test("a file whose row is behind counts only when it has its content", async () => {
  await using service = await ServiceFixture.open();
  const ada = { token: await service.token() };
  const { store, vault } = service.parts;
  const contents = [content(1_000), content(1_000, 2)];
  const references = await Promise.all(contents.map(referenceTo));
  for (const [index, reference] of references.entries()) {
    assertEquals((await begin(service, ada, reference)).body.complete, false);
    const [blob] = (await store.blobs.all()).filter(({ sha256 }) => sha256 === reference.sha256);
    const path = blobPath(service.blobFolder, String(blob!.ownerRow), reference.sha256);
    Deno.removeSync(`${path}.part`);
    // As after a power loss: one is whole, the other has its name and other bytes.
    Deno.writeFileSync(path, index === 0 ? contents[0]! : new Uint8Array(1_000));
  }
  const { limits } = vault;
  const second = await BlobVault.open({
    folder: service.blobFolder,
    store: store.blobs,
    limits,
    now: Date.now,
  });
  await second.close();
  const found = await Promise.all(references.map(({ sha256 }) => download(service, ada, sha256)));
  assertEquals(found.map(({ status }) => status), [200, 404]);
  await Promise.all(found.map(bytesOf));
});

Deno.test("a result that refers to a blob which was not uploaded is a failure", async () => {
  await using service = await ServiceFixture.open();
  const ada = { token: await service.token() };
  const argument = await upload(service, ada, content(10));
  const { endpoint, task } = await submitted(service, ada.token, argument);
  // Ada's own blob, which is not this task's result.
  await finishTasks(service.parts.store, endpoint.id, { result: blobBuffer(argument) });
  const { body } = await service.call("GET", `/v2/tasks/${task}`, ada);
  assertEquals([body.status, body.error.code], ["failed", "BLOB_NOT_FOUND"]);
});

Deno.test("an argument goes with its task, a result stays with it, and what nobody uses goes in time", async () => {
  await using service = await ServiceFixture.open();
  const { store, vault } = service.parts;
  const ada = { token: await service.token() };
  const argument = await upload(service, ada, content(1_000));
  const unused = await upload(service, ada, content(1_000, 2));
  const { endpoint, task } = await submitted(service, ada.token, argument);
  const serves = { token: endpoint.token, task };
  const result = await upload(service, serves, content(1_000, 3));
  const present = async (): Promise<boolean[]> => {
    await vault.sweep();
    const blobs = [argument, unused, result];
    return await Promise.all(
      blobs.map(async ({ sha256 }) =>
        (await bytesOf(await download(service, ada, sha256))).length === 1_000
      ),
    );
  };
  assertEquals(await present(), [true, true, true]);
  await finishTasks(store, endpoint.id, { result: blobBuffer(result) });
  assertEquals(await present(), [false, true, true]);
  service.clockOffset = UNUSED_BLOB_LIFETIME + 1_000;
  assertEquals(await present(), [false, false, true]);
  assertEquals((await filesUnder(service.blobFolder)).length, 1);
});

Deno.test("a file that no row names is removed at the next start, and a half one is kept", async () => {
  await using service = await ServiceFixture.open();
  const ada = { token: await service.token() };
  const bytes = content(1_000);
  const reference = await referenceTo(bytes);
  await put(service, ada, reference, 0, bytes.subarray(0, 500));
  await Deno.mkdir(`${service.blobFolder}/9/ab`, { recursive: true });
  await Deno.writeTextFile(`${service.blobFolder}/9/ab/cd`, "left behind");
  const { store } = service.parts;
  const second = await BlobVault.open({
    folder: service.blobFolder,
    store: store.blobs,
    limits: service.parts.vault.limits,
    now: service.parts.now,
  });
  await second.close();
  const files = await filesUnder(service.blobFolder);
  assertEquals(files.length, 1);
  assertTrue(files[0]!.endsWith(".part"));
});

Deno.test("what is too large is refused by the name of the limit", async () => {
  await using service = await ServiceFixture.open({}, { maximumBytes: 1_000, quotaBytes: 1_500 });
  const ada = { token: await service.token() };
  const large = await begin(service, ada, await referenceTo(content(1_001)));
  assertEquals([large.status, large.body.code], [413, "BLOB_TOO_LARGE"]);
  assertTrue(large.body.reason.includes("at most 1000"));
  await upload(service, ada, content(1_000));
  const second = content(600, 2);
  const full = await put(service, ada, await referenceTo(second), 0, second);
  assertEquals([full.status, full.body.code], [507, "BLOB_QUOTA_EXCEEDED"]);
  assertTrue(full.body.reason.includes("1500"));
  const bob = { token: await service.token("bob") };
  await upload(service, bob, second);
});

Deno.test("chunks are bounded, and have to lie within the blob", async () => {
  await using service = await ServiceFixture.open();
  const ada = { token: await service.token() };
  const reference = await referenceTo(content(100));
  const outside = await put(service, ada, reference, 60, content(50));
  assertEquals(outside.body.code, "BLOB_OFFSET_MISMATCH");
  const huge = new Uint8Array(BLOB_CHUNK_BYTES + 1);
  assertEquals((await put(service, ada, reference, 0, huge)).status, 413);
  assertEquals(
    await service.refusal("GET", "/v3/blobs/..%2f..%2fservice.db", ada),
    "400 INVALID_UUID",
  );
});

Deno.test("a full disk refuses an upload at its begin, and takes it when there is room", async () => {
  await using service = await ServiceFixture.open();
  let free = 1_000;
  await using stack = new AsyncDisposableStack();
  const vault = await BlobVault.open({
    folder: `${service.blobFolder}-2`,
    store: service.parts.store.blobs,
    limits: service.parts.vault.limits,
    now: service.parts.now,
    free: () => free,
  });
  stack.defer(() => vault.close());
  const request = { owner: "ada", ...await referenceTo(content(5_000)) };
  const refused = await vault.begin(request).catch((thrown) => thrown.code);
  assertEquals(refused, "STORAGE_FULL");
  free = 10 ** 12;
  assertEquals((await vault.begin(request)).offset, 0);
});

/** Chunks on their way, which take all the room that there is for whole ones. */
async function stalledChunks(
  service: ServiceFixture,
  token: string,
): Promise<{ readonly answers: Promise<number>[]; cut(): void }> {
  const { sha256 } = await referenceTo(content(10));
  const senders: ReadableStreamDefaultController[] = [];
  const answers: Promise<number>[] = [];
  for (let taken = 0; taken < BLOB_BODIES_BYTES; taken += BLOB_CHUNK_BYTES) {
    const { promise: isRead, resolve } = Promise.withResolvers<void>();
    const body = new ReadableStream(
      { start: (sender) => void senders.push(sender), pull: () => resolve() },
      { highWaterMark: 0 },
    );
    const path = `http://127.0.0.1/v3/blobs/${sha256}?offset=0&size=10`;
    const headers = {
      authorization: `Bearer ${token}`,
      "content-type": "application/octet-stream",
    };
    answers.push(
      service.app(new Request(path, { method: "PUT", headers, body })).then(async (answer) => {
        await answer.body?.cancel();
        return answer.status;
      }),
    );
    await isRead;
  }
  return { answers, cut: () => senders.forEach((sender) => sender.error(new Error("cut"))) };
}

Deno.test("whoever sends his chunks slowly keeps nobody else from uploading", async () => {
  const requests = new RequestRoom();
  await using service = await ServiceFixture.open({ requests });
  const [ada, bob] = [{ token: await service.token() }, { token: await service.token("bob") }];
  const stalled = await stalledChunks(service, ada.token);
  const bytes = content(BLOB_CHUNK_BYTES + 3 * BLOB_PIECE_BYTES + 5);
  const first = await Promise.race([upload(service, bob, bytes), ...stalled.answers]);
  assertEquals(first, await referenceTo(bytes));
  const whole = await bytesOf(await download(service, bob, (await referenceTo(bytes)).sha256));
  assertEquals(indexedDiff(whole, bytes), -1);
  // What is refused is refused in pieces, too.
  const other = content(BLOB_CHUNK_BYTES, 2);
  const reference = await referenceTo(other);
  const begun = await put(service, bob, reference, 0, other.subarray(0, BLOB_PIECE_BYTES + 1));
  assertEquals(begun.body.offset, BLOB_PIECE_BYTES + 1);
  const elsewhere = await put(service, bob, reference, 7, other.subarray(0, 2 * BLOB_PIECE_BYTES));
  assertEquals(elsewhere.body.code, "BLOB_OFFSET_MISMATCH");
  const huge = new Uint8Array(BLOB_CHUNK_BYTES + 1);
  assertEquals((await put(service, bob, reference, 0, huge)).status, 413);
  stalled.cut();
  assertEquals(new Set(await Promise.all(stalled.answers)), new Set([400]));
  assertEquals(requests.taken, 0);
});

Deno.test("whoever sends a body when the service stops is told to come again", async () => {
  const phase = { stopping: false, url: "http://127.0.0.1" };
  await using service = await ServiceFixture.open({ phase });
  const token = await service.token("ada");
  const cut = (stops: boolean): Promise<Response> => {
    // As Deno's server ends a body that is on its way when it shuts down.
    const body = new ReadableStream({
      pull(controller): void {
        phase.stopping = stops;
        controller.error(new Error("cut"));
      },
    });
    const url = `${phase.url}/v3/blobs/${"0".repeat(64)}?offset=0&size=1000`;
    const headers = {
      authorization: `Bearer ${token}`,
      "content-type": "application/octet-stream",
    };
    return service.app(new Request(url, { method: "PUT", headers, body }));
  };
  const codeOf = async (response: Response): Promise<string> => (await response.json()).code;
  assertEquals(await codeOf(await cut(false)), "REQUEST_MALFORMED");
  assertEquals(await codeOf(await cut(true)), "SERVICE_STOPPING");
});
