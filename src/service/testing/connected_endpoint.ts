/** An endpoint that a test plays over a real socket, welcomed by a hub that has no port otherwise. */
import type { Hello, Welcome } from "../../contract/protocol/messages.ts";
import { SUBPROTOCOL } from "../../contract/protocol/version.ts";
import type { Hub } from "../hub/hub.ts";
import { FakeEndpoint, hello } from "../hub/testing/fake_endpoint.ts";

export class ConnectedEndpoint implements AsyncDisposable {
  readonly fake: FakeEndpoint;
  readonly welcome: Welcome;
  readonly #server: Deno.HttpServer<Deno.NetAddr>;

  private constructor(
    fake: FakeEndpoint,
    welcome: Welcome,
    server: Deno.HttpServer<Deno.NetAddr>,
  ) {
    this.fake = fake;
    this.welcome = welcome;
    this.#server = server;
  }

  static async open(
    hub: Hub,
    endpointId: string,
    change: Partial<Hello> = {},
  ): Promise<ConnectedEndpoint> {
    const server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen: () => {} },
      (request) => {
        const { socket, response } = Deno.upgradeWebSocket(request, { protocol: SUBPROTOCOL });
        hub.accept(socket, endpointId);
        return response;
      },
    );
    const fake = await FakeEndpoint.dial(`ws://127.0.0.1:${server.addr.port}`);
    fake.send(hello(endpointId, change));
    return new ConnectedEndpoint(fake, await fake.expect("welcome"), server);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.fake[Symbol.asyncDispose]();
    await this.#server.shutdown();
  }
}
