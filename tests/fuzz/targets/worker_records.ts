/** The link between a manager and its workers, where the user's own code can write. */
import fc from "fast-check";
import { type ChildProcess, spawn } from "node:child_process";
import type { Socket } from "node:net";
import { python } from "../../../src/client/mod.ts";
import { jsonPayload } from "../../../src/contract/envelope.ts";
import { spoiltBytes } from "../../../src/contract/testing/spoilt.ts";
import { jsonRecord, RECORD, record, taskRecords } from "../../../src/endpoint/executor/ipc.ts";
import { assertTrue } from "../../../src/lib/assert.ts";
import { withTimeout } from "../../../src/lib/async.ts";
import { BINARY } from "../../helpers/binary.ts";
import { residentMemory, signal } from "../../helpers/processes.ts";
import { PYTHON } from "../../helpers/python.ts";
import { check, type Target } from "../check.ts";
import type { Stage } from "../stage.ts";

const VANDAL = `import base64, os
def vandal(*writes):
    for write in writes:
        os.write(3, base64.b64decode(write))
    return len(writes)
`;

const body = fc.uint8Array({ maxLength: 60 });
const anyRecord = fc.tuple(fc.constantFrom(16, 17, 18, 19, 20, 21, 0, 255), body)
  .map(([type, bytes]) => record(type, bytes) as Uint8Array);
const instant = fc.oneof(fc.double(), fc.constantFrom(Number.NaN, Infinity, 0, 1.7e12));
const someResult = fc.oneof(body, fc.json().map((text) => new TextEncoder().encode(text)));
const finished = fc.tuple(fc.nat(5), fc.nat(3), instant, someResult).map((
  [sequence, flags, at, result],
) => {
  const head = new Uint8Array(21);
  const view = new DataView(head.buffer);
  view.setUint32(0, sequence, true);
  view.setUint8(4, flags);
  view.setFloat64(5, at, true);
  view.setFloat64(13, at, true);
  return record(RECORD.finished, head, result) as Uint8Array;
});
const garbage = fc.array(fc.oneof(anyRecord, finished, spoiltBytes(anyRecord), body), {
  minLength: 1,
  maxLength: 4,
});

/** Milliseconds in which a process ends. */
const PATIENCE = 30_000;
/** Milliseconds in which a task whose worker speaks garbage has ended, if it does by itself. */
const TASK_PATIENCE = 3_000;

/** What it wrote may have swallowed its own result; then a cancel ends it as an endless loop. */
async function runVandal(
  stage: Stage,
  functionId: string,
  writes: readonly Uint8Array[],
): Promise<void> {
  const { tasks } = await stage.client.submit(stage.endpointId, {
    tasks: { [functionId]: [jsonPayload(writes.map((bytes) => bytes.toBase64()))] },
    max_attempts: 1,
  });
  const taskId = tasks[functionId]![0]!;
  const ended = (async (): Promise<void> => {
    for await (const event of stage.client.follow(taskId)) if (event.event === "finished") return;
  })();
  if (await withTimeout(ended, TASK_PATIENCE) !== "timeout") return;
  await stage.client.cancel([taskId]);
  assertTrue(await withTimeout(ended, PATIENCE) !== "timeout", `${taskId} cannot be ended`);
}

/** Each breaks a worker, and starting one takes a tenth of a second. */
const FEWER = 30;

export const managerRecords: Target = {
  name: "manager-records",
  what: "user code that writes garbage where its worker speaks with the manager",
  run: async (stage, options) => {
    if (PYTHON === undefined) return;
    const { functionId } = await stage.client.register(python(VANDAL));
    await check(
      "manager-records",
      { ...options, runs: Math.ceil(options.runs / FEWER) },
      fc.asyncProperty(garbage, (writes) => runVandal(stage, functionId, writes)),
    );
  },
};

const settings = fc.record({
  working_folder: fc.constant("/tmp"),
  max_result_bytes: fc.constant(1_000),
  max_traceback_bytes: fc.constant(1_000),
  marker: fc.constant("00ff"),
  runtime: fc.constant({}),
}, { noNullPrototype: true });
const toWorker = fc.oneof(
  settings.map((value) => jsonRecord(RECORD.hello, value) as Uint8Array),
  fc.jsonValue().map((value) => jsonRecord(RECORD.hello, value) as Uint8Array),
  fc.record({ sequence: fc.nat(3), handle: fc.nat(3), settings: body, payload: body })
    .map((task) => taskRecords([task]) as Uint8Array),
  fc.tuple(fc.integer({ min: 0, max: 8 }), body).map(([type, bytes]) =>
    record(type, bytes) as Uint8Array
  ),
);
const toWorkers = fc.tuple(
  settings.map((value) => jsonRecord(RECORD.hello, value) as Uint8Array),
  fc.array(fc.oneof(toWorker, spoiltBytes(toWorker), body), { minLength: 1, maxLength: 6 }),
);

/** It may run on or end, but not without end once its manager has gone, nor with all memory. */
async function feedWorker(stage: Stage, parts: readonly Uint8Array[]): Promise<void> {
  const child: ChildProcess = spawn(BINARY, ["worker"], {
    cwd: stage.env.home,
    env: { ...stage.env.environment },
    detached: true,
    stdio: ["ignore", "ignore", "ignore", "pipe"],
  });
  const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  try {
    const link = child.stdio[3] as Socket;
    link.on("error", () => {});
    const heard = new Promise<void>((resolve) => link.once("data", () => resolve()));
    link.on("data", () => {});
    for (const part of parts) link.write(part);
    await Promise.race([heard, exited, withTimeout(heard, 3_000)]);
    assertTrue(!(residentMemory(child.pid!) > 600e6), "the worker takes too much memory");
    link.end();
    const ended = await withTimeout(exited, PATIENCE);
    assertTrue(ended !== "timeout", "the worker outlives its manager");
  } finally {
    signal(-child.pid!, "SIGKILL");
  }
}

export const workerRecords: Target = {
  name: "worker-records",
  what: "a manager that sends a worker anything",
  run: async (stage, options) => {
    await check(
      "worker-records",
      { ...options, runs: Math.ceil(options.runs / FEWER) },
      fc.asyncProperty(toWorkers, ([hello, parts]) => feedWorker(stage, [hello, ...parts])),
    );
  },
};
