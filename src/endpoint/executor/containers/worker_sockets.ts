/**
 * The descriptors 3 to 5 of a worker in a container. Not every container program hands descriptors
 * on, so the worker connects to a socket in a folder of its own instead: three times, and the
 * connections are the descriptors in their order.
 */
import { createServer, type Server, type Socket } from "node:net";
import { PassThrough } from "node:stream";

const FIRST = 3;
const LAST = 5;

/** What is sent before the worker has connected waits. */
export class WorkerSockets {
  readonly streams: Readonly<Record<3 | 4 | 5, PassThrough>> = {
    3: new PassThrough(),
    4: new PassThrough(),
    5: new PassThrough(),
  };
  readonly #server: Server;
  readonly #sockets: Socket[] = [];

  /** Listens when this returns. @param path in a folder that nobody else can enter */
  constructor(path: string) {
    for (const stream of Object.values(this.streams)) stream.on("error", () => {});
    this.#server = createServer((socket) => this.#take(socket));
    this.#server.on("error", () => this.close());
    this.#server.listen(path);
  }

  #take(socket: Socket): void {
    const descriptor = FIRST + this.#sockets.length;
    socket.on("error", () => socket.destroy());
    if (descriptor > LAST) return void socket.destroy();
    this.#sockets.push(socket);
    if (descriptor === LAST) this.#server.close();
    const stream = this.streams[descriptor as 3 | 4 | 5];
    if (descriptor > FIRST) return void stream.pipe(socket);
    socket.pipe(stream);
    socket.on("close", () => {
      // Without its end before, not all that was written has been read.
      if (!socket.readableEnded) stream.destroy();
    });
  }

  /** The worker has ended: what never connected has nothing to say. */
  exited(): void {
    if (this.#sockets.length === 0) this.streams[FIRST].destroy();
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    for (const stream of Object.values(this.streams)) stream.destroy();
  }
}
