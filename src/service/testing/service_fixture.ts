/** A service on a real store in a folder of its own, called without a port. */
import { IDEMPOTENCY_HEADER, MSGPACK_TYPE, type Scope } from "../../contract/api.ts";
import { sourceFunction } from "../../contract/envelope.ts";
import { newId } from "../../contract/ids.ts";
import { BLOB_QUOTA_BYTES, MAX_BLOB_BYTES } from "../../contract/limits.ts";
import { decode, encode } from "../../contract/protocol/codec.ts";
import { assertEquals } from "../../lib/assert.ts";
import { DiskRoom } from "../../lib/free_space.ts";
import { type App, buildApp } from "../app.ts";
import { makeAmqp } from "../amqp/start.ts";
import { OpenUses } from "../auth/open_uses.ts";
import { hashOf, makeToken } from "../auth/token.ts";
import { type BlobLimits, BlobVault } from "../blobs/vault.ts";
import { Gate } from "../http/gate.ts";
import { RequestRoom } from "../http/request_room.ts";
import { GlobusBridge } from "../globus/bridge.ts";
import { Hub } from "../hub/hub.ts";
import { Relay } from "../relay/relay.ts";
import type { ServiceParts } from "../parts.ts";
import { overviewParts } from "../overview_parts.ts";
import { openStore } from "../store/libsql_store.ts";
import { checkAnswer } from "./check_answer.ts";

export interface CallOptions {
  readonly token?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON, or as it is when it is text or bytes. */
  readonly body?: unknown;
  readonly msgpack?: boolean;
  readonly idempotencyKey?: string;
  readonly signal?: AbortSignal;
}

export interface Answered {
  readonly status: number;
  readonly headers: Headers;
  // deno-lint-ignore no-explicit-any -- tests look into answers of every shape, checked before
  readonly body: any;
}

interface Clock {
  offset: number;
  readonly now: () => number;
}

export const PROOF_KEY = "ab".repeat(32);
export const LOCAL_USER = "ada";

export class ServiceFixture implements AsyncDisposable {
  readonly parts: ServiceParts;
  readonly app: App;
  readonly #folder: string;
  readonly #clock: Clock;

  private constructor(
    folder: string,
    given: Pick<ServiceParts, "store" | "vault" | "hub" | "uses" | "amqp" | "globus">,
    clock: Clock,
    change: Partial<ServiceParts>,
  ) {
    this.#folder = folder;
    this.#clock = clock;
    const { store, hub } = given;
    this.parts = {
      ...given,
      ...overviewParts(store, hub, clock.now),
      relay: new Relay(),
      gate: new Gate({ hostname: "127.0.0.1", allowedHosts: [], allowedOrigins: [] }),
      requests: new RequestRoom(),
      rates: null,
      disk: new DiskRoom(folder, 0),
      phase: { stopping: false, url: "http://127.0.0.1" },
      localUser: LOCAL_USER,
      proofKey: PROOF_KEY,
      publicUrl: null,
      portalFolder: null,
      now: clock.now,
      ...change,
    };
    this.app = buildApp(this.parts);
  }

  static async open(
    change: Partial<ServiceParts> = {},
    limits: Partial<BlobLimits> = {},
  ): Promise<ServiceFixture> {
    const folder = await Deno.makeTempDir();
    const clock: Clock = { offset: 0, now: () => Date.now() + clock.offset };
    const store = await openStore(`${folder}/service.db`);
    const vault = await BlobVault.open({
      folder: `${folder}/blobs`,
      store: store.blobs,
      limits: { maximumBytes: MAX_BLOB_BYTES, quotaBytes: BLOB_QUOTA_BYTES, ...limits },
      now: clock.now,
    });
    const hub = new Hub({ store });
    const uses = new OpenUses();
    const common = { store, vault, uses, proofKey: PROOF_KEY, now: clock.now };
    const amqp = makeAmqp(common, { hostname: "127.0.0.1", ports: [0] });
    const globus = await GlobusBridge.open({ ...common, hub, broker: amqp.broker });
    amqp.serve();
    return new ServiceFixture(folder, { store, vault, hub, uses, amqp, globus }, clock, change);
  }

  /** Added to the clock, milliseconds. */
  set clockOffset(offset: number) {
    this.#clock.offset = offset;
  }

  get blobFolder(): string {
    return `${this.#folder}/blobs`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.parts.uses.endAll();
    await this.parts.globus.close();
    await this.parts.amqp.publisher.close();
    await this.parts.amqp.broker.close();
    await this.parts.hub.close();
    this.parts.relay.close();
    await this.parts.vault.close();
    await this.parts.store.close();
    await Deno.remove(this.#folder, { recursive: true });
  }

  /** A token of `user`, straight from the store. */
  async token(
    user: string = LOCAL_USER,
    scopes: readonly Scope[] = ["all"],
    expiresAt: number | null = null,
  ): Promise<string> {
    const token = makeToken();
    await this.parts.store.tokens.create({
      tokenId: newId(),
      hash: hashOf(token),
      user,
      label: "test",
      scopes,
      createdAt: this.parts.now(),
      expiresAt,
    });
    return token;
  }

  /** The raw response; use it for streams. */
  send(method: string, path: string, options: CallOptions = {}): Promise<Response> {
    const { token, body, msgpack, idempotencyKey } = options;
    const type = msgpack ? MSGPACK_TYPE : "application/json";
    return this.app(
      new Request(`http://localhost:5000${path}`, {
        method,
        signal: options.signal,
        headers: {
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
          ...(body === undefined ? {} : { "content-type": type }),
          ...(msgpack ? { accept: MSGPACK_TYPE } : {}),
          ...(idempotencyKey === undefined ? {} : { [IDEMPOTENCY_HEADER]: idempotencyKey }),
          ...options.headers,
        },
        body: encodeBody(body, msgpack ?? false),
      }),
    );
  }

  /** The answer, which was checked against the contract, whatever its status. */
  async call(method: string, path: string, options: CallOptions = {}): Promise<Answered> {
    const { status, headers, body } = await readAnswer(await this.send(method, path, options));
    checkAnswer(method, path, status, body);
    return { status, headers, body };
  }

  /** The code of an answer that has to be an error. */
  async refusal(method: string, path: string, options: CallOptions = {}): Promise<string> {
    const { status, body } = await this.call(method, path, options);
    assertEquals(status === body.http_status_code && status >= 400, true);
    return `${status} ${body.code}`;
  }

  async registerFunction(token: string, change: Record<string, unknown> = {}): Promise<string> {
    const answer = await this.call("POST", "/v3/functions", {
      token,
      body: {
        function_name: "double",
        function_code: sourceFunction("st", "double", "def double(x): return 2 * x"),
        ...change,
      },
    });
    assertEquals(answer.status, 200);
    return answer.body.function_uuid;
  }

  async registerEndpoint(
    token: string,
    change: Record<string, unknown> = {},
  ): Promise<{ readonly id: string; readonly token: string; readonly url: string }> {
    const answer = await this.call("POST", "/v3/endpoints", {
      token,
      body: { endpoint_name: "default", ...change },
    });
    assertEquals(answer.status, 200);
    const { endpoint_id: id, endpoint_token, forwarder_url: url } = answer.body;
    return { id, token: endpoint_token, url };
  }
}

function encodeBody(body: unknown, msgpack: boolean): BodyInit | undefined {
  if (body === undefined) return undefined;
  if (typeof body === "string" || body instanceof Uint8Array) return body as BodyInit;
  return msgpack ? encode(body) : JSON.stringify(body);
}

async function readAnswer(response: Response): Promise<Answered> {
  const type = response.headers.get("content-type");
  const body = type === MSGPACK_TYPE
    ? decode(new Uint8Array(await response.arrayBuffer()))
    : JSON.parse(await response.text());
  return { status: response.status, headers: response.headers, body };
}
