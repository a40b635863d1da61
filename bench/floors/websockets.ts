/** What a loopback WebSocket and HTTP carry, from `ws` to a bare server of Deno. */
import WebSocket from "ws";
import type { Buffer } from "node:buffer";
import { jsonPayload } from "../../src/contract/envelope.ts";
import { newId } from "../../src/contract/ids.ts";
import { encodeMessage } from "../../src/contract/protocol/codec.ts";
import { delay } from "../../src/lib/async.ts";
import { fromFileUrl } from "../../src/lib/path.ts";
import { FLOOR } from "../figures.ts";
import { memoryUse } from "../process_usage.ts";
import { type Scenario, sized } from "../scenario.ts";
import { median } from "../statistics.ts";
import { timed } from "../timing.ts";

const TASKS_IN_FRAME = 128;
const FRAMES = 1_000;
const FRAMES_IN_FLIGHT = 8;
const LARGE_FRAMES = 200;
const TRIPS = 500;
const IDLE = 1_000;
/** Milliseconds until a server's memory has settled. */
const SETTLING = 1_000;

const SERVER = fromFileUrl(new URL("./websocket_process.ts", import.meta.url));

class Server implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly port: number;

  private constructor(child: Deno.ChildProcess, port: number) {
    this.#child = child;
    this.port = port;
  }

  static async start(): Promise<Server> {
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--no-config", "--quiet", "--no-check", SERVER],
      stdin: "null",
      stdout: "piped",
    }).spawn();
    const reader = child.stdout.getReader();
    const { value } = await reader.read();
    await reader.cancel();
    return new Server(child, Number(new TextDecoder().decode(value)));
  }

  get pid(): number {
    return this.#child.pid;
  }

  async connect(): Promise<WebSocket> {
    const socket = new WebSocket(`ws://127.0.0.1:${this.port}/`, { perMessageDeflate: false });
    await new Promise((resolve, reject) => socket.once("open", resolve).once("error", reject));
    return socket;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#child.status;
  }
}

/** Sends `count` frames, a few at a time; resolves when all are back. */
function echo(socket: WebSocket, frame: Uint8Array, count: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  let sent = 0;
  let received = 0;
  const send = (): void => {
    sent++;
    socket.send(frame);
  };
  const listen = (_: Buffer): void => {
    received++;
    if (sent < count) send();
    if (received < count) return;
    socket.off("message", listen);
    resolve();
  };
  socket.on("message", listen);
  while (sent < Math.min(count, FRAMES_IN_FLIGHT)) send();
  return promise;
}

function taskFrame(): Uint8Array {
  const payload = new TextEncoder().encode(jsonPayload([1]));
  const task = {
    function_id: newId(),
    task_group_id: newId(),
    attempts_made: 0,
    payload,
    options: {},
  };
  const tasks = Array.from({ length: TASKS_IN_FRAME }, () => ({ ...task, task_id: newId() }));
  return encodeMessage({ type: "tasks", functions: [], tasks });
}

/** A megabyte takes the way of arguments and of a result: twice to the server and twice from it. */
async function thereAndBack(port: number, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
  const url = `http://127.0.0.1:${port}/body`;
  for (const _ of ["arguments", "result"]) {
    await (await fetch(url, { method: "PUT", body: bytes })).text();
    await (await fetch(url)).arrayBuffer();
  }
}

/** `count` times, a few at a time. */
async function bodies(port: number, bytes: Uint8Array<ArrayBuffer>, count: number): Promise<void> {
  let left = count;
  const lane = async (): Promise<void> => {
    while (left-- > 0) await thereAndBack(port, bytes);
  };
  await Promise.all(Array.from({ length: FRAMES_IN_FLIGHT }, lane));
}

async function seconds(action: () => Promise<unknown>): Promise<number> {
  const begun = performance.now();
  await action();
  return (performance.now() - begun) / 1_000;
}

export const linkFloors: Scenario = {
  name: "WebSockets and HTTP to a bare server",
  subject: FLOOR,
  rows: [2, 3, 7, 9],
  run: async (context) => {
    await using server = await Server.start();
    const socket = await server.connect();
    const frame = taskFrame();
    const frames = sized(context, FRAMES, 10);
    await echo(socket, frame, frames / 10);
    const forTasks = await seconds(() => echo(socket, frame, frames));
    context.record("floor.websocket_tasks", frames * TASKS_IN_FRAME / forTasks);
    const trips = sized(context, TRIPS, 10);
    const small = new Uint8Array(200);
    context.record(
      "floor.websocket_trip",
      median(await timed(trips, () => echo(socket, small, 1))),
    );
    const large = new Uint8Array(1_000_000);
    const largeFrames = sized(context, LARGE_FRAMES, 2);
    const forBytes = await seconds(() => echo(socket, large, largeFrames));
    context.record("floor.websocket_bytes", largeFrames / forBytes);
    await bodies(server.port, large, largeFrames / 10);
    const forBodies = await seconds(() => bodies(server.port, large, largeFrames));
    context.record("floor.http_bodies", largeFrames / forBodies);
    const get = async (): Promise<void> => {
      await (await fetch(`http://127.0.0.1:${server.port}/`)).text();
    };
    context.record("floor.http_trip", median(await timed(trips, get)));
    socket.terminate();
  },
};

export const idleSocketFloor: Scenario = {
  name: "idle WebSockets of a bare server",
  subject: FLOOR,
  rows: [9],
  run: async (context) => {
    await using server = await Server.start();
    (await server.connect()).terminate();
    await delay(sized(context, SETTLING, 50));
    const before = memoryUse(server.pid).resident;
    const count = sized(context, IDLE, 20);
    const sockets: WebSocket[] = [];
    while (sockets.length < count) sockets.push(await server.connect());
    await delay(sized(context, SETTLING, 50));
    const grown = memoryUse(server.pid).resident - before;
    context.record("floor.websocket_idle", Math.max(0, grown) * 1_000 / count);
    for (const socket of sockets) socket.terminate();
  },
};
