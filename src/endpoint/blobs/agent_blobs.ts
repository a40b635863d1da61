/** An agent's large arguments and results: the folders, the requests, and the executor before its own. */
import type { TaskId } from "../../contract/ids.ts";
import { BLOB_CACHE_BYTES } from "../../contract/limits.ts";
import type { Outcome } from "../../lib/outcome.ts";
import type { EndpointDir } from "../endpoint_dir.ts";
import type { Executor, ExecutorEvents } from "../executor/executor.ts";
import { ArgumentBlobs } from "./argument_blobs.ts";
import { BlobExecutor } from "./blob_executor.ts";
import { ResultBlobs } from "./result_blobs.ts";
import { type AgentBlobRequests, ServiceBlobs, type ServiceTarget } from "./service_blobs.ts";
import { TaskArguments } from "./task_arguments.ts";

export class AgentBlobs {
  readonly results: ResultBlobs;
  readonly arguments: TaskArguments;

  constructor(
    dir: Pick<EndpointDir, "argumentFolder" | "resultFolder">,
    findService: () => Promise<Outcome<ServiceTarget>>,
  ) {
    const service = new ServiceBlobs(findService);
    const requests = (taskId: TaskId, signal: AbortSignal): AgentBlobRequests =>
      service.of(taskId, signal);
    this.results = new ResultBlobs({ folder: dir.resultFolder, requests });
    const blobs = new ArgumentBlobs({ folder: dir.argumentFolder, cacheBytes: BLOB_CACHE_BYTES });
    blobs.recover();
    this.arguments = new TaskArguments({ blobs, requests });
  }

  before(inner: Executor, events: ExecutorEvents): BlobExecutor {
    return new BlobExecutor({
      inner,
      events,
      arguments: this.arguments,
      results: this.results,
    });
  }

  close(): void {
    this.arguments.close();
    this.results.close();
  }
}
