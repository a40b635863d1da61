/** The relay's bounds, and what is left when all is over; `tests/service/relay_test.ts` has the rest. */
import { assertEquals } from "../../lib/assert.ts";
import { dataMessage, takenMessage } from "../../contract/relay.ts";
import { Waiters } from "../../lib/waiters.ts";
import { Relay, type RelayOptions } from "./relay.ts";

const ENDPOINT = "1e999502-b434-49a2-a2e0-d925383d2dd4";
const MEETING = { endpointId: ENDPOINT, key: "k" };

/** A relay on a port of its own, whose paths are the roles. */
class RelayStage implements AsyncDisposable {
  readonly relay: Relay;
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #waiters = new Waiters();

  constructor(options: RelayOptions = {}) {
    this.relay = new Relay(options);
    this.#server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen: () => undefined },
      (request) => {
        const role = new URL(request.url).pathname === "/agent" ? "agent" : "manager";
        const { socket, response } = Deno.upgradeWebSocket(request);
        this.relay.accept(socket, role, MEETING);
        for (const event of ["message", "close"] as const) {
          socket.addEventListener(event, () => this.#waiters.check());
        }
        return response;
      },
    );
  }

  async dial(role: "agent" | "manager"): Promise<Peer> {
    const socket = new WebSocket(`ws://127.0.0.1:${this.#server.addr.port}/${role}`);
    const opened = Promise.withResolvers<void>();
    socket.onopen = () => opened.resolve();
    const peer = new Peer(socket);
    await opened.promise;
    return peer;
  }

  async pair(): Promise<readonly [agent: Peer, manager: Peer]> {
    return [await this.dial("agent"), await this.dial("manager")];
  }

  async until(holds: (relay: Relay) => boolean): Promise<void> {
    const waiting = this.#waiters.when(() => holds(this.relay));
    this.#waiters.check();
    await waiting;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.relay.close();
    await this.#server.shutdown();
  }
}

class Peer {
  readonly closed: Promise<number>;
  readonly #socket: WebSocket;

  constructor(socket: WebSocket) {
    this.#socket = socket;
    const { promise, resolve } = Promise.withResolvers<number>();
    socket.onclose = ({ code }) => resolve(code);
    this.closed = promise;
  }

  send(...frames: readonly Uint8Array<ArrayBuffer>[]): void {
    for (const frame of frames) this.#socket.send(frame);
  }

  async close(): Promise<void> {
    this.#socket.close();
    await this.closed;
  }
}

Deno.test("a manager waits for its agent so long and no longer", async () => {
  await using stage = new RelayStage({ patience: 50 });
  const [agent] = await stage.pair();
  const waiting = await stage.dial("manager");
  assertEquals(await waiting.closed, 1013);
  await agent.close();
});

Deno.test("an endpoint may have so many managers, and an agent's connection for each", async () => {
  await using stage = new RelayStage({ maximumManagers: 2 });
  await stage.pair();
  assertEquals(stage.relay.hasRoom(ENDPOINT, "manager"), true);
  const [, second] = await stage.pair();
  assertEquals(stage.relay.hasRoom(ENDPOINT, "manager"), false);
  assertEquals(stage.relay.hasRoom(ENDPOINT, "agent"), true);
  assertEquals(stage.relay.hasRoom(crypto.randomUUID(), "manager"), true);
  await second.close();
  await stage.until((relay) => relay.hasRoom(ENDPOINT, "manager"));
});

Deno.test("what is on its way for an endpoint is bounded: who goes beyond is cut off", async () => {
  await using stage = new RelayStage({ maximumBytes: 1_000 });
  const [firstAgent, first] = await stage.pair();
  const [, second] = await stage.pair();
  first.send(dataMessage(new Uint8Array(600)));
  await stage.until(({ untaken }) => untaken === 600);
  second.send(dataMessage(new Uint8Array(600)));
  assertEquals(await second.closed, 1013);
  firstAgent.send(takenMessage(400));
  await stage.until(({ untaken }) => untaken === 200);
  first.send(dataMessage(new Uint8Array(700)));
  await stage.until(({ untaken }) => untaken === 900);
});

Deno.test("nothing is left of connections that have ended, whatever was on its way", async () => {
  await using stage = new RelayStage();
  const ends = [...await stage.pair(), ...await stage.pair(), await stage.dial("agent")];
  for (const end of ends) end.send(dataMessage(new Uint8Array(1_234)));
  await stage.until(({ untaken }) => untaken === 5 * 1_234);
  for (const end of ends) await end.close();
  await stage.until(({ size }) => size === 0);
  assertEquals([stage.relay.untaken, stage.relay.has(MEETING)], [0, false]);
});
