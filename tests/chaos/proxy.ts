/** A link between two parts that can be cut, stalled and delayed: a TCP proxy on loopback. */
import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import { delay, Signal } from "../../src/lib/async.ts";

type Mode =
  | { readonly kind: "pass" }
  | { readonly kind: "refuse" }
  | { readonly kind: "stall" }
  | { readonly kind: "half-open" }
  | { readonly kind: "delay"; readonly milliseconds: number };

/** One connection: `near` dialled the proxy, `far` is the service. */
interface Pair {
  readonly near: Socket;
  readonly far: Socket | undefined;
  /** Bytes that may still pass in either direction. */
  budget: number;
}

export class Link implements AsyncDisposable {
  readonly port: number;
  readonly #server: Server;
  readonly #targetPort: number;
  readonly #pairs = new Set<Pair>();
  readonly #changed = new Signal();
  #mode: Mode = { kind: "pass" };

  private constructor(server: Server, targetPort: number) {
    this.#server = server;
    this.#targetPort = targetPort;
    this.port = (server.address() as { port: number }).port;
    server.on("connection", (near) => this.#accept(near));
  }

  /** Leads to `targetPort` of this machine, whether or not anybody listens there. */
  static async open(targetPort: number): Promise<Link> {
    // Data that a peer sends after its half of the connection is closed is passed on, too.
    const server = createServer({ allowHalfOpen: true });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return new Link(server, targetPort);
  }

  // -- what can be done to it -----------------------------------------------------------------------

  /** Everything passes again; connections with a dead end are reset. */
  heal(): void {
    if (this.#mode.kind === "half-open") this.cut();
    this.#enter({ kind: "pass" });
  }

  /** Resets every connection. */
  cut(): void {
    for (const pair of this.#pairs) this.#reset(pair);
  }

  /** Resets each connection once so many more bytes have passed it. */
  cutAfter(bytes: number): void {
    for (const pair of this.#pairs) pair.budget = bytes;
  }

  refuse(): void {
    this.#enter({ kind: "refuse" });
    this.cut();
  }

  stall(): void {
    this.#enter({ kind: "stall" });
  }

  delay(milliseconds: number): void {
    this.#enter({ kind: "delay", milliseconds });
  }

  /** The service sees its connections end; the others hear nothing any more. */
  halfOpen(): void {
    this.#enter({ kind: "half-open" });
    for (const { far } of this.#pairs) far?.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut();
    this.#server.close();
    await once(this.#server, "close");
  }

  // -- inside ---------------------------------------------------------------------------------------

  #enter(mode: Mode): void {
    this.#mode = mode;
    this.#changed.notify();
  }

  #accept(near: Socket): void {
    near.setNoDelay(true);
    near.on("error", () => {});
    if (this.#mode.kind === "refuse") return void near.resetAndDestroy();
    if (this.#mode.kind === "half-open") {
      this.#pairs.add({ near, far: undefined, budget: Infinity });
      return;
    }
    const far = connect({ port: this.#targetPort, host: "127.0.0.1", allowHalfOpen: true });
    far.setNoDelay(true);
    const pair: Pair = { near, far, budget: Infinity };
    this.#pairs.add(pair);
    far.on("error", () => this.#mode.kind === "half-open" || this.#reset(pair));
    near.on("close", () => this.#mode.kind === "half-open" || this.#reset(pair));
    void this.#pump(pair, near, far);
    void this.#pump(pair, far, near);
  }

  async #pump(pair: Pair, from: Socket, to: Socket): Promise<void> {
    try {
      for await (const chunk of from) {
        await this.#passable();
        if (this.#mode.kind === "delay") await delay(this.#mode.milliseconds);
        if (!this.#pairs.has(pair) || to.destroyed) return;
        const passed = chunk.subarray(0, Math.min(chunk.length, pair.budget));
        pair.budget -= passed.length;
        if (passed.length > 0 && !to.write(passed)) await this.#drained(to);
        if (pair.budget <= 0) return this.#reset(pair);
      }
      if (this.#mode.kind !== "half-open") to.end();
    } catch {
      // The other end is gone; its `close` ends the pair.
    }
  }

  async #passable(): Promise<void> {
    while (this.#mode.kind === "stall" || this.#mode.kind === "half-open") {
      await this.#changed.next();
    }
  }

  async #drained(socket: Socket): Promise<void> {
    const closed = new AbortController();
    socket.once("close", () => closed.abort());
    await once(socket, "drain", { signal: closed.signal });
  }

  #reset(pair: Pair): void {
    if (!this.#pairs.delete(pair)) return;
    for (const socket of [pair.near, pair.far]) {
      if (socket !== undefined && !socket.destroyed) socket.resetAndDestroy();
    }
  }
}
