/**
 * A bare server of payloads: what is PUT is hashed and synced to a file, read and written as a worker
 * would, hashed and synced again, and given by GET. Argument: a folder. Prints its port.
 */
import { createHash } from "node:crypto";

const folder = Deno.args[0]!;

async function keep(path: string, bytes: Uint8Array): Promise<void> {
  createHash("sha256").update(bytes).digest();
  using file = Deno.openSync(path, { write: true, create: true, truncate: true });
  for (let written = 0; written < bytes.length;) written += file.writeSync(bytes.subarray(written));
  await file.syncData();
}

function work(path: string): Uint8Array {
  const values = JSON.parse(new TextDecoder().decode(Deno.readFileSync(path)));
  return new TextEncoder().encode(JSON.stringify(values));
}

const options = { hostname: "127.0.0.1", port: 0, onListen: () => {} };
const server = Deno.serve(options, async (request) => {
  const path = `${folder}${new URL(request.url).pathname}`;
  if (request.method !== "PUT") return new Response(Deno.readFileSync(`${path}.result`));
  await keep(path, new Uint8Array(await request.arrayBuffer()));
  await keep(`${path}.result`, work(path));
  return new Response("{}");
});
console.log(server.addr.port);
