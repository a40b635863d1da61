/**
 * A service whose every word is the test's: it proves itself, registers endpoints, and takes the
 * forwarder's link. Whatever it is sent has to be expected.
 */
import { newId } from "../../contract/ids.ts";
import {
  type Decoded,
  decodeEndpointMessage,
  encodeMessage,
} from "../../contract/protocol/codec.ts";
import type { EndpointMessage, ServiceMessage, Welcome } from "../../contract/protocol/messages.ts";
import { SUBPROTOCOL } from "../../contract/protocol/version.ts";
import { proofOf } from "../../contract/service_proof.ts";
import { assertEquals, assertTrue } from "../../lib/assert.ts";
import { Fifo } from "../../lib/fifo.ts";
import { Waiters } from "../../lib/waiters.ts";
import { welcome } from "./fake_session.ts";
import { MessageQueue } from "./message_queue.ts";

export const USER_TOKEN = "fx_user";

/** One link from an endpoint, as the service sees it. */
export class FakeLink {
  readonly messages = new MessageQueue<EndpointMessage>();
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>;
  readonly #socket: WebSocket;

  constructor(socket: WebSocket, readonly token: string) {
    this.#socket = socket;
    const { promise, resolve } = Promise.withResolvers<{ code: number; reason: string }>();
    this.closed = promise;
    socket.binaryType = "arraybuffer";
    socket.onmessage = ({ data }) => this.#received(decodeEndpointMessage(new Uint8Array(data)));
    socket.onclose = ({ code, reason }) => resolve({ code, reason });
    socket.onerror = () => undefined;
  }

  #received(decoded: Decoded<EndpointMessage>): void {
    assertTrue(decoded.kind === "message", "the endpoint sent a violation");
    this.messages.push(decoded.message);
  }

  send(message: ServiceMessage): void {
    this.#socket.send(encodeMessage(message));
  }

  /** Bytes, or a text message, as they are. */
  sendRaw(data: Uint8Array<ArrayBuffer> | string): void {
    this.#socket.send(data);
  }

  /** The handshake as it goes well. */
  async welcome(changes: Partial<Welcome> = {}): Promise<EndpointMessage & { type: "hello" }> {
    const hello = await this.messages.expect("hello");
    this.send(welcome(changes));
    return hello;
  }

  close(): void {
    this.#socket.close();
  }
}

/** What a registration asked for. */
export interface Registered {
  readonly method: string;
  readonly id: string | null;
  readonly body: Record<string, unknown>;
}

export class FakeService implements AsyncDisposable {
  readonly serviceId: string;
  readonly proofKey: string;
  readonly registered: Registered[] = [];
  /** Answers the next upgrade with this instead of taking it. */
  refusal: Response | undefined;
  /** Whether the test expects heartbeats; those of an agent come whenever something changes. */
  keepsHeartbeats = false;
  /** Endpoint ids that a PUT may name. */
  readonly endpoints = new Set<string>();
  readonly #links = new Fifo<FakeLink>();
  readonly #waiters = new Waiters();
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  #open: FakeLink[] = [];
  #tokens = 0;

  constructor(options: { serviceId?: string; proofKey?: string; port?: number } = {}) {
    this.serviceId = options.serviceId ?? newId();
    this.proofKey = options.proofKey ?? "00ff".repeat(16);
    const address = { hostname: "127.0.0.1", port: options.port ?? 0, onListen: () => undefined };
    this.#server = Deno.serve(address, (request) => this.#answer(request));
  }

  get port(): number {
    return this.#server.addr.port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** The next link that an endpoint opens. */
  async accept(): Promise<FakeLink> {
    if (this.#links.peek() === undefined) {
      await this.#waiters.when(() => this.#links.peek() !== undefined);
    }
    return this.#links.shift()!;
  }

  /** Links that nobody has accepted yet. */
  get hasLink(): boolean {
    return this.#links.peek() !== undefined;
  }

  async #answer(request: Request): Promise<Response> {
    const url = new URL(request.url);
    if (url.pathname === "/v3/health") return this.#health(url.searchParams.get("nonce"));
    if (url.pathname === "/v3/forwarder") return this.#upgrade(request);
    const id = /^\/v3\/endpoints(?:\/([0-9a-f-]{36}))?$/.exec(url.pathname);
    assertTrue(id !== null, `unexpected ${request.method} ${url.pathname}`);
    assertEquals(request.headers.get("authorization"), `Bearer ${USER_TOKEN}`);
    return await this.#register(request, id[1] ?? null);
  }

  #health(nonce: string | null): Response {
    const proof = nonce === null ? undefined : proofOf(this.proofKey, nonce, this.url);
    return Response.json({ status: "ok", service_id: this.serviceId, now: Date.now(), proof });
  }

  async #register(request: Request, id: string | null): Promise<Response> {
    const body = await request.json() as Record<string, unknown>;
    this.registered.push({ method: request.method, id, body });
    if (id !== null && !this.endpoints.has(id)) {
      const error = { code: "ENDPOINT_NOT_FOUND", reason: `there is no endpoint ${id}` };
      return Response.json(error, { status: 404 });
    }
    const endpoint_id = id ?? newId();
    this.endpoints.add(endpoint_id);
    this.#tokens += 1;
    return Response.json({
      endpoint_id,
      forwarder_url: `ws://127.0.0.1:${this.port}/v3/forwarder`,
      endpoint_token: `fx_endpoint_${this.#tokens}`,
      warnings: [],
    });
  }

  #upgrade(request: Request): Response {
    const { refusal } = this;
    if (refusal !== undefined) {
      this.refusal = undefined;
      return refusal;
    }
    assertEquals(request.headers.get("sec-websocket-protocol"), SUBPROTOCOL);
    const token = request.headers.get("authorization") ?? "";
    const { socket, response } = Deno.upgradeWebSocket(request, { protocol: SUBPROTOCOL });
    const link = new FakeLink(socket, token);
    if (!this.keepsHeartbeats) link.messages.ignore("heartbeat");
    socket.onopen = () => {
      this.#open.push(link);
      this.#links.push(link);
      this.#waiters.check();
    };
    return response;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const link of this.#open) link.close();
    await Promise.all(this.#open.map((link) => link.closed));
    await this.#server.shutdown();
  }
}
