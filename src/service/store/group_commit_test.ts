import { FuncxError } from "../../contract/errors.ts";
import { assertEquals, assertRejects, assertTrue } from "../../lib/assert.ts";
import { type Connection, openDatabase } from "../../lib/database.ts";
import { LogSync } from "../../lib/log_sync.ts";
import { join } from "../../lib/path.ts";
import { GroupCommit, type TransactionScope } from "./group_commit.ts";

class Scope implements TransactionScope {
  readonly #log: string[];
  constructor(log: string[]) {
    this.#log = log;
    log.push("begin");
  }
  beforeCommit(): void {
    this.#log.push("before");
  }
  committed(): void {
    this.#log.push("committed");
  }
}

async function withGroup(
  test: (group: GroupCommit<Scope>, connection: Connection, log: string[]) => Promise<void>,
  maximumMilliseconds?: number,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  const path = join(folder, "test.db");
  const connection = openDatabase(path);
  const sync = new LogSync(connection, path);
  try {
    connection.exec("CREATE TABLE numbers (number INTEGER PRIMARY KEY, filler BLOB)");
    const log: string[] = [];
    const group = new GroupCommit({
      connection,
      log: sync,
      scope: () => new Scope(log),
      translate: (thrown) => new Error(`translated: ${(thrown as Error).message}`),
      maximumMilliseconds,
    });
    await test(group, connection, log);
  } finally {
    sync.close();
    connection.close();
    await Deno.remove(folder, { recursive: true });
  }
}

function numbers(connection: Connection): number[] {
  const rows = connection.prepare("SELECT number FROM numbers ORDER BY number").all([]);
  return (rows as { number: number }[]).map(({ number }) => number);
}

function add(connection: Connection, number: number, bytes = 1): number {
  connection.prepare("INSERT INTO numbers VALUES (?, ?)").run([number, new Uint8Array(bytes)]);
  return number;
}

const refused = new FuncxError({ code: "RESOURCE_CONFLICT", message: "refused" });

Deno.test("writes of one turn share one transaction, and resolve after its commit", () =>
  withGroup(async (group, connection, log) => {
    const seen = await Promise.all(
      [1, 2, 3].map((number) =>
        group.write(() => add(connection, number)).then((value) => `${value} ${log.at(-1)}`)
      ),
    );
    assertEquals(seen, ["1 committed", "2 committed", "3 committed"]);
    assertEquals(log, ["begin", "before", "committed"]);
  }));

Deno.test("a refusal rejects its own promise and leaves the others in the same transaction", () =>
  withGroup(async (group, connection, log) => {
    const [first, second, third] = await Promise.allSettled([
      group.write(() => add(connection, 1)),
      group.write(() => refused),
      group.write(() => add(connection, 3)),
    ]);
    assertEquals([first!.status, third!.status], ["fulfilled", "fulfilled"]);
    assertTrue(second!.status === "rejected" && second.reason === refused);
    assertEquals(numbers(connection), [1, 3]);
    assertEquals(log, ["begin", "before", "committed"]);
  }));

Deno.test("a failed write is undone whole, and those around it are written", () =>
  withGroup(async (group, connection) => {
    const outcomes = await Promise.allSettled([
      group.write(() => add(connection, 1)),
      group.write(() => {
        add(connection, 2);
        return add(connection, 1);
      }),
      group.write(() => add(connection, 3)),
    ]);
    assertEquals(outcomes.map(({ status }) => status), ["fulfilled", "rejected", "fulfilled"]);
    assertTrue(/translated: UNIQUE/.test(String((outcomes[1] as PromiseRejectedResult).reason)));
    assertEquals(numbers(connection), [1, 3]);
  }));

Deno.test("with a full disk the writes that fit are kept, and it goes on when there is room", () =>
  withGroup(async (group, connection) => {
    const [{ page_count }] = connection.pragma("page_count") as [{ page_count: number }];
    connection.pragma(`max_page_count = ${page_count + 4}`);
    const outcomes = await Promise.allSettled([
      group.write(() => add(connection, 1)),
      group.write(() => add(connection, 2, 1_000_000)),
      group.write(() => add(connection, 3)),
    ]);
    assertEquals(outcomes.map(({ status }) => status), ["fulfilled", "rejected", "fulfilled"]);
    connection.pragma("max_page_count = 1000000");
    await group.write(() => add(connection, 4, 1_000_000));
    assertEquals(numbers(connection), [1, 3, 4]);
  }));

Deno.test("writes keep their order, also those asked for while a transaction commits", () =>
  withGroup(async (group, connection) => {
    const order: number[] = [];
    const write = (number: number): Promise<number> => {
      return group.write(() => add(connection, number)).then((value) => order.push(value));
    };
    await Promise.all([write(1).then(() => write(4)), write(2), write(3)]);
    assertEquals(order, [1, 2, 3, 4]);
  }));

Deno.test("a transaction that has lasted long enough is committed, the rest comes after it", () =>
  withGroup(async (group, connection, log) => {
    const busy = (number: number) => (): number => {
      const end = performance.now() + 5;
      while (performance.now() < end);
      return add(connection, number);
    };
    await Promise.all([1, 2, 3].map((number) => group.write(busy(number))));
    assertEquals(log.filter((entry) => entry === "begin").length, 3);
    assertEquals(numbers(connection), [1, 2, 3]);
  }, 1));

Deno.test("closing commits what waits and refuses what comes after", () =>
  withGroup(async (group, connection) => {
    const last = group.write(() => add(connection, 1));
    group.close();
    assertEquals(numbers(connection), [1]);
    assertEquals(await last, 1);
    await assertRejects(() => group.write(() => 2), /stopping/);
  }));
