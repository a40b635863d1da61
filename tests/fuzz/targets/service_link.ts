/** What a service may send to an agent, and what none would. */
import fc from "fast-check";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { WebSocketServer } from "ws";
import { newId } from "../../../src/contract/ids.ts";
import { decodeEndpointMessage, encodeMessage } from "../../../src/contract/protocol/codec.ts";
import {
  type EndpointMessage,
  type ServiceMessage,
  ServiceMessageSchema,
  type Welcome,
} from "../../../src/contract/protocol/messages.ts";
import { PROTOCOL_VERSION, SUBPROTOCOL } from "../../../src/contract/protocol/version.ts";
import { valuesOf } from "../../../src/contract/testing/schema_values.ts";
import { assertEquals, assertTrue } from "../../../src/lib/assert.ts";
import { Signal, withTimeout } from "../../../src/lib/async.ts";
import { join } from "../../../src/lib/path.ts";
import { residentMemory } from "../../helpers/processes.ts";
import { TestEnv } from "../../helpers/test_env.ts";
import { check, type Target } from "../check.ts";
import { framesOf, type Sending, wireBytes } from "../raw_link.ts";

/** Milliseconds; an agent redials within 20 s at the latest. */
const PATIENCE = 40_000;
/** After this the service ends a link on which the agent has found no fault. */
const LINGER = 200;

/** One connection of the agent. */
interface AgentLink {
  readonly received: EndpointMessage[];
  readonly arrived: Signal;
  readonly closed: Promise<void>;
  send(bytes: Uint8Array): void;
}

/** A service that registers whoever comes, and lets the test write every byte of its links. */
class FuzzingService implements AsyncDisposable {
  readonly #server: Server;
  readonly #links: AgentLink[] = [];
  readonly #dialled = new Signal();
  readonly #sockets = new Set<Duplex>();

  private constructor(server: Server) {
    this.#server = server;
  }

  static async listen(): Promise<FuzzingService> {
    const server = createServer();
    const service = new FuzzingService(server);
    const upgrader = new WebSocketServer({ noServer: true, handleProtocols: () => SUBPROTOCOL });
    server.on("request", (request: IncomingMessage, response) => {
      request.resume();
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify(service.#answer(request.url ?? "")));
    });
    server.on("upgrade", (request: IncomingMessage, socket: Duplex, head) => {
      upgrader.handleUpgrade(request, socket, head, (peer) => service.#add(peer, socket));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return service;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  #answer(path: string): unknown {
    if (path.startsWith("/v3/health")) {
      return { status: "ok", service_id: newId(), now: Date.now() };
    }
    return {
      endpoint_id: newId(),
      forwarder_url: `${this.url.replace(/^http/, "ws")}/v3/forwarder`,
      endpoint_token: "fx_endpoint",
      warnings: [],
    };
  }

  #add(peer: import("ws").WebSocket, socket: Duplex): void {
    const arrived = new Signal();
    const received: EndpointMessage[] = [];
    this.#sockets.add(socket);
    peer.on("error", () => {});
    peer.on("message", (data: Uint8Array) => {
      const decoded = decodeEndpointMessage(new Uint8Array(data));
      assertTrue(decoded.kind === "message", "the agent sent a violation");
      received.push(decoded.message);
      arrived.notify();
    });
    const closed = new Promise<void>((resolve) => socket.once("close", resolve));
    closed.then(() => this.#sockets.delete(socket));
    this.#links.push({ received, arrived, closed, send: (bytes) => socket.write(bytes) });
    this.#dialled.notify();
  }

  /** The next link that the agent opens. */
  async accept(): Promise<AgentLink> {
    const begun = performance.now();
    for (;;) {
      const next = this.#dialled.next();
      const link = this.#links.shift();
      if (link !== undefined) return link;
      const left = PATIENCE - (performance.now() - begun);
      if (await withTimeout(next, left) === "timeout") throw new Error("the agent does not redial");
    }
  }

  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut();
    await new Promise((resolve) => {
      this.#server.close(resolve);
      this.#server.closeAllConnections();
    });
  }
}

function welcome(): Welcome {
  return {
    type: "welcome",
    protocol_version: PROTOCOL_VERSION,
    service_id: newId(),
    session_id: newId(),
    software_version: "0.0.0",
    result_credits: 1_000,
    heartbeat_interval: 60_000,
    now: Date.now(),
  };
}

function sendMessage(link: AgentLink, message: ServiceMessage): void {
  link.send(wireBytes({ kind: "binary", bytes: encodeMessage(message) }, false));
}

async function expect<T extends EndpointMessage["type"]>(
  link: AgentLink,
  type: T,
  fits: (message: Extract<EndpointMessage, { type: T }>) => boolean = () => true,
): Promise<Extract<EndpointMessage, { type: T }>> {
  for (;;) {
    const next = link.arrived.next();
    const found = link.received.find((each) => each.type === type && fits(each as never));
    if (found !== undefined) return found as Extract<EndpointMessage, { type: T }>;
    if (await withTimeout(next, PATIENCE) === "timeout") throw new Error(`no ${type} came`);
  }
}

/** Anything but a stop, which is a fair thing to ask for, and tasks, which are fair to run. */
const messages = valuesOf(ServiceMessageSchema)
  .filter(({ type }) => type !== "shutdown" && type !== "tasks");
interface Script {
  readonly greets: boolean;
  readonly sendings: readonly Sending[];
}
const script: fc.Arbitrary<Script> = fc.record({
  greets: fc.boolean(),
  sendings: fc.array(framesOf(messages), { minLength: 1, maxLength: 8 }),
});

async function tryScript(service: FuzzingService, { greets, sendings }: Script): Promise<void> {
  const link = await service.accept();
  await expect(link, "hello");
  if (greets) sendMessage(link, welcome());
  for (const sending of sendings) link.send(wireBytes(sending, false));
  await withTimeout(link.closed, LINGER);
  service.cut();
}

/** A sound session after all of it: one task goes out and comes back. */
async function runsTask(service: FuzzingService): Promise<void> {
  const [taskId, functionId] = [newId(), newId()];
  const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
  const link = await service.accept();
  await expect(link, "hello");
  sendMessage(link, welcome());
  sendMessage(link, {
    type: "tasks",
    functions: [{ function_id: functionId, code: encode("15\nsh\nnothing:true") }],
    tasks: [{
      task_id: taskId,
      function_id: functionId,
      task_group_id: newId(),
      attempts_made: 0,
      payload: encode("5\n11\n[]5\n11\n{}"),
      options: {},
    }],
  });
  const { results } = await expect(
    link,
    "results",
    (message) => message.results.some((result) => result.task_id === taskId),
  );
  const own = results.filter((result) => result.task_id === taskId);
  assertEquals(own.map(({ state, attempt }) => [state, attempt]), [["success", 1]]);
  sendMessage(link, { type: "result_ack", task_ids: [taskId] });
}

/** Pauses before a redial double, so an agent is given few links, and then a new process. */
const SCRIPTS_PER_AGENT = 5;

async function tryAgent(scripts: readonly Script[]): Promise<void> {
  await using env = new TestEnv();
  await using service = await FuzzingService.listen();
  await env.ok(["init"]);
  Deno.writeTextFileSync(
    join(env.state, "login.json"),
    JSON.stringify({ current: service.url, services: { [service.url]: { token: "fx_user" } } }),
    { mode: 0o600 },
  );
  await using agent = env.start(["start", "--foreground", "--service", service.url]);
  for (const each of scripts) await tryScript(service, each);
  await runsTask(service);
  assertTrue(residentMemory(agent.pid) < 400e6, "the agent takes too much memory");
  agent.signal("SIGTERM");
  const { stderr, stdout } = await agent.finished();
  assertTrue(!/^\s+at .*:\d+:\d+|Uncaught/m.test(stdout + stderr), `${stdout}\n${stderr}`);
}

export const serviceLink: Target = {
  name: "service-link",
  what: "a service that sends the agent anything: frames, text, fragments, cuts",
  run: async (_stage, options) => {
    await check(
      "service-link",
      { ...options, runs: Math.ceil(options.runs / 100) },
      fc.asyncProperty(
        fc.array(script, { minLength: 1, maxLength: SCRIPTS_PER_AGENT }),
        (scripts) => tryAgent(scripts),
      ),
    );
  },
};
