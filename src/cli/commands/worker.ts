import { runWorker } from "../../endpoint/executor/worker_entry.ts";
import { defineCommand } from "../command.ts";

/** A worker process; its manager speaks to it on file descriptor 3. */
export const command = defineCommand<Record<never, never>>({
  parameters: {},
  run: () => runWorker(),
});
