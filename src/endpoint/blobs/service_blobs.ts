/**
 * The service's blobs, as an endpoint asks for them: by the endpoint's own token, over connections
 * apart from the link, so that no small task waits behind a large one. Requests are repeated for as
 * long as the service is away.
 */
import * as v from "valibot";
import {
  type BlobUpload,
  BlobUploadSchema,
  ErrorBodySchema,
  pathOf,
  ROUTES,
} from "../../contract/api.ts";
import type { BlobReference } from "../../contract/blob_reference.ts";
import type { BlobRequests } from "../../contract/blob_transfer.ts";
import { ERROR_KINDS, FuncxError, isErrorCode } from "../../contract/errors.ts";
import type { TaskId } from "../../contract/ids.ts";
import { BLOB_REQUEST_TIMEOUT, REDIAL_INITIAL, REDIAL_MAXIMUM } from "../../contract/limits.ts";
import { delay } from "../../lib/async.ts";
import { Backoff } from "../../lib/backoff.ts";
import { logger } from "../../lib/log.ts";
import { messageOf, type Outcome } from "../../lib/outcome.ts";
import { fetchTrusting } from "../../lib/trusting_fetch.ts";
import { handFile, takeFile } from "./shared_files.ts";

const log = logger("agent", "blobs");

/** Where the service answers now, and the endpoint's token. */
export interface ServiceTarget {
  /** Base URL without a slash at its end. */
  readonly url: string;
  readonly token: string;
  /** The authority that signed its certificate, PEM, where the system does not know it. */
  readonly ca?: string;
  /** Where it keeps its blobs, when that is on this machine. */
  readonly blobFolder?: string;
}

/** What an agent asks of the service for one task's blobs. */
export interface AgentBlobRequests extends BlobRequests {
  /** Makes `path` a file with the blob, without a transfer; false where that is not possible. */
  take?(blob: BlobReference, path: string): Promise<boolean>;
  /** Gives the service the file of a result, without a transfer; false where that is not possible. */
  hand?(blob: BlobReference, path: string): Promise<boolean>;
}

interface BlobRequest {
  readonly method: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array<ArrayBuffer>;
}

export class ServiceBlobs {
  readonly #find: () => Promise<Outcome<ServiceTarget>>;
  #target: ServiceTarget | undefined;

  /** @param find asked before the first request, and again after each that got no answer. */
  constructor(find: () => Promise<Outcome<ServiceTarget>>) {
    this.#find = find;
  }

  /**
   * Requests for one task's blobs. They reject with the service's refusal when that is final, and
   * with the signal's reason.
   */
  of(taskId: TaskId, signal: AbortSignal): AgentBlobRequests {
    const send = (request: BlobRequest): Promise<Response> => this.#send(request, signal);
    const begin = async (blob: BlobReference): Promise<BlobUpload> =>
      await uploadOf(
        await send({
          method: ROUTES.beginBlob.method,
          path: pathOf(ROUTES.beginBlob),
          headers: { "content-type": "application/json" },
          body: JSON.stringify({ ...blob, task_id: taskId }),
        }),
      );
    return {
      begin,
      take: async (blob, path) => {
        const folder = await this.#sharedFolder();
        return folder !== undefined && takeFile(folder, blob, path);
      },
      hand: async (blob, path) => {
        const folder = await this.#sharedFolder();
        return folder !== undefined &&
          await handFile({ folder, taskId, blob, path }, () => begin(blob));
      },
      put: async ({ sha256, size }, offset, bytes) =>
        await uploadOf(
          await send({
            method: ROUTES.putBlob.method,
            path: `${
              pathOf(ROUTES.putBlob, { sha256 })
            }?offset=${offset}&size=${size}&task_id=${taskId}`,
            headers: { "content-type": "application/octet-stream" },
            body: bytes,
          }),
        ),
      get: async ({ sha256 }, start, end) => {
        const response = await send({
          method: ROUTES.getBlob.method,
          path: `${pathOf(ROUTES.getBlob, { sha256 })}?task_id=${taskId}`,
          headers: { range: `bytes=${start}-${end - 1}` },
        });
        return new Uint8Array(await response.arrayBuffer());
      },
    };
  }

  async #sharedFolder(): Promise<string | undefined> {
    if (this.#target === undefined) {
      const found = await this.#find();
      if (found.kind === "ok") this.#target ??= found.value;
    }
    return this.#target?.blobFolder;
  }

  async #send(request: BlobRequest, signal: AbortSignal): Promise<Response> {
    const backoff = new Backoff({
      initial: REDIAL_INITIAL,
      maximum: REDIAL_MAXIMUM,
      minimumUptime: 0,
    });
    for (;;) {
      signal.throwIfAborted();
      const problem = await this.#attempt(request, signal);
      if (problem instanceof Response) return problem;
      log.debug("{method} {path}: {problem}; again in a moment", { ...request, problem });
      await delay(backoff.next(), signal);
    }
  }

  /** The answer, whole, or why to try again. */
  async #attempt(request: BlobRequest, signal: AbortSignal): Promise<Response | string> {
    const target = this.#target === undefined ? await this.#find() : undefined;
    if (target !== undefined && target.kind !== "ok") return target.failure.message;
    this.#target ??= target?.value;
    const { url, token, ca } = this.#target!;
    try {
      const response = await fetchTrusting(ca)(url + request.path, {
        method: request.method,
        headers: { ...request.headers, authorization: `Bearer ${token}` },
        body: request.body,
        redirect: "error",
        signal: AbortSignal.any([signal, AbortSignal.timeout(BLOB_REQUEST_TIMEOUT)]),
      });
      // Read here, so that a link which breaks in the middle counts as no answer.
      const bytes = await response.arrayBuffer();
      if (response.ok) return new Response(bytes);
      return this.#refused(response.status, new TextDecoder().decode(bytes));
    } catch (thrown) {
      if (thrown instanceof FuncxError) throw thrown;
      this.#target = undefined;
      return messageOf(thrown);
    }
  }

  /** Why to try again; throws what is final. */
  #refused(status: number, text: string): string {
    const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), ErrorBodySchema), text);
    const code = parsed.success ? parsed.output.code : "";
    if (!parsed.success || !isErrorCode(code)) {
      this.#target = undefined;
      return `the service answered ${status}`;
    }
    const { reason: message, hint } = parsed.output;
    // The token is replaced with each registration, perhaps a moment ago.
    if (status === 401) this.#target = undefined;
    if (status === 401 || ERROR_KINDS[code].retryable) return message;
    throw new FuncxError({ code, message, hint });
  }
}

async function uploadOf(response: Response): Promise<BlobUpload> {
  return v.parse(BlobUploadSchema, await response.json());
}
