import { BLOB_CHUNK_BYTES } from "../../contract/limits.ts";
import { referencesOf } from "../../contract/blob_reference.ts";
import { newId, type TaskId } from "../../contract/ids.ts";
import { assertEquals, assertRejects, assertTrue } from "../../lib/assert.ts";
import { join } from "../../lib/path.ts";
import type { FinishedAttempt, TaskAttempt } from "../executor/executor.ts";
import { FakeExecutor } from "../testing/fake_executor.ts";
import { FUNCTION_ID, SUCCESS } from "../testing/tasks.ts";
import { BlobExecutor } from "./blob_executor.ts";
import { ResultBlobs } from "./result_blobs.ts";
import { BlobService } from "./testing/blob_service.ts";

class Bench implements AsyncDisposable {
  readonly service = new BlobService();
  readonly folder = Deno.makeTempDirSync();
  results = this.open();

  /** As the next agent does. */
  open(): ResultBlobs {
    return new ResultBlobs({ folder: this.folder, requests: this.service.requests });
  }

  /** As a worker writes it. */
  file(bytes: Uint8Array, name = "77-1-abc"): string {
    const path = join(this.folder, name);
    Deno.writeFileSync(path, bytes);
    return path;
  }

  uploaded(): Promise<TaskId> {
    return new Promise((resolve) => this.results.onUploaded = resolve);
  }

  get files(): string[] {
    return [...Deno.readDirSync(this.folder)].map(({ name }) => name).sort();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.results.close();
    await this.service[Symbol.asyncDispose]();
    Deno.removeSync(this.folder, { recursive: true });
  }
}

Deno.test("a result is uploaded, waits until then, and its file until the acknowledgement", async () => {
  await using bench = new Bench();
  const taskId = newId();
  const gate = Promise.withResolvers<void>();
  bench.service.gate = gate.promise;
  const uploaded = bench.uploaded();
  const bytes = new Uint8Array(1_000).fill(7);
  const result = await bench.results.take(taskId, bench.file(bytes));
  const [blob] = referencesOf(new TextDecoder().decode(result));
  assertEquals([bench.results.isWaiting(taskId), bench.results.isWaiting(newId())], [true, false]);
  gate.resolve();
  assertEquals(await uploaded, taskId);
  assertEquals(bench.results.isWaiting(taskId), false);
  assertEquals(bench.service.content(blob.sha256), bytes);
  assertEquals(bench.files, [`${taskId}.${blob.sha256}`]);
});

Deno.test("the next agent uploads what its spool has, goes on, and removes the rest", async () => {
  await using bench = new Bench();
  const taskId = newId();
  const bytes = new Uint8Array(2 * BLOB_CHUNK_BYTES + 5).fill(8);
  bench.service.gate = new Promise(() => {});
  await bench.results.take(taskId, bench.file(bytes));
  bench.results.close();
  bench.file(new Uint8Array(3), "78-2-never-named");
  bench.service.gate = Promise.resolve();
  bench.results = bench.open();
  const uploaded = bench.uploaded();
  bench.results.recover((taskIds) => new Set(taskIds));
  assertEquals(await uploaded, taskId);
  assertEquals(bench.files.length, 1);
  assertEquals(bench.service.log.filter((line) => line.startsWith("PUT")).slice(-3), [
    "PUT 0",
    `PUT ${BLOB_CHUNK_BYTES}`,
    `PUT ${2 * BLOB_CHUNK_BYTES}`,
  ]);
});

Deno.test("a refusal of the service is the task's error, an ended task's is none", async () => {
  await using bench = new Bench();
  const refused = newId();
  bench.service.refusal = { code: "BLOB_TOO_LARGE", status: 413 };
  let uploaded = bench.uploaded();
  await bench.results.take(refused, bench.file(new Uint8Array(10)));
  await uploaded;
  assertEquals(bench.results.refusalOf(refused)!.code, "MaxResultSizeExceeded");
  const ended = newId();
  bench.service.refusal = { code: "TASK_NOT_FOUND", status: 404 };
  uploaded = bench.uploaded();
  await bench.results.take(ended, bench.file(new Uint8Array(11)));
  await uploaded;
  assertEquals([bench.results.refusalOf(ended), bench.results.isWaiting(ended)], [
    undefined,
    false,
  ]);
});

Deno.test("a file that is gone is no result", async () => {
  await using bench = new Bench();
  await assertRejects(() => bench.results.take(newId(), join(bench.folder, "nothing")), /No such/);
});

Deno.test("a file that cannot be kept is removed", async () => {
  await using bench = new Bench();
  const taskId = newId();
  const bytes = new Uint8Array(10);
  const sha256 = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
  // In the way of its name.
  Deno.mkdirSync(join(bench.folder, `${taskId}.${sha256}`));
  await assertRejects(() => bench.results.take(taskId, bench.file(bytes)), /directory/);
  assertEquals(bench.files, [`${taskId}.${sha256}`]);
});

function attemptOf(taskId: TaskId): TaskAttempt {
  const empty = new Uint8Array();
  const identity = { taskId, attempt: 1, functionId: FUNCTION_ID };
  return { ...identity, code: empty, payload: empty, options: {} };
}

Deno.test("an attempt is given its files, and ends when its large result is kept", async () => {
  await using bench = new Bench();
  const finished: FinishedAttempt[] = [];
  const end = Promise.withResolvers<void>();
  const [large, small, lost] = [newId(), newId(), newId()];
  const files = { abc: "/somewhere" };
  const inner = new FakeExecutor(3, {
    started: () => {},
    output: () => {},
    roomForMore: () => {},
    finished: (attempts) => executor.innerEvents.finished(attempts),
  });
  const executor: BlobExecutor = new BlobExecutor({
    inner,
    events: {
      started: () => {},
      output: () => {},
      roomForMore: () => {},
      finished: (attempts): void => {
        finished.push(...attempts);
        if (finished.length === 3) end.resolve();
      },
    },
    arguments: { filesOf: (taskId) => taskId === large ? files : undefined },
    results: bench.results,
  });
  executor.run([large, small, lost].map(attemptOf));
  assertEquals(inner.given.map(({ blobs }) => blobs), [files, undefined, undefined]);
  const file = bench.file(new Uint8Array(20));
  inner.finish(large, { kind: "success", result: new Uint8Array(), file });
  inner.finish(lost, { kind: "success", result: new Uint8Array(), file: `${file}-gone` });
  inner.finish(small, SUCCESS);
  assertEquals(finished.map(({ taskId }) => taskId), [small]);
  await end.promise;
  const outcomes = new Map(finished.map(({ taskId, outcome }) => [taskId, outcome]));
  const kept = outcomes.get(large)!;
  assertTrue(kept.kind === "success" && kept.result.length > 64);
  const gone = outcomes.get(lost)!;
  assertEquals([gone.kind, gone.kind === "lost" && gone.error.type], ["lost", "ResultLost"]);
});
