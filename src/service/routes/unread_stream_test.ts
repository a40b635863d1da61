import { assertEquals, assertTrue } from "../../lib/assert.ts";
import { jsonPayload } from "../../contract/envelope.ts";
import { finishTasks } from "../testing/finish_tasks.ts";
import { ServiceFixture } from "../testing/service_fixture.ts";

const ROUNDS = 30;
const TASKS_PER_ROUND = 10;
/** A round fills a page of the stream; all rounds are several times the system's own buffers. */
const RESULT = `11\n${"7".repeat(100_000)}`;

Deno.test("a reader that reads nothing holds a page in memory, and misses nothing", async () => {
  await using service = await ServiceFixture.open();
  const pages = countPages(service);
  const token = await service.token();
  const fn = await service.registerFunction(token);
  const endpoint = await service.registerEndpoint(token);
  const payloads = Array.from({ length: ROUNDS * TASKS_PER_ROUND }, (_, n) => jsonPayload([n]));
  const { body } = await service.call("POST", `/v3/endpoints/${endpoint.id}/submit`, {
    token,
    body: { tasks: { [fn]: payloads } },
  });
  await using server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    (request) => service.app(request),
  );
  using link = await Deno.connect({ hostname: "127.0.0.1", port: server.addr.port });
  await write(link, [
    `GET /v3/task_groups/${body.task_group_id}/results HTTP/1.1`,
    "host: localhost",
    `authorization: Bearer ${token}`,
  ]);
  for (let round = 0; round < ROUNDS; round++) {
    await finishTasks(service.parts.store, endpoint.id, { count: TASKS_PER_ROUND, result: RESULT });
  }
  assertTrue(pages.read < ROUNDS / 2, `${pages.read} pages were read for nobody`);
  assertEquals(service.parts.uses.size, 1);
  await readTasks(link, body.tasks[fn]);
});

/** How often the results of a group were asked for. */
function countPages({ parts: { store: { results } } }: ServiceFixture): { read: number } {
  const pages = { read: 0 };
  const after = results.after.bind(results);
  results.after = (query): ReturnType<typeof after> => {
    pages.read++;
    return after(query);
  };
  return pages;
}

async function write(link: Deno.Conn, lines: readonly string[]): Promise<void> {
  await link.write(new TextEncoder().encode(`${lines.join("\r\n")}\r\n\r\n`));
}

/** Reads until all of the tasks have come; an event is one chunk of the transfer, so no id is cut. */
async function readTasks(link: Deno.Conn, ids: readonly string[]): Promise<void> {
  const missing = new Set(ids);
  const buffer = new Uint8Array(256 * 1024);
  let rest = "";
  while (missing.size > 0) {
    const length = await link.read(buffer);
    assertTrue(length !== null, `the stream ended with ${missing.size} results missing`);
    const text = rest + new TextDecoder().decode(buffer.subarray(0, length));
    for (const [, id] of text.matchAll(/"task_id":"([0-9a-f-]{36})"/g)) missing.delete(id!);
    rest = text.slice(-60);
  }
}
