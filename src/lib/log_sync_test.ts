import { assertEquals, assertRejects, assertThrows, assertTrue } from "./assert.ts";
import { openDatabase } from "./database.ts";
import { LogSync } from "./log_sync.ts";
import { join } from "./path.ts";

async function withLog(
  test: (log: LogSync, write: () => void, path: string) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  const path = join(folder, "test.db");
  const connection = openDatabase(path);
  connection.exec("CREATE TABLE numbers (number INTEGER PRIMARY KEY)");
  const log = new LogSync(connection, path);
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

Deno.test("after a sync that failed nothing counts as written any more", () =>
  withLog(async (log, write, path) => {
    write();
    Deno.removeSync(`${path}-wal`);
    assertThrows(() => log.syncNow(), /NotFound/);
    assertTrue((await log.failed) instanceof Deno.errors.NotFound);
    await assertRejects(() => log.synced(), /NotFound/);
    assertThrows(() => log.syncNow(), /NotFound/);
  }));
