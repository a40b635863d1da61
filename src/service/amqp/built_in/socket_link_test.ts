import { assertEquals } from "../../../lib/assert.ts";
import { deferred } from "../../../lib/async.ts";
import { SocketLink } from "./socket_link.ts";

/** A peer's socket, which takes what is written when the peer reads. */
function testSocket({ isRead }: { readonly isRead: boolean }): {
  readonly socket: Pick<Deno.Conn, "write" | "close">;
  readonly written: string[];
  readonly closed: Promise<void>;
} {
  const closed = deferred<void>();
  const written: string[] = [];
  const socket = {
    write: async (bytes: Uint8Array): Promise<number> => {
      if (!isRead) await closed.promise.then(() => Promise.reject(new Deno.errors.Interrupted()));
      written.push(new TextDecoder().decode(bytes));
      return bytes.length;
    },
    close: () => closed.resolve(),
  };
  return { socket, written, closed: closed.promise };
}

const bytes = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text);

Deno.test("what was sent goes out before the socket is closed", async () => {
  const { socket, written, closed } = testSocket({ isRead: true });
  const link = new SocketLink(socket, () => {}, () => {});
  link.send([bytes("last "), bytes("words")]);
  link.close();
  await closed;
  assertEquals(written, ["last words"]);
});

Deno.test("the socket of a peer that reads nothing is closed all the same", async () => {
  const { socket, written, closed } = testSocket({ isRead: false });
  const link = new SocketLink(socket, () => {}, () => {});
  link.send([bytes("more than it takes")]);
  // The write has begun.
  await Promise.resolve();
  link.close();
  await closed;
  assertEquals(written, []);
});
