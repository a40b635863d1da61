/** The hidden command `worker` by itself, for tests that run from source. */
import { runWorker } from "../worker_entry.ts";

await runWorker();
