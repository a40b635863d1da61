// deno-lint-ignore-file explicit-function-return-type -- plain JavaScript, which Node 20 runs
// A worker process of bullmq_peer.mjs. Arguments: Redis port, queue, jobs at a time.
import { createRequire } from "node:module";

const require = createRequire(process.env.PEER_PACKAGES + "/");
const { Worker } = require("bullmq");

const [port, queue, concurrency] = process.argv.slice(2);
const nothing = new Int32Array(new SharedArrayBuffer(4));

/** As `wait` of tasks.py: exact, and idle but for the last 0.2 ms. */
function wait(milliseconds) {
  const end = performance.now() + milliseconds;
  if (milliseconds > 0.2) Atomics.wait(nothing, 0, 0, milliseconds - 0.2);
  while (performance.now() < end);
}

const worker = new Worker(queue, (job) => {
  if (job.name === "wait") wait(job.data);
  return Promise.resolve(job.data);
}, { connection: { host: "127.0.0.1", port: Number(port) }, concurrency: Number(concurrency) });
await worker.waitUntilReady();
process.send("ready");
process.on("disconnect", () => process.exit(0));
