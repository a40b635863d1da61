import { assertEquals, assertThrows } from "../../lib/assert.ts";
import { type Connection, openDatabase } from "../../lib/database.ts";
import { join } from "../../lib/path.ts";
import { migrate } from "./migrate.ts";
import { MIGRATIONS } from "./migrations/mod.ts";

async function withDatabase(test: (connection: Connection) => void): Promise<void> {
  const folder = await Deno.makeTempDir();
  const connection = openDatabase(join(folder, "test.db"));
  try {
    test(connection);
  } finally {
    connection.close();
    await Deno.remove(folder, { recursive: true });
  }
}

function applied(connection: Connection): unknown[] {
  const rows = connection.prepare("SELECT number, name FROM migrations ORDER BY number").all([]);
  return (rows as { number: number; name: string }[]).map(({ number, name }) => [number, name]);
}

const SECOND = { number: 2, name: "second", sql: "CREATE TABLE extra (x INTEGER)" };

Deno.test("migrations are numbered from 1 without gaps", () => {
  assertEquals(MIGRATIONS.map(({ number }) => number), MIGRATIONS.map((_, index) => index + 1));
});

Deno.test("an empty database gets all of them, a second run changes nothing", () =>
  withDatabase((connection) => {
    migrate(connection);
    migrate(connection);
    assertEquals(applied(connection), MIGRATIONS.map(({ number, name }) => [number, name]));
  }));

Deno.test("only what is missing is applied", () =>
  withDatabase((connection) => {
    const [first] = MIGRATIONS;
    migrate(connection, [first!]);
    connection.prepare("INSERT INTO users (user) VALUES (?)").run(["ada"]);
    migrate(connection, [first!, SECOND]);
    assertEquals(applied(connection).at(-1), [2, "second"]);
    const [row] = connection.prepare("SELECT user FROM users").all([]) as { user: string }[];
    assertEquals(row?.user, "ada");
  }));

Deno.test("a failed migration leaves the form before it", () =>
  withDatabase((connection) => {
    const [first] = MIGRATIONS;
    const broken = {
      number: 2,
      name: "broken",
      sql: "CREATE TABLE ok (x); CREATE TABLE users (x)",
    };
    assertThrows(() => migrate(connection, [first!, broken]), /already exists/);
    assertEquals(applied(connection), [[1, "initial"]]);
    migrate(connection, [first!, { ...SECOND, sql: "CREATE TABLE ok (x)" }]);
  }));

Deno.test("the database of a newer program is refused and stays as it is", () =>
  withDatabase((connection) => {
    migrate(connection);
    connection.pragma("user_version = 99");
    assertThrows(() => migrate(connection), /version 99, this program knows up to/);
    assertEquals(connection.pragma("user_version"), [{ user_version: 99 }]);
  }));
