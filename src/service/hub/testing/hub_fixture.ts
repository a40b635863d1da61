/** A hub on a real store, behind a real server. */
import type { Hello } from "../../../contract/protocol/messages.ts";
import { SUBPROTOCOL } from "../../../contract/protocol/version.ts";
import { StoreFixture, taskIdsOf } from "../../store/testing/store_fixture.ts";
import type { SubmitRequest } from "../../store/store.ts";
import { Hub, type HubOptions } from "../hub.ts";
import { FakeEndpoint, hello } from "./fake_endpoint.ts";

export class HubFixture implements AsyncDisposable {
  readonly hub: Hub;
  readonly stored: StoreFixture;
  readonly #server: Deno.HttpServer<Deno.NetAddr>;

  private constructor(stored: StoreFixture, options: Partial<HubOptions>) {
    this.stored = stored;
    this.hub = new Hub({ store: stored.store, ...options });
    this.#server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen: () => {} },
      (request) => {
        const { socket, response } = Deno.upgradeWebSocket(request, { protocol: SUBPROTOCOL });
        this.hub.accept(socket, new URL(request.url).pathname.slice(1));
        return response;
      },
    );
  }

  static async open(options: Partial<HubOptions> = {}): Promise<HubFixture> {
    return new HubFixture(await StoreFixture.open(), options);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.hub.close();
    await this.#server.shutdown();
    await this.stored[Symbol.asyncDispose]();
  }

  /** Connected, without a hello. */
  dial(endpointId: string): Promise<FakeEndpoint> {
    return FakeEndpoint.dial(`ws://127.0.0.1:${this.port}/${endpointId}`);
  }

  /** Connected and welcomed. */
  async connect(endpointId: string, change: Partial<Hello> = {}): Promise<FakeEndpoint> {
    const fake = await this.dial(endpointId);
    fake.send(hello(endpointId, change));
    await fake.expect("welcome");
    return fake;
  }

  /** As the submit route does it. */
  async submit(
    endpointId: string,
    functionId: string,
    count: number,
    change: Partial<SubmitRequest> = {},
  ): Promise<{ readonly ids: string[]; readonly groupId: string }> {
    const payloads = change.tasks?.flatMap(({ payloads }) => payloads).length ?? count;
    const { state, settle } = this.hub.reserve(endpointId, payloads);
    const receipt = await this.stored.submit(endpointId, functionId, count, {
      state,
      queued: (first) => settle({ first, count: payloads }),
      ...change,
    });
    return { ids: taskIdsOf(receipt), groupId: receipt.taskGroupId };
  }

  /** As the cancel route does it. */
  async cancel(owner: string, taskIds: readonly string[]): Promise<void> {
    this.hub.cancel(await this.stored.store.queue.cancel(owner, taskIds, Date.now()));
  }

  get port(): number {
    return this.#server.addr.port;
  }

  /** Resolves when the endpoint takes tasks. */
  online(endpointId: string): Promise<void> {
    return this.#when(() => this.hub.status(endpointId) !== undefined);
  }

  /** Resolves when the endpoint's session has ended. */
  offline(endpointId: string): Promise<void> {
    return this.#when(() => !this.hub.isOnline(endpointId));
  }

  #when(holds: () => boolean): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const check = (): void => {
      if (holds()) resolve();
    };
    const end = this.hub.onChange(check);
    check();
    return promise.finally(end);
  }
}

/** A hub with an endpoint that has never connected, and the id of a function. */
export async function opened(): Promise<{
  readonly fixture: HubFixture;
  readonly endpoint: string;
  readonly code: string;
}> {
  const fixture = await HubFixture.open();
  const [endpoint, code] = [await fixture.stored.endpoint(), await fixture.stored.function()];
  return { fixture, endpoint, code };
}
