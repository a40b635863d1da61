/**
 * The bare service of `trip.ts`: what is POSTed is stored, synced, answered and sent to the agent in
 * frames; results that come from there are stored, synced and pushed to whoever reads `/results`, a
 * line for each frame. Argument: a folder. Prints its port.
 */
import { pack, unpack } from "msgpackr";
import { openDatabase } from "../../src/lib/database.ts";
import { LogSync } from "../../src/lib/log_sync.ts";

/** Tasks that the agent gets at a time. */
const FRAME = 250;

const path = `${Deno.args[0]}/service.db`;
const database = openDatabase(path);
database.pragma("wal_autocheckpoint = 4000");
database.exec(
  "CREATE TABLE tasks (task INTEGER PRIMARY KEY, payload TEXT NOT NULL, result INTEGER)",
);
const log = new LogSync(database, path, Infinity);
const insert = database.prepare("INSERT INTO tasks (payload) SELECT value FROM json_each(?)");
const update = database.prepare(
  "UPDATE tasks SET result = value FROM json_each(?) WHERE task = ? + key",
);

const encoder = new TextEncoder();
let agent: WebSocket;
let client: ReadableStreamDefaultController<Uint8Array>;

/** Resolves when what was committed is on disk. For one task alone a thread is not worth its way. */
async function synced(tasks: number): Promise<void> {
  log.written();
  if (tasks === 1) log.syncIfQuick();
  await log.synced();
}

async function submit(request: Request): Promise<Response> {
  const text = await request.text();
  const payloads: string[] = JSON.parse(text);
  const { lastInsertRowid } = insert.run([text]) as { lastInsertRowid: number };
  const first = lastInsertRowid - payloads.length + 1;
  await synced(payloads.length);
  for (let start = 0; start < payloads.length; start += FRAME) {
    agent.send(pack([first + start, payloads.slice(start, start + FRAME)]));
  }
  return new Response(String(first));
}

async function finish(frame: Uint8Array): Promise<void> {
  const [first, results] = unpack(frame) as [number, number[]];
  update.run([JSON.stringify(results), first]);
  await synced(results.length);
  client.enqueue(encoder.encode(`${JSON.stringify([first, results])}\n`));
}

function connectAgent(request: Request): Response {
  const { socket, response } = Deno.upgradeWebSocket(request);
  socket.binaryType = "arraybuffer";
  socket.onmessage = ({ data }) => void finish(new Uint8Array(data));
  agent = socket;
  return response;
}

function results(): Response {
  return new Response(
    new ReadableStream({
      start: (controller) => {
        client = controller;
        controller.enqueue(encoder.encode("\n"));
      },
    }),
  );
}

const options = { hostname: "127.0.0.1", port: 0, onListen: () => {} };
const server = Deno.serve(options, (request) => {
  if (request.method === "POST") return submit(request);
  return request.url.endsWith("/agent") ? connectAgent(request) : results();
});
console.log(server.addr.port);
