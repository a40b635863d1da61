/**
 * A bare server of payloads: what is PUT is hashed, written, named and synced; one of its workers
 * makes a result of it, which is hashed and synced as well; GET gives that. A journal has a synced
 * line for each of both, as whoever promises anything must. Arguments: a folder, the number of
 * workers. Prints its port.
 */
import { createHash } from "node:crypto";
import { fromFileUrl } from "../../src/lib/path.ts";

const folder = Deno.args[0]!;
const WORKER = fromFileUrl(new URL("./payloads_worker.ts", import.meta.url));

class Worker {
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  readonly #output: ReadableStreamDefaultReader<Uint8Array>;

  constructor() {
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--no-config", "--quiet", "--no-check", WORKER],
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    this.#input = child.stdin.getWriter();
    this.#output = child.stdout.getReader();
  }

  /** Resolves when the result is in its file. */
  async run(path: string): Promise<void> {
    await this.#input.write(new TextEncoder().encode(`${path}\n`));
    const { done } = await this.#output.read();
    if (done) throw new Error("the worker has ended");
  }
}

/** Workers that have nothing to do, and who waits for one. */
const idle = Array.from({ length: Number(Deno.args[1]) }, () => new Worker());
const waiting: ((worker: Worker) => void)[] = [];

async function work(path: string): Promise<void> {
  const worker = idle.pop() ?? await new Promise<Worker>((resolve) => waiting.push(resolve));
  await worker.run(path);
  const next = waiting.shift();
  if (next === undefined) idle.push(worker);
  else next(worker);
}

const journal = Deno.openSync(`${folder}/journal`, { write: true, create: true });
const line = new Uint8Array(4096);
/** The sync that is under way, and the one of those who came after its begin. */
let running: Promise<void> | undefined;
let following: Promise<void> | undefined;

/** Resolves when a line is on disk; one sync does for all that came before it. */
function noted(): Promise<void> {
  journal.writeSync(line);
  if (following !== undefined) return following;
  const sync = (): Promise<void> => {
    following = undefined;
    return running = journal.syncData().finally(() => running = undefined);
  };
  return following = running === undefined ? Promise.resolve().then(sync) : running.then(sync);
}

async function synced(file: Deno.FsFile): Promise<void> {
  using names = Deno.openSync(folder, { read: true });
  await Promise.all([file.syncData(), names.sync()]);
  await noted();
}

function hash(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

async function keep(path: string, bytes: Uint8Array): Promise<void> {
  hash(bytes);
  using file = Deno.openSync(`${path}.part`, { write: true, create: true, mode: 0o600 });
  for (let written = 0; written < bytes.length;) written += file.writeSync(bytes.subarray(written));
  Deno.renameSync(`${path}.part`, path);
  await synced(file);
}

async function keepResult(path: string): Promise<void> {
  using file = Deno.openSync(path, { read: true });
  hash(Deno.readFileSync(path));
  await synced(file);
}

const options = { hostname: "127.0.0.1", port: 0, onListen: () => {} };
const server = Deno.serve(options, async (request) => {
  const path = `${folder}${new URL(request.url).pathname}`;
  if (request.method !== "PUT") return new Response(Deno.readFileSync(`${path}.result`));
  await keep(path, await request.bytes());
  await work(path);
  await keepResult(`${path}.result`);
  return new Response("{}");
});
console.log(server.addr.port);
