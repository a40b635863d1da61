import { assertEquals } from "./assert.ts";
import { follow, lastLines } from "./log_lines.ts";

async function withFolder(action: (path: string) => void | Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await action(`${folder}/agent.log`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("the last lines of a short, a long and an empty file", () =>
  withFolder((path) => {
    Deno.writeTextFileSync(path, "one\ntwo\nthree\n");
    assertEquals(lastLines(path, 2), { lines: ["two", "three"], end: 14 });
    assertEquals(lastLines(path, 10).lines, ["one", "two", "three"]);
    assertEquals(lastLines(path, 0), { lines: [], end: 14 });
    Deno.writeTextFileSync(path, "");
    assertEquals(lastLines(path, 10), { lines: [], end: 0 });
    const many = Array.from({ length: 50_000 }, (_, index) => `line ${index} é`);
    Deno.writeTextFileSync(path, many.join("\n") + "\n");
    assertEquals(lastLines(path, 20_000).lines, many.slice(-20_000));
    // 25 bytes are two lines and the end of another one.
    Deno.writeTextFileSync(path, "0123456789\n0123456789\n0123456789\n");
    assertEquals(lastLines(path, 3, 25).lines, ["0123456789", "0123456789"]);
    assertEquals(lastLines(path, 3, 33).lines.length, 3);
  }));

Deno.test("a line that is not finished is not shown", () =>
  withFolder((path) => {
    Deno.writeTextFileSync(path, "one\ntw");
    assertEquals(lastLines(path, 5), { lines: ["one"], end: 4 });
    Deno.writeTextFileSync(path, "tw");
    assertEquals(lastLines(path, 5), { lines: [], end: 0 });
  }));

Deno.test("following gives what is added, also after a rotation", () =>
  withFolder(async (path) => {
    Deno.writeTextFileSync(path, "one\ntwo\n");
    const controller = new AbortController();
    const lines = follow(path, 4, controller.signal);
    const next = async (): Promise<string | void> => (await lines.next()).value;
    assertEquals(await next(), "two");
    const third = next();
    Deno.writeTextFileSync(path, "thr", { append: true });
    Deno.writeTextFileSync(path, "ee\n", { append: true });
    assertEquals(await third, "three");
    const fourth = next();
    Deno.renameSync(path, `${path}.1`);
    Deno.writeTextFileSync(path, "four\n");
    assertEquals(await fourth, "four");
    const end = next();
    controller.abort();
    assertEquals(await end, undefined);
  }));
