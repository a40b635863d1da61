/** A long queue for an endpoint that is away: on disk, not in memory, and delivered when it is back. */
import { assertEquals, assertTrue } from "../../src/lib/assert.ts";
import { Client, payloadOf, typescript } from "../../src/client/mod.ts";
import { residentMemory } from "../helpers/processes.ts";
import { ServiceUnderTest } from "../helpers/service.ts";
import { processTest } from "../helpers/test_env.ts";

const TASKS = 100_000;
/** A submit may have 10 MB of arguments. */
const BATCH = 2_500;
/**
 * The arguments of all tasks together are 300 MB: held in memory, they would come on top of the 250
 * to 330 that the service has besides, much of it not collected yet.
 */
const MAX_SERVICE_MEMORY = 600e6;
const PADDING = "x".repeat(3_000);

const LENGTH = typescript("export default (n: number, text: string) => n + text.length;\n");

processTest(
  "100,000 tasks for an endpoint that is away wait on disk, and then run",
  async (env) => {
    await env.ok(["start"]);
    const service = await ServiceUnderTest.of(env);
    const { id } = await env.json<{ id: string }>(["status"]);
    const { pid } = await env.json<{ pid: number }>(["service", "status"]);
    await env.ok(["stop"]);

    const client = new Client({ url: service.url, token: service.token });
    const { functionId } = await client.register(LENGTH);
    const task_group_id = crypto.randomUUID();
    const expected = new Map<string, number>();
    for (let first = 0; first < TASKS; first += BATCH) {
      const numbers = Array.from({ length: BATCH }, (_, index) => first + index);
      const payloads = numbers.map((n) => payloadOf([n, PADDING], {}));
      const { tasks } = await client.submit(id, {
        tasks: { [functionId]: payloads },
        task_group_id,
      });
      tasks[functionId].forEach((task, index) =>
        expected.set(task, numbers[index] + PADDING.length)
      );
    }
    assertEquals(expected.size, TASKS);
    const queued = residentMemory(pid);
    assertTrue(queued < MAX_SERVICE_MEMORY, `${queued} bytes with all tasks queued`);

    await env.ok(["start"]);
    let peak = 0;
    for await (const batch of client.results(task_group_id)) {
      for (const task of batch.tasks) {
        assertEquals(task.result, `11\n${expected.get(task.task_id)}`);
        assertTrue(expected.delete(task.task_id), "each task ends once");
      }
      peak = Math.max(peak, residentMemory(pid));
      if (expected.size === 0) break;
    }
    assertTrue(peak < MAX_SERVICE_MEMORY, `${peak} bytes while they ran`);
  },
);
