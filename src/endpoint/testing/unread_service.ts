/** A service that welcomes an endpoint and then reads nothing of what it is sent. */
import { createHash } from "node:crypto";
import { encodeMessage } from "../../contract/protocol/codec.ts";
import { SUBPROTOCOL } from "../../contract/protocol/version.ts";
import { welcome } from "./fake_session.ts";

/** RFC 6455, section 1.3. */
const HANDSHAKE_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

export class UnreadService implements AsyncDisposable {
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #link: Promise<Deno.TcpConn> = this.#accept();

  get url(): string {
    return `ws://127.0.0.1:${this.#listener.addr.port}/`;
  }

  /** One link; after its request nothing more is read. */
  async #accept(): Promise<Deno.TcpConn> {
    const link = await this.#listener.accept();
    const request = new Uint8Array(16 * 1024);
    const length = await link.read(request) ?? 0;
    await link.write(accepted(new TextDecoder().decode(request.subarray(0, length))));
    await link.write(frame(encodeMessage(welcome())));
    return link;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    (await this.#link).close();
    this.#listener.close();
  }
}

function accepted(request: string): Uint8Array {
  const key = /^sec-websocket-key: (.*)\r$/im.exec(request)?.[1] ?? "";
  const lines = [
    "HTTP/1.1 101 Switching Protocols",
    "connection: Upgrade",
    "upgrade: websocket",
    `sec-websocket-protocol: ${SUBPROTOCOL}`,
    `sec-websocket-accept: ${createHash("sha1").update(key + HANDSHAKE_GUID).digest("base64")}`,
  ];
  return new TextEncoder().encode(`${lines.join("\r\n")}\r\n\r\n`);
}

/** A binary frame of a service, which is not masked (RFC 6455, section 5.2). */
function frame(message: Uint8Array): Uint8Array {
  return new Uint8Array([0x82, 126, message.length >> 8, message.length & 0xff, ...message]);
}
