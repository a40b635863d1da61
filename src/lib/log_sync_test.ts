import { assertEquals, assertRejects, assertThrows, assertTrue } from "./assert.ts";
import { openDatabase } from "./database.ts";
import { LogSync } from "./log_sync.ts";
import { join } from "./path.ts";

async function withLog(
  test: (log: LogSync, write: () => void, path: string) => Promise<void>,
  quick?: number,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  const path = join(folder, "test.db");
  const connection = openDatabase(path);
  connection.exec("CREATE TABLE numbers (number INTEGER PRIMARY KEY)");
  const log = new LogSync(connection, path, quick);
  try {
    await test(log, () => {
      connection.exec("INSERT INTO numbers VALUES (NULL)");
      log.written();
    }, path);
  } finally {
    log.close();
    connection.close();
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("a log that nothing was written to needs no sync", () =>
  withLog(async (log) => {
    assertTrue(!log.isBehind);
    await log.synced();
  }));

Deno.test("one sync does for all that was written before it, and not for what came after", () =>
  withLog(async (log, write) => {
    const order: string[] = [];
    write();
    const first = log.synced().then(() => order.push("first"));
    const same = log.synced().then(() => order.push("same"));
    write();
    const second = log.synced().then(() => {
      order.push("second");
      return log.isBehind;
    });
    assertTrue(log.isBehind);
    await Promise.all([first, same]);
    assertEquals(order, ["first", "same"]);
    assertEquals(await second, false);
  }));

Deno.test("a sync in this very turn does for those who wait for the next one", () =>
  withLog(async (log, write) => {
    write();
    const running = log.synced();
    write();
    const next = log.synced();
    log.syncNow();
    await Promise.all([running, next]);
    assertTrue(!log.isBehind);
  }));

Deno.test("a process waits for a disk that is quick, and never while a thread syncs", () =>
  withLog(async (log, write) => {
    write();
    log.syncIfQuick();
    assertTrue(!log.isBehind);
    write();
    const running = log.synced();
    write();
    log.syncIfQuick();
    assertTrue(log.isBehind);
    await running;
    await log.synced();
    assertTrue(!log.isBehind);
  }, Infinity));

Deno.test("a process does not wait for a disk that was slow", () =>
  withLog(async (log, write) => {
    for (let round = 0; round < 2; round++) {
      write();
      log.syncIfQuick();
      assertTrue(log.isBehind);
      await log.synced();
    }
  }, 0));

Deno.test("a failure of a sync that the process waited for is told later", () =>
  withLog(async (log, write) => {
    write();
    log.close();
    log.syncIfQuick();
    await assertRejects(() => log.synced(), /TypeError/);
    await log.failed;
  }, Infinity));

Deno.test("after a sync that failed nothing counts as written any more", () =>
  withLog(async (log, write, path) => {
    write();
    Deno.removeSync(`${path}-wal`);
    assertThrows(() => log.syncNow(), /NotFound/);
    assertTrue((await log.failed) instanceof Deno.errors.NotFound);
    await assertRejects(() => log.synced(), /NotFound/);
    assertThrows(() => log.syncNow(), /NotFound/);
  }));
