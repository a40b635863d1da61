/** The service's relay, over real connections: who is joined with whom, and what is passed on. */
import { connect } from "node:net";
import WebSocket from "ws";
import { pathOf, ROUTES } from "../../src/contract/api.ts";
import { RELAY_WINDOW_BYTES } from "../../src/contract/limits.ts";
import { AGENT_SERVER_NAME, managerPath } from "../../src/contract/manager_connection.ts";
import { MANAGER_SUBPROTOCOL, RELAY_SUBPROTOCOL } from "../../src/contract/protocol/version.ts";
import { dataMessage, relayKey, takenMessage } from "../../src/contract/relay.ts";
import { dial } from "../../src/endpoint/forwarder/ws_transport.ts";
import { makeCredentials } from "../../src/endpoint/managers/certificate.ts";
import { ManagerListener } from "../../src/endpoint/managers/manager_listener.ts";
import { RelayStream } from "../../src/endpoint/relay/relay_stream.ts";
import { assertEquals, assertMatch, assertTrue } from "../../src/lib/assert.ts";
import { RunningService, withHome } from "../../src/service/testing/running_service.ts";

const TOKEN = "a".repeat(43);

interface Endpoint {
  readonly endpoint_id: string;
  readonly endpoint_token: string;
}

async function withService(
  action: (service: RunningService, endpoint: Endpoint) => Promise<void>,
): Promise<void> {
  await withHome(async (home) => {
    await using service = await RunningService.start(home);
    await action(service, await register(service, "one"));
  });
}

async function register(service: RunningService, endpoint_name: string): Promise<Endpoint> {
  return (await service.call("POST", "/v3/endpoints", { body: { endpoint_name } })).body;
}

function agentUrl({ url }: RunningService, { endpoint_id }: Endpoint, token = TOKEN): string {
  const path = pathOf(ROUTES.relayAgent, { endpoint_id });
  return `${url.replace("http", "ws")}${path}?key=${relayKey(token)}`;
}

function managerUrl({ url }: RunningService, { endpoint_id }: Endpoint): string {
  return url.replace("http", "ws") + pathOf(ROUTES.relayManager, { endpoint_id });
}

async function dialled(url: string, token: string): Promise<RelayStream> {
  const outcome = await RelayStream.dial({ url, token }, new AbortController().signal);
  assertTrue(outcome.kind === "ok", JSON.stringify(outcome));
  outcome.value.on("error", () => undefined);
  return outcome.value;
}

async function refusal(url: string, token: string): Promise<string> {
  const outcome = await RelayStream.dial({ url, token }, new AbortController().signal);
  assertTrue(outcome.kind !== "ok", "it was let in");
  return outcome.failure.code;
}

async function pair(
  service: RunningService,
  endpoint: Endpoint,
): Promise<{ agent: RelayStream; manager: RelayStream }> {
  const agent = await dialled(agentUrl(service, endpoint), endpoint.endpoint_token);
  const manager = await dialled(managerUrl(service, endpoint), TOKEN);
  return { agent, manager };
}

function closed(stream: RelayStream): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  stream.once("close", () => resolve());
  stream.resume();
  return promise;
}

/** A connection whose messages are the test's, and the code that it is closed with. */
async function raw(
  url: string,
  token: string,
): Promise<{ readonly socket: WebSocket; readonly closed: Promise<number> }> {
  const socket = new WebSocket(url, [RELAY_SUBPROTOCOL], {
    headers: { authorization: `Bearer ${token}` },
  });
  const opened = Promise.withResolvers<void>();
  const closing = Promise.withResolvers<number>();
  socket.on("open", () => opened.resolve());
  socket.on("error", opened.reject);
  socket.on("close", (code: number) => closing.resolve(code));
  await opened.promise;
  return { socket, closed: closing.promise };
}

async function digest(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
}

function randomBytes(length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; at += 65_536) {
    crypto.getRandomValues(bytes.subarray(at, at + 65_536));
  }
  return bytes;
}

async function readAll(stream: RelayStream): Promise<Uint8Array<ArrayBuffer>> {
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  for await (const piece of stream) pieces.push(piece);
  return new Uint8Array(await new Blob(pieces).arrayBuffer());
}

Deno.test("bytes pass whole in both directions, far more than may be on their way", () =>
  withService(async (service, endpoint) => {
    const { agent, manager } = await pair(service, endpoint);
    const [up, down] = [randomBytes(20 * RELAY_WINDOW_BYTES + 1), randomBytes(3_000_001)];
    const read = [readAll(agent), readAll(manager)];
    manager.write(up);
    agent.write(down);
    // Each end closes when it has all: what was sent before a close has to arrive.
    let [fromManager, fromAgent] = [0, 0];
    agent.on("data", (piece: Uint8Array) => {
      if ((fromManager += piece.length) === up.length && fromAgent === down.length) agent.end();
    });
    manager.on("data", (piece: Uint8Array) => {
      if ((fromAgent += piece.length) === down.length && fromManager === up.length) manager.end();
    });
    const [atAgent, atManager] = await Promise.all(read);
    assertEquals(await digest(atAgent!), await digest(up));
    assertEquals(await digest(atManager!), await digest(down));
  }));

Deno.test("a manager gets to its agent by its block's token, and by no other way", () =>
  withService(async (service, endpoint) => {
    const url = managerUrl(service, endpoint);
    assertEquals(await refusal(url, TOKEN), "INVALID_AUTH_TOKEN");
    await dialled(agentUrl(service, endpoint), endpoint.endpoint_token);
    for (const wrong of ["b".repeat(43), relayKey(TOKEN), endpoint.endpoint_token, service.token]) {
      assertEquals(await refusal(url, wrong), "INVALID_AUTH_TOKEN");
    }
    const other = await register(service, "two");
    assertEquals(await refusal(managerUrl(service, other), TOKEN), "INVALID_AUTH_TOKEN");
    (await dialled(url, TOKEN)).destroy();
  }));

Deno.test("no endpoint waits in another one's place, and a relay token opens nothing else", () =>
  withService(async (service, endpoint) => {
    const other = await register(service, "two");
    const place = agentUrl(service, endpoint);
    assertEquals(await refusal(place, other.endpoint_token), "INSUFFICIENT_AUTH_SCOPE");
    assertEquals(await refusal(place, service.token), "INSUFFICIENT_AUTH_SCOPE");
    assertEquals(await refusal(place, TOKEN), "INVALID_AUTH_TOKEN");
    await dialled(place, endpoint.endpoint_token);
    const answer = await service.call("GET", "/v3/whoami", { token: TOKEN });
    assertEquals(answer.status, 401);
    // The same key at another endpoint is another place.
    await dialled(agentUrl(service, other), other.endpoint_token);
    const manager = await dialled(managerUrl(service, endpoint), TOKEN);
    manager.destroy();
  }));

Deno.test("a manager speaks TLS with its own agent, whoever waits in that one's place", () =>
  withService(async (service, endpoint) => {
    const { certificate } = await makeCredentials();
    const impostor = await ManagerListener.listen({
      hostnames: ["127.0.0.1"],
      ports: [0],
      credentials: await makeCredentials(),
      tokenOf: () => TOKEN,
      opened: () => {
        throw new Error("a manager showed its token to somebody else");
      },
    });
    const { agent, manager } = await pair(service, endpoint);
    const socket = connect(impostor.port, "127.0.0.1");
    agent.pipe(socket).pipe(agent);
    const outcome = await dial({
      url: `wss://${AGENT_SERVER_NAME}${managerPath("block-1")}`,
      token: TOKEN,
      subprotocol: MANAGER_SUBPROTOCOL,
      pinned: { certificate, serverName: AGENT_SERVER_NAME, through: manager },
    }, {
      frame: () => undefined,
      malformed: () => undefined,
      closed: () => undefined,
    }, new AbortController().signal);
    assertTrue(outcome.kind === "retryable", "it was let in");
    assertMatch(outcome.failure.message, /certificate/);
    for (const stream of [agent, manager, socket]) stream.destroy();
    await impostor.close();
  }));

Deno.test("managers wait for the next connection of their agent", () =>
  withService(async (service, endpoint) => {
    const first = await pair(service, endpoint);
    const second = await dialled(managerUrl(service, endpoint), TOKEN);
    second.write("second");
    const agent = await dialled(agentUrl(service, endpoint), endpoint.endpoint_token);
    assertEquals(await agent.joined, true);
    assertEquals(String(agent.read()), "second");
    for (const stream of [first.agent, first.manager, second, agent]) stream.destroy();
  }));

Deno.test("a manager that waits while its agent comes anew is joined with the new one", () =>
  withService(async (service, endpoint) => {
    const first = await pair(service, endpoint);
    const waiting = await dialled(managerUrl(service, endpoint), TOKEN);
    const ended = closed(first.manager);
    first.agent.destroy();
    await ended;
    assertEquals(await refusal(managerUrl(service, endpoint), TOKEN), "INVALID_AUTH_TOKEN");
    const agent = await dialled(agentUrl(service, endpoint), endpoint.endpoint_token);
    waiting.write("patient");
    assertEquals(await agent.joined, true);
    waiting.destroy();
    agent.destroy();
  }));

Deno.test("when one end closes, the other one is told so", () =>
  withService(async (service, endpoint) => {
    for (const side of ["agent", "manager"] as const) {
      const ends = await pair(service, endpoint);
      ends.manager.write("hello");
      assertEquals(await ends.agent.joined, true);
      const other = side === "agent" ? ends.manager : ends.agent;
      ends[side].destroy();
      await closed(other);
      assertEquals(other.isEndedByOther, true);
    }
  }));

Deno.test("a service that stops says nothing of the other end", () =>
  withService(async (service, endpoint) => {
    const { agent, manager } = await pair(service, endpoint);
    manager.write("hello");
    assertEquals(await agent.joined, true);
    await Promise.all([service.stop(), closed(agent), closed(manager)]);
    assertEquals([agent.isEndedByOther, manager.isEndedByOther], [false, false]);
    assertMatch(agent.endingText, /^1001 /);
  }));

Deno.test("an endpoint whose token is replaced waits no more", () =>
  withService(async (service, endpoint) => {
    const agent = await dialled(agentUrl(service, endpoint), endpoint.endpoint_token);
    const path = pathOf(ROUTES.updateEndpoint, { endpoint_id: endpoint.endpoint_id });
    const ended = closed(agent);
    await service.call("PUT", path, { body: { endpoint_name: "one" } });
    await ended;
    assertEquals(await refusal(managerUrl(service, endpoint), TOKEN), "INVALID_AUTH_TOKEN");
  }));

const VIOLATIONS: Readonly<Record<string, readonly (Uint8Array | string)[]>> = {
  "a text": ["hello"],
  "nothing": [new Uint8Array(0)],
  "no bytes": [new Uint8Array([0])],
  "an unknown message": [new Uint8Array([7, 1, 2])],
  "a number of three bytes": [new Uint8Array([1, 0, 0, 1])],
  "more taken than there was": [takenMessage(1)],
  "more than a window": [dataMessage(new Uint8Array(RELAY_WINDOW_BYTES + 1))],
  "more than a window in pieces": Array.from(
    { length: 5 },
    () => dataMessage(new Uint8Array(RELAY_WINDOW_BYTES / 4)),
  ),
};

for (const [name, frames] of Object.entries(VIOLATIONS)) {
  Deno.test(`who sends ${name} is cut off, joined or waiting, and nobody else`, () =>
    withService(async (service, endpoint) => {
      const waiting = await raw(agentUrl(service, endpoint), endpoint.endpoint_token);
      for (const frame of frames) waiting.socket.send(frame);
      assertEquals(await waiting.closed, 1008);
      const bystanders = await pair(service, endpoint);
      const agent = await raw(agentUrl(service, endpoint), endpoint.endpoint_token);
      const manager = await raw(managerUrl(service, endpoint), TOKEN);
      for (const frame of frames) manager.socket.send(frame);
      assertEquals([await manager.closed, await agent.closed], [1008, 1000]);
      bystanders.manager.write("still here");
      assertEquals(await bystanders.agent.joined, true);
      assertEquals(String(bystanders.agent.read()), "still here");
      for (const stream of Object.values(bystanders)) stream.destroy();
    }));
}
