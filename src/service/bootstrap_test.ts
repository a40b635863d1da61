import { WebSocket } from "ws";
import { CONTROL_PATHS, ServiceStatusSchema } from "../contract/control.ts";
import { EXIT, FuncxError } from "../contract/errors.ts";
import type { FuncxHome } from "../contract/home.ts";
import { MAX_REQUEST_BYTES } from "../contract/limits.ts";
import { SUBPROTOCOL } from "../contract/protocol/version.ts";
import { verifyService } from "../contract/service_proof.ts";
import { assertEquals, assertMatch, assertTrue } from "../lib/assert.ts";
import { events, requestJson } from "../lib/unix_http.ts";
import * as v from "valibot";
import type { ServiceOptions } from "./options.ts";
import { ServiceDir } from "./service_dir.ts";
import { CERTIFICATE, CERTIFICATE_KEY } from "./testing/certificate.ts";
import { RunningService, withHome } from "./testing/running_service.ts";

async function refusal(home: FuncxHome, change: Partial<ServiceOptions> = {}): Promise<FuncxError> {
  try {
    await using service = await RunningService.start(home, change);
    throw new Error(`it started at ${service.url}`);
  } catch (thrown) {
    assertTrue(thrown instanceof FuncxError, String(thrown));
    return thrown;
  }
}

function mode(path: string): number {
  return Deno.statSync(path).mode! & 0o777;
}

function portOf(url: string): number {
  return Number(new URL(url).port);
}

Deno.test("the first start makes all that the local user needs, for him alone", () =>
  withHome(async (home) => {
    const service = await RunningService.start(home);
    const { state, login } = service;
    assertEquals([state.url, state.pid], [service.url, Deno.pid]);
    assertEquals(login.current, service.url);
    assertEquals(login.services[service.url]!.service_id, state.service_id);
    const whoAmI = await service.call("GET", "/v3/whoami");
    assertEquals([whoAmI.status, whoAmI.body.scopes], [200, ["all"]]);
    assertEquals((await verifyService(state)).kind, "ok");
    assertEquals((await verifyService({ ...state, proof_key: "00".repeat(32) })).kind, "fatal");
    const directory = new ServiceDir(home);
    assertEquals([mode(home.root), mode(directory.root)], [0o700, 0o700]);
    const files = [
      home.loginFile,
      directory.stateFile,
      directory.databaseFile,
      directory.identityFile,
      directory.lockFile,
      directory.logFile,
    ];
    assertEquals(files.map(mode), files.map(() => 0o600));
    assertEquals(await service.stop(), EXIT.ok);
    for (const path of [directory.stateFile, directory.lockFile, state.socket]) {
      assertEquals(await Deno.stat(path).catch(() => "gone"), "gone");
    }
    const log = Deno.readTextFileSync(directory.logFile);
    assertTrue(!log.includes("fx_") && !log.includes(state.proof_key));
  }));

Deno.test("the next start is the same service: id, key, port and token", () =>
  withHome(async (home) => {
    const first = await RunningService.start(home);
    const { state, token } = first;
    await first.stop();
    await using second = await RunningService.start(home, { listen: undefined });
    assertEquals(second.url, first.url);
    assertEquals(second.token, token);
    assertEquals(
      [second.state.service_id, second.state.proof_key],
      [state.service_id, state.proof_key],
    );
  }));

Deno.test("a second start names the pid and the address of the first", () =>
  withHome(async (home) => {
    await using service = await RunningService.start(home);
    const error = await refusal(home);
    assertEquals([error.code, error.kind.exit], ["ALREADY_RUNNING", EXIT.runningElsewhere]);
    assertTrue(error.message.includes(`pid ${Deno.pid}`) && error.message.includes(service.url));
  }));

Deno.test("what a killed service left behind is no obstacle", () =>
  withHome(async (home) => {
    const killed = await RunningService.start(home);
    const { state, token } = killed;
    const directory = new ServiceDir(home);
    const lock = Deno.readTextFileSync(directory.lockFile);
    await killed.stop();
    const child = new Deno.Command("true").spawn();
    await child.status;
    const dead = { ...state, pid: child.pid };
    Deno.writeTextFileSync(directory.stateFile, JSON.stringify(dead));
    Deno.writeTextFileSync(
      directory.lockFile,
      JSON.stringify({ ...JSON.parse(lock), pid: child.pid }),
    );
    Deno.writeTextFileSync(state.socket, "");
    await using service = await RunningService.start(home);
    assertEquals([service.state.pid, service.token], [Deno.pid, token]);
  }));

Deno.test("a taken port is left to its owner: another one, or an error when it was asked for", () =>
  withHome(async (home) => {
    const first = await RunningService.start(home);
    await first.stop();
    const port = portOf(first.url);
    using _other = Deno.listen({ hostname: "127.0.0.1", port });
    {
      await using moved = await RunningService.start(home, { listen: undefined });
      assertTrue(portOf(moved.url) !== port);
      assertEquals(Object.keys(moved.login.services), [moved.url]);
      assertEquals(moved.login.current, moved.url);
      assertEquals((await moved.call("GET", "/v3/whoami")).status, 200);
    }
    const error = await refusal(home, { listen: { hostname: "127.0.0.1", port } });
    assertEquals([error.code, error.kind.exit], ["START_FAILED", EXIT.unavailable]);
    assertMatch(error.message, new RegExp(`port ${port} of 127.0.0.1 is in use`));
    assertMatch(error.hint!, /ss -ltnp/);
  }));

Deno.test("an address that is not this machine's is refused", () =>
  withHome(async (home) => {
    const listen = { hostname: "192.0.2.1", port: 0 };
    const error = await refusal(home, { listen, behindTlsProxy: true });
    assertEquals(error.code, "START_FAILED");
    assertMatch(error.message, /192\.0\.2\.1/);
  }));

Deno.test("off loopback it speaks TLS, or is told that a proxy does", () =>
  withHome(async (home) => {
    const listen = { hostname: "0.0.0.0", port: 0 };
    const error = await refusal(home, { listen });
    assertEquals(error.code, "USAGE");
    assertMatch(error.hint!, /--tls-cert.*--behind-tls-proxy/);
    await using service = await RunningService.start(home, {
      listen,
      behindTlsProxy: true,
      publicUrl: "https://funcx.example.org/",
    });
    const { body } = await service.call("POST", "/v3/endpoints", { body: { endpoint_name: "x" } });
    assertEquals(body.forwarder_url, "wss://funcx.example.org/v3/forwarder");
  }));

Deno.test("with a certificate it speaks TLS", () =>
  withHome(async (home) => {
    const certificateFile = await Deno.makeTempFile();
    const keyFile = await Deno.makeTempFile();
    Deno.writeTextFileSync(certificateFile, CERTIFICATE);
    Deno.writeTextFileSync(keyFile, CERTIFICATE_KEY);
    const tls = { certificateFile, keyFile };
    await using service = await RunningService.start(home, { tls });
    assertMatch(service.url, /^https:\/\/127\.0\.0\.1:/);
    using client = Deno.createHttpClient({ caCerts: [CERTIFICATE] });
    const response = await fetch(`${service.url}/v3/health`, { client });
    assertEquals((await response.json()).status, "ok");
    await service.stop();
    Deno.writeTextFileSync(keyFile, "nonsense");
    assertEquals((await refusal(home, { tls })).code, "START_FAILED");
    await Deno.remove(keyFile);
    assertEquals((await refusal(home, { tls })).code, "USAGE");
    await Deno.remove(certificateFile);
  }));

Deno.test("damaged files are named and left as they are", () =>
  withHome(async (home) => {
    const first = await RunningService.start(home);
    await first.stop();
    const directory = new ServiceDir(home);
    for (const path of [directory.databaseFile, directory.identityFile, home.loginFile]) {
      Deno.renameSync(path, `${path}.whole`);
      Deno.writeTextFileSync(path, "nonsense ".repeat(1_000));
      const error = await refusal(home);
      assertEquals([error.code, error.kind.exit], ["STORE_UNREADABLE", EXIT.configuration]);
      assertTrue(error.message.includes(path), error.message);
      assertTrue(Deno.readTextFileSync(path).startsWith("nonsense"));
      Deno.renameSync(`${path}.whole`, path);
    }
    await using _service = await RunningService.start(home);
  }));

Deno.test("login.json keeps other services, and the choice of one of them", () =>
  withHome(async (home) => {
    Deno.mkdirSync(home.root, { recursive: true });
    const other = {
      current: "https://funcx.example.org",
      services: {
        "https://funcx.example.org": { token: "fx_other" },
      },
    };
    Deno.writeTextFileSync(home.loginFile, JSON.stringify(other));
    await using service = await RunningService.start(home);
    assertEquals(service.login.current, other.current);
    assertEquals(service.login.services[other.current], { token: "fx_other" });
    assertEquals((await service.call("GET", "/v3/whoami")).status, 200);
    assertEquals(mode(home.loginFile), 0o600);
  }));

Deno.test("the control socket tells the status and stops the service", () =>
  withHome(async (home) => {
    await using service = await RunningService.start(home);
    const { socket } = service.state;
    const answer = await requestJson(socket, "GET", CONTROL_PATHS.status);
    assertTrue(answer.kind === "ok");
    const status = v.parse(ServiceStatusSchema, answer.value);
    assertEquals([status.url, status.endpoints_online, status.unfinished_tasks], [
      service.url,
      0,
      0,
    ]);
    const stream = events(socket, CONTROL_PATHS.events);
    const first = v.parse(ServiceStatusSchema, (await stream.next()).value);
    assertEquals(first.service_id, status.service_id);
    assertEquals(
      (await requestJson(socket, "POST", CONTROL_PATHS.stop, { timeout: 0 })).kind,
      "ok",
    );
    assertEquals((await stream.next()).done, true);
    assertEquals(await service.exited, EXIT.ok);
  }));

Deno.test("a stop ends streams and sessions, and refuses what comes later", () =>
  withHome(async (home) => {
    await using service = await RunningService.start(home);
    const endpoint = await service.call("POST", "/v3/endpoints", { body: { endpoint_name: "e" } });
    const socket = connect(endpoint.body);
    await opened(socket);
    const closed = closeCode(socket);
    assertEquals(await service.stop(), EXIT.ok);
    assertTrue([1000, 1001, 1005, 1006].includes(await closed));
    assertEquals(await fetch(`${service.url}/v3/health`).catch(() => "refused"), "refused");
  }));

Deno.test("an endpoint's session ends at once when its token is replaced", () =>
  withHome(async (home) => {
    await using service = await RunningService.start(home);
    const body = { endpoint_name: "e" };
    const endpoint = (await service.call("POST", "/v3/endpoints", { body })).body;
    const socket = connect(endpoint);
    await opened(socket);
    const closed = closeCode(socket);
    const renewed = await service.call("PUT", `/v3/endpoints/${endpoint.endpoint_id}`, { body });
    assertEquals(await closed, 1008);
    assertEquals(await handshakeStatus(endpoint), 401);
    const again = connect(renewed.body);
    await opened(again);
    again.terminate();
  }));

Deno.test("requests that are cut, or too large, get an answer and harm nobody", () =>
  withHome(async (home) => {
    await using service = await RunningService.start(home);
    const address = { hostname: "127.0.0.1", port: portOf(service.url) };
    const head = `POST /v3/functions HTTP/1.1\r\nHost: localhost\r\n` +
      `Authorization: Bearer ${service.token}\r\nContent-Type: application/json\r\n`;
    for (
      const cut of [
        "GET /v3/he",
        `${head}Content-Length: 100\r\n\r\n{"func`,
        "\x00\xff\xfe\r\n\r\n",
      ]
    ) {
      using connection = await Deno.connect(address);
      await connection.write(new TextEncoder().encode(cut));
    }
    using slow = await Deno.connect(address);
    const size = MAX_REQUEST_BYTES + 1;
    await slow.write(new TextEncoder().encode(`${head}Content-Length: ${size}\r\n\r\n`));
    const answer = new Uint8Array(64);
    await slow.read(answer);
    assertMatch(new TextDecoder().decode(answer), /^HTTP\/1\.1 413 /);
    const large = await service.call("POST", "/v3/functions", {
      body: { function_name: "x", function_code: "x".repeat(size) },
    });
    assertEquals([large.status, large.body.code], [413, "FUNCTION_TOO_LARGE"]);
    assertEquals((await service.call("GET", "/v3/health")).status, 200);
  }));

interface Registered {
  readonly forwarder_url: string;
  readonly endpoint_token: string;
}

function connect({ forwarder_url, endpoint_token }: Registered): WebSocket {
  const headers = { authorization: `Bearer ${endpoint_token}` };
  return new WebSocket(forwarder_url, SUBPROTOCOL, { headers });
}

function opened(socket: WebSocket): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  socket.on("open", resolve);
  socket.on("error", reject);
  return promise;
}

function closeCode(socket: WebSocket): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<number>();
  socket.on("close", resolve);
  return promise;
}

/** Of a connection that is refused. */
function handshakeStatus(endpoint: Registered): Promise<number | undefined> {
  const { promise, resolve } = Promise.withResolvers<number | undefined>();
  const socket = connect(endpoint);
  socket.on("error", () => {});
  socket.on("unexpected-response", (_, response) => resolve(response.statusCode));
  return promise;
}
