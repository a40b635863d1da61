/** An endpoint that connects, says hello, and then reads nothing of what it is sent. */
import { encodeMessage } from "../../../contract/protocol/codec.ts";
import { SUBPROTOCOL } from "../../../contract/protocol/version.ts";
import { hello } from "./fake_endpoint.ts";

export class UnreadEndpoint implements Disposable {
  readonly #connection: Deno.Conn;

  private constructor(connection: Deno.Conn) {
    this.#connection = connection;
  }

  static async connect(port: number, endpointId: string): Promise<UnreadEndpoint> {
    const connection = await Deno.connect({ hostname: "127.0.0.1", port });
    const upgrade = [
      `GET /${endpointId} HTTP/1.1`,
      "host: localhost",
      "connection: Upgrade",
      "upgrade: websocket",
      `sec-websocket-protocol: ${SUBPROTOCOL}`,
      "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==",
      "sec-websocket-version: 13",
    ];
    const message = encodeMessage(hello(endpointId));
    for (
      const part of [new TextEncoder().encode(`${upgrade.join("\r\n")}\r\n\r\n`), frame(message)]
    ) {
      await connection.write(part);
    }
    return new UnreadEndpoint(connection);
  }

  [Symbol.dispose](): void {
    this.#connection.close();
  }
}

/** A binary frame of a client, masked with zeros (RFC 6455, section 5.2). */
function frame(message: Uint8Array): Uint8Array {
  const head = [0x82, 0x80 | 126, message.length >> 8, message.length & 0xff, 0, 0, 0, 0];
  return new Uint8Array([...head, ...message]);
}
