/**
 * A manager with tasks that never end, for a test that kills it. Arguments: its folder, then packed
 * functions. Prints one line when every task runs.
 */
import { Harness } from "./harness.ts";

const [folder, ...codes] = Deno.args;
const harness = await Harness.start({ workersPerNode: codes.length }, [], folder);
const taskIds = harness.give(...codes.map((code) => ({ code })));
for (const taskId of taskIds) await harness.begin(taskId);
console.log("running");
