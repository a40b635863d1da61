/** What the hidden word `worker` starts, apart from the commands so that it loads none of them. */
export { runWorker } from "../endpoint/executor/worker_entry.ts";
