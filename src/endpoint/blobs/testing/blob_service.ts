/** A service on loopback that keeps blobs in memory, and refuses what the test says. */
import { createHash } from "node:crypto";
import type { BlobReference } from "../../../contract/blob_reference.ts";
import type { BlobRequests } from "../../../contract/blob_transfer.ts";
import type { TaskId } from "../../../contract/ids.ts";
import { ok } from "../../../lib/outcome.ts";
import { ServiceBlobs } from "../service_blobs.ts";

export class BlobService implements AsyncDisposable {
  readonly #blobs = new Map<string, Uint8Array<ArrayBuffer>>();
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  /** What was asked for, in order. */
  readonly log: string[] = [];
  /** Answers every request with this code, as the service does. */
  refusal: { readonly code: string; readonly status: number } | undefined;
  /** Each request waits for it. */
  gate: Promise<void> = Promise.resolve();

  constructor() {
    const options = { port: 0, hostname: "127.0.0.1", onListen: () => {} };
    this.#server = Deno.serve(options, (request) => this.#answer(request));
  }

  /** An endpoint's requests to it. */
  get requests(): (taskId: TaskId, signal: AbortSignal) => BlobRequests {
    const url = `http://127.0.0.1:${this.#server.addr.port}`;
    const service = new ServiceBlobs(() => Promise.resolve(ok({ url, token: "fx_endpoint" })));
    return (taskId, signal) => service.of(taskId, signal);
  }

  put(bytes: Uint8Array<ArrayBuffer>): BlobReference {
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    this.#blobs.set(sha256, bytes);
    return { sha256, size: bytes.length };
  }

  content(sha256: string): Uint8Array | undefined {
    return this.#blobs.get(sha256);
  }

  async #answer(request: Request): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url);
    const range = request.headers.get("range");
    this.log.push(`${request.method} ${range ?? searchParams.get("offset") ?? ""}`.trim());
    const body = new Uint8Array(await request.arrayBuffer());
    await this.gate;
    if (this.refusal !== undefined) return refused(this.refusal);
    const sha256 = pathname.split("/").at(-1)!;
    const known = this.#blobs.get(sha256) ?? new Uint8Array();
    if (range !== null) {
      const [, start, end] = /^bytes=(\d+)-(\d+)$/.exec(range)!;
      return new Response(known.slice(Number(start), Number(end) + 1));
    }
    if (request.method === "POST") {
      const blob: BlobReference = JSON.parse(new TextDecoder().decode(body));
      const offset = this.#blobs.get(blob.sha256)?.length ?? 0;
      return Response.json({ ...blob, offset, complete: offset === blob.size });
    }
    const whole = new Uint8Array(known.length + body.length);
    whole.set(known);
    whole.set(body, known.length);
    this.#blobs.set(sha256, whole);
    const size = Number(searchParams.get("size"));
    const offset = whole.length;
    return Response.json({ sha256, size, offset, complete: offset === size });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }
}

function refused({ code, status }: { code: string; status: number }): Response {
  const body = { status: "Failed", code, reason: `refused: ${code}`, error_args: [] };
  return Response.json({ ...body, http_status_code: status, retryable: false }, { status });
}
