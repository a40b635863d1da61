/**
 * Writes to a store until it is killed, and tells each acknowledged write in a line. Arguments: file
 * of the database, endpoint id, function id.
 */
import { openStore } from "../libsql_store.ts";
import { OWNER, success } from "./store_fixture.ts";

const [file, endpointId, functionId] = Deno.args as [string, string, string];
const store = await openStore(file);
const encoder = new TextEncoder();

function tell(what: string, ids: readonly string[]): void {
  Deno.stdout.writeSync(encoder.encode(`${what} ${ids.join(" ")}\n`));
}

async function writeForEver(): Promise<never> {
  while (true) {
    const receipt = await store.tasks.submit({
      owner: OWNER,
      endpointId,
      taskGroupId: null,
      tasks: [{ functionId, payloads: Array(20).fill("x".repeat(500)) }],
      options: {},
      state: "received",
      at: Date.now(),
    });
    const ids = receipt.tasks.flatMap(({ taskIds }) => taskIds);
    tell("submitted", ids);
    const half = ids.slice(0, 10);
    await store.queue.finished(endpointId, half.map((id) => success(id)), Date.now());
    tell("finished", half);
  }
}

await Promise.all(Array.from({ length: 5 }, writeForEver));
