import { blobBuffer, filesBuffer } from "../../contract/blob_reference.ts";
import { jsonBuffer, pack } from "../../contract/envelope.ts";
import type { TaskError } from "../../contract/errors.ts";
import { newId, type TaskId } from "../../contract/ids.ts";
import { assertEquals, assertTrue } from "../../lib/assert.ts";
import type { SpooledTask } from "../task.ts";
import { FUNCTION_ID } from "../testing/tasks.ts";
import { ArgumentBlobs } from "./argument_blobs.ts";
import { mayRefer, TaskArguments } from "./task_arguments.ts";
import { BlobService } from "./testing/blob_service.ts";

const encoder = new TextEncoder();

function taskWith(...buffers: string[]): SpooledTask {
  const payload = encoder.encode(pack(buffers));
  const identity = { seq: 1, lane: 1, taskId: newId(), functionId: FUNCTION_ID };
  return { ...identity, options: {}, attemptsMade: 0, moved: 0, timeline: [], payload };
}

class Bench implements AsyncDisposable {
  readonly service = new BlobService();
  readonly folder = Deno.makeTempDirSync();
  readonly arguments = this.#open();

  #open(): TaskArguments {
    const blobs = new ArgumentBlobs({ folder: this.folder, cacheBytes: 0 });
    blobs.recover();
    return new TaskArguments({ blobs, requests: this.service.requests });
  }

  fetch(task: SpooledTask): Promise<TaskError | null> {
    return new Promise((resolve) =>
      this.arguments.fetch([task], (_: TaskId, error) => resolve(error))
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.arguments.close();
    await this.service[Symbol.asyncDispose]();
    Deno.removeSync(this.folder, { recursive: true });
  }
}

Deno.test("references in a payload are seen without decoding it, small payloads cost nothing", () => {
  const reference = blobBuffer({ sha256: "0".repeat(64), size: 3 });
  assertTrue(mayRefer(taskWith(reference, jsonBuffer({})).payload));
  assertTrue(!mayRefer(taskWith(jsonBuffer(["x".repeat(100)]), jsonBuffer({})).payload));
  assertTrue(!mayRefer(encoder.encode(reference.slice(0, 20))));
});

Deno.test("a task gets its blobs by hash and its files under their names, until the release", async () => {
  await using bench = new Bench();
  const blob = bench.service.put(encoder.encode("11\n[7]"));
  const file = { ...bench.service.put(encoder.encode("a,b\n")), name: "table.csv" };
  const task = taskWith(blobBuffer(blob), filesBuffer({ value: {}, files: { data: file } }));
  assertEquals(bench.arguments.filesOf(task.taskId), undefined);
  assertEquals(await bench.fetch(task), null);
  const files = bench.arguments.filesOf(task.taskId)!;
  const path = files[`${file.sha256}/table.csv`];
  assertEquals(Deno.readTextFileSync(files[blob.sha256]), "11\n[7]");
  assertEquals([Deno.readTextFileSync(path), path.split("/").at(-1)], ["a,b\n", "table.csv"]);
  bench.arguments.release([task.taskId]);
  assertEquals(bench.arguments.filesOf(task.taskId), undefined);
  assertEquals([...Deno.readDirSync(bench.folder)].filter(({ isDirectory }) => isDirectory), []);
});

Deno.test("two tasks with the same content download it once", async () => {
  await using bench = new Bench();
  const blob = bench.service.put(encoder.encode("11\n[8]"));
  const tasks = [0, 1].map(() => taskWith(blobBuffer(blob), jsonBuffer({})));
  assertEquals(await Promise.all(tasks.map((task) => bench.fetch(task))), [null, null]);
  assertEquals(bench.service.log, ["GET bytes=0-5"]);
  bench.arguments.release([tasks[0].taskId]);
  const path = bench.arguments.filesOf(tasks[1].taskId)![blob.sha256];
  assertEquals(Deno.readTextFileSync(path), "11\n[8]");
});

Deno.test("what the service refuses is told in its words, and another task asks again", async () => {
  await using bench = new Bench();
  const blob = bench.service.put(encoder.encode("11\n[9]"));
  const [first, second] = [0, 1].map(() => taskWith(blobBuffer(blob), jsonBuffer({})));
  bench.service.refusal = { code: "BLOB_NOT_FOUND", status: 404 };
  const error = await bench.fetch(first);
  assertEquals(error!.code, "BLOB_NOT_FOUND");
  bench.service.refusal = undefined;
  const fetched = bench.fetch(second);
  // Late: it must not take away what the other one has begun to fetch.
  bench.arguments.release([first.taskId]);
  assertEquals(await fetched, null);
});

Deno.test("nothing is told of a task that was released meanwhile", async () => {
  await using bench = new Bench();
  const blob = bench.service.put(encoder.encode("11\n[1]"));
  const gate = Promise.withResolvers<void>();
  bench.service.gate = gate.promise;
  const [gone, other] = [0, 1].map(() => taskWith(blobBuffer(blob), jsonBuffer({})));
  const told: TaskId[] = [];
  bench.arguments.fetch([gone], (taskId) => told.push(taskId));
  bench.arguments.release([gone.taskId]);
  gate.resolve();
  assertEquals(await bench.fetch(other), null);
  assertEquals(told, []);
});
