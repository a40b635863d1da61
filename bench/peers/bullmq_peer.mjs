// deno-lint-ignore-file explicit-function-return-type -- plain JavaScript, which Node 20 runs
// BullMQ: two worker processes, jobs added in bulk, results as they are announced. The rate is taken
// with many jobs at a time in each worker, the rest with one. Argument: settings as in measure.py.
import { fork } from "node:child_process";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

const require = createRequire(process.env.PEER_PACKAGES + "/");
const { Queue, QueueEvents } = require("bullmq");

const SETTINGS = JSON.parse(process.argv[2]);
const WORKERS = 2;
const BULK = 1_000;
const CONCURRENCY = 100;
const connection = { host: "127.0.0.1", port: SETTINGS.port };
const workerFile = fileURLToPath(new URL("./bullmq_worker.mjs", import.meta.url));

async function withWorkers(name, concurrency, action) {
  const queue = new Queue(name, { connection });
  const events = new QueueEvents(name, { connection });
  await events.waitUntilReady();
  const workers = [];
  for (let count = 0; count < WORKERS; count++) {
    const worker = fork(workerFile, [SETTINGS.port, name, concurrency]);
    await new Promise((resolve) => worker.once("message", resolve));
    workers.push(worker);
  }
  let left = 0;
  let done;
  events.on("completed", () => --left === 0 && done());
  await action(async (task, values) => {
    left = values.length;
    const finished = new Promise((resolve) => done = resolve);
    const opts = { removeOnComplete: true, removeOnFail: true };
    for (let first = 0; first < values.length; first += BULK) {
      const bulk = values.slice(first, first + BULK);
      await queue.addBulk(bulk.map((data) => ({ name: task, data, opts })));
    }
    await finished;
  });
  const gone = workers.map((worker) => new Promise((resolve) => worker.once("exit", resolve)));
  for (const worker of workers) worker.disconnect();
  await Promise.all(gone);
  await events.close();
  await queue.close();
}

async function seconds(action) {
  const begun = performance.now();
  await action();
  return (performance.now() - begun) / 1_000;
}

function quantile(values, fraction) {
  return values.toSorted((a, b) =>
    a - b
  )[Math.min(values.length - 1, Math.floor(values.length * fraction))];
}

const measured = { efficiency: {} };
await withWorkers("rate", CONCURRENCY, async (runAll) => {
  const values = Array.from({ length: SETTINGS.tasks }, (_, index) => index);
  await runAll("noop", values.slice(0, Math.max(20, values.length / 5)));
  measured.rate = values.length / await seconds(() => runAll("noop", values));
});
await withWorkers("single", 1, async (runAll) => {
  const trips = [];
  for (let trip = 0; trip < SETTINGS.trips + 20; trip++) {
    trips.push(1_000 * await seconds(() => runAll("noop", [1])));
  }
  measured.p50 = quantile(trips.slice(20), 0.5);
  measured.p99 = quantile(trips.slice(20), 0.99);
  for (const [duration, count] of SETTINGS.waits) {
    const spent = WORKERS * await seconds(() => runAll("wait", Array(count).fill(duration)));
    measured.efficiency[duration] = count * duration / 1_000 / spent;
  }
});
console.log(JSON.stringify(measured));
process.exit(0);
