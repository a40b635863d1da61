import { FuncxError } from "../../contract/errors.ts";
import { assertEquals, assertRejects, assertTrue } from "../../lib/assert.ts";
import { fromFileUrl, join } from "../../lib/path.ts";
import { openStore } from "./libsql_store.ts";
import { OWNER, StoreFixture, taskIdsOf } from "./testing/store_fixture.ts";

async function codeOf(action: () => Promise<unknown>): Promise<string> {
  try {
    await action();
  } catch (thrown) {
    if (thrown instanceof FuncxError) return thrown.code;
    throw thrown;
  }
  return "none";
}

Deno.test("the service id and all records outlive the process", async () => {
  await using fixture = await StoreFixture.open();
  const { serviceId } = fixture.store;
  const [endpoint, code] = [await fixture.endpoint(), await fixture.function()];
  const [taskId] = taskIdsOf(await fixture.submit(endpoint, code, 1));
  await fixture.reopen();
  assertEquals(fixture.store.serviceId, serviceId);
  assertEquals((await fixture.detail(taskId!)).endpointId, endpoint);
  assertEquals((await Deno.stat(fixture.file)).mode! & 0o777, 0o600);
});

Deno.test("a second service on the same file, and a file that is no database, are refused", async () => {
  await using fixture = await StoreFixture.open();
  assertEquals(await codeOf(() => openStore(fixture.file)), "ALREADY_RUNNING");
  const other = join(fixture.folder, "other.db");
  await Deno.writeTextFile(other, "not a database, but long enough to look at it ".repeat(100));
  assertEquals(await codeOf(() => openStore(other)), "STORE_UNREADABLE");
  assertTrue((await Deno.readTextFile(other)).startsWith("not a database"));
});

Deno.test("a store with a damaged page is refused with the mend, and kept", async () => {
  await using fixture = await StoreFixture.open();
  await fixture.submit(await fixture.endpoint(), await fixture.function(), 1);
  await fixture.store.close();
  const damaged = await Deno.readFile(fixture.file);
  damaged.fill(0xff, 2 * 4_096, 2 * 4_096 + 64);
  await Deno.writeFile(fixture.file, damaged);
  assertEquals(await codeOf(() => openStore(fixture.file)), "STORE_UNREADABLE");
  // The head of the file counts how often it was opened.
  assertEquals((await Deno.readFile(fixture.file)).slice(4_096), damaged.slice(4_096));
});

Deno.test("a database of a newer program is refused", async () => {
  await using fixture = await StoreFixture.open();
  fixture.store.connection.pragma("user_version = 99");
  await fixture.store.close();
  assertEquals(await codeOf(() => openStore(fixture.file)), "STORE_UNREADABLE");
});

Deno.test("writes after the end are refused, not lost silently", async () => {
  await using fixture = await StoreFixture.open();
  const [endpoint, code] = [await fixture.endpoint(), await fixture.function()];
  const { store } = fixture;
  await fixture.reopen();
  const late = (): Promise<unknown> =>
    store.tasks.submit({
      owner: OWNER,
      endpointId: endpoint,
      taskGroupId: null,
      tasks: [{ functionId: code, payloads: ["x"] }],
      options: {},
      state: "received",
      at: 1,
    });
  await assertRejects(late, /stopping/);
});

Deno.test("an endpoint whose deletion was interrupted has its tasks failed at the next start", async () => {
  await using fixture = await StoreFixture.open();
  const [endpoint, code] = [await fixture.endpoint(), await fixture.function()];
  const [taskId] = taskIdsOf(await fixture.submit(endpoint, code, 1));
  fixture.store.connection.exec("UPDATE endpoints SET deleted_at = 1");
  await fixture.reopen();
  assertEquals((await fixture.detail(taskId!)).result?.error?.code, "ENDPOINT_LOST");
});

Deno.test("after kill -9 every acknowledged submit and result is there, and nothing half", async () => {
  await using fixture = await StoreFixture.open();
  const [endpoint, code] = [await fixture.endpoint(), await fixture.function()];
  await fixture.store.close();
  const acknowledged = { submitted: new Set<string>(), finished: new Set<string>() };
  for (let round = 0; round < 3; round++) {
    await using writer = startWriter([fixture.file, endpoint, code]);
    await writer.kill(200, (what, ids) => ids.forEach((id) => acknowledged[what].add(id)));
  }
  await fixture.reopen();
  const { tasks } = fixture.store;
  const statuses = await tasks.statuses([...acknowledged.submitted]);
  assertEquals(statuses.length, acknowledged.submitted.size);
  const finished = statuses.filter(({ taskId }) => acknowledged.finished.has(taskId));
  assertEquals(finished.length, acknowledged.finished.size);
  assertTrue(finished.every(({ state, result }) => state === "success" && result !== null));
  const { success = 0, ...unfinished } = await tasks.counts(OWNER);
  const sum = Object.values(unfinished).reduce((total, count) => total + count, 0);
  assertEquals(sum, await tasks.unfinished());
  // Whole submits of 20, whole results of 10.
  assertEquals([(success + sum) % 20, success % 10], [0, 0]);
  const stored = fixture.store.connection.prepare("SELECT count(*) FROM results").raw(true).get([]);
  assertEquals(stored, [success]);
});

interface Writer extends AsyncDisposable {
  /** Kills it after so many lines, and hands over each whole line that it told. */
  kill(
    lines: number,
    told: (what: "submitted" | "finished", ids: readonly string[]) => void,
  ): Promise<void>;
}

function startWriter(args: readonly string[]): Writer {
  const script = fromFileUrl(new URL("testing/crash_writer.ts", import.meta.url));
  const config = fromFileUrl(new URL("../../../deno.json", import.meta.url));
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--quiet", "--no-check", `--config=${config}`, script, ...args],
    stdout: "piped",
  }).spawn();
  const stop = async (): Promise<void> => {
    try {
      child.kill("SIGKILL");
    } catch {
      // It is gone already.
    }
    await child.status;
  };
  return {
    async kill(lines, told): Promise<void> {
      let rest = "";
      let count = 0;
      for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
        const parts = (rest + text).split("\n");
        rest = parts.pop()!;
        for (const line of parts) {
          const [what, ...ids] = line.split(" ");
          told(what as "submitted" | "finished", ids);
        }
        count += parts.length;
        if (count >= lines) await stop();
      }
    },
    [Symbol.asyncDispose]: stop,
  };
}
