/**
 * The bare agent of `trip.ts`: keeps a frame of tasks in its database, has the workers do them, keeps
 * their results and sends those back in one frame. Nothing waits for its disk, as nothing does in
 * the program for a task that has ended by then. Arguments: a folder and the server's port. Prints a
 * line when it is connected.
 */
import { createServer, type Socket } from "node:net";
import { pack, unpack } from "msgpackr";
import WebSocket from "ws";
import { openDatabase } from "../../src/lib/database.ts";
import { fromFileUrl } from "../../src/lib/path.ts";
import { WORKERS } from "../deployment.ts";
import { record, RecordReader } from "./trip_records.ts";

/** Tasks that a worker gets at a time. */
const BATCH = 64;
const [folder, port] = Deno.args;
const WORKER = fromFileUrl(new URL("./trip_worker_process.ts", import.meta.url));
const CONFIG = fromFileUrl(new URL("../../deno.json", import.meta.url));

const database = openDatabase(`${folder}/agent.db`);
database.pragma("synchronous = NORMAL");
database.pragma("wal_autocheckpoint = 4000");
database.exec("CREATE TABLE frames (first INTEGER PRIMARY KEY, tasks BLOB NOT NULL, results BLOB)");
const keepTasks = database.prepare("INSERT INTO frames (first, tasks) VALUES (?, ?)");
const keepResults = database.prepare("UPDATE frames SET tasks = '', results = ? WHERE first = ?");

/** A frame whose tasks are with the workers. */
interface Running {
  readonly first: number;
  readonly results: number[];
  left: number;
}

const workers: Socket[] = [];
/** By the number of a batch's first task. */
const running = new Map<number, Running>();
let turn = 0;

function begin(frame: Uint8Array): void {
  const [first, payloads] = unpack(frame) as [number, readonly string[]];
  keepTasks.run([first, frame]);
  const one: Running = { first, results: Array(payloads.length), left: payloads.length };
  for (let start = 0; start < payloads.length; start += BATCH) {
    running.set(first + start, one);
    const worker = workers[turn++ % workers.length]!;
    worker.write(record([first + start, payloads.slice(start, start + BATCH)]));
  }
}

function finish(start: number, results: readonly number[]): void {
  const one = running.get(start)!;
  running.delete(start);
  results.forEach((result, index) => one.results[start - one.first + index] = result);
  one.left -= results.length;
  if (one.left > 0) return;
  const frame = pack([one.first, one.results]);
  keepResults.run([frame, one.first]);
  server.send(frame);
}

async function startWorkers(): Promise<void> {
  const path = `${folder}/workers.sock`;
  const connected = Promise.withResolvers<void>();
  createServer((worker) => {
    const reader = new RecordReader<[number, number[]]>();
    worker.on("data", (chunk) => {
      for (const [start, results] of reader.read(chunk as Uint8Array)) finish(start, results);
    });
    if (workers.push(worker) === WORKERS) connected.resolve();
  }).listen(path);
  const args = ["run", "-A", "--quiet", "--no-check", `--config=${CONFIG}`, WORKER, path];
  for (let count = 0; count < WORKERS; count++) {
    new Deno.Command(Deno.execPath(), { args, stdin: "null" }).spawn();
  }
  await connected.promise;
}

await startWorkers();
const server = new WebSocket(`ws://127.0.0.1:${port}/agent`, { perMessageDeflate: false });
server.on("message", (frame: Uint8Array) => begin(frame));
await new Promise((resolve, reject) => server.once("open", resolve).once("error", reject));
console.log("connected");
