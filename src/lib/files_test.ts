import { assertEquals, assertThrows } from "./assert.ts";
import { ensurePrivateFolder, readIfPresent, removeUnfinished, writePrivateFile } from "./files.ts";
import { join } from "./path.ts";

function scratch(): { path: string } & Disposable {
  const path = Deno.makeTempDirSync();
  return { path, [Symbol.dispose]: () => Deno.removeSync(path, { recursive: true }) };
}

function modeOf(path: string): number {
  return Deno.statSync(path).mode! & 0o777;
}

Deno.test("a private folder is made, and an open one is closed", () => {
  using folder = scratch();
  const made = join(folder.path, "a", "b");
  ensurePrivateFolder(made);
  assertEquals(modeOf(made), 0o700);
  Deno.chmodSync(made, 0o755);
  ensurePrivateFolder(made);
  assertEquals(modeOf(made), 0o700);
});

Deno.test("a link of this user's to a folder of this user's is taken", () => {
  using folder = scratch();
  const target = join(folder.path, "scratch");
  Deno.mkdirSync(target, { mode: 0o755 });
  const link = join(folder.path, "link");
  Deno.symlinkSync(target, link);
  ensurePrivateFolder(link);
  assertEquals(modeOf(target), 0o700);
});

Deno.test("a folder of another user's is refused", () => {
  using folder = scratch();
  let foreign = "/usr";
  if (Deno.uid() === 0) {
    foreign = join(folder.path, "foreign");
    Deno.mkdirSync(foreign);
    Deno.chownSync(foreign, 65_534, 65_534);
  }
  assertThrows(() => ensurePrivateFolder(foreign), /belongs to user/);
});

Deno.test("a file that is written is private and whole, and leaves no temporary file", () => {
  using folder = scratch();
  const path = join(folder.path, "file");
  writePrivateFile(path, "one");
  writePrivateFile(path, "two");
  assertEquals(readIfPresent(path), "two");
  assertEquals(modeOf(path), 0o600);
  assertEquals([...Deno.readDirSync(folder.path)].map((entry) => entry.name), ["file"]);
  assertEquals(readIfPresent(join(folder.path, "none")), undefined);
});

Deno.test("what a killed writer has left of a file is removed, and nothing else", () => {
  using folder = scratch();
  const path = join(folder.path, "file");
  writePrivateFile(path, "one");
  const names = [
    "file",
    ".filed.x.tmp",
    `.file.${crypto.randomUUID()}.tmp`,
    ".other.x.tmp",
    "file.tmp",
  ];
  for (const name of names.slice(1)) Deno.writeTextFileSync(join(folder.path, name), "half");
  removeUnfinished(path);
  const left = [...Deno.readDirSync(folder.path)].map((entry) => entry.name).sort();
  assertEquals(left, [".other.x.tmp", "file", "file.tmp", ".filed.x.tmp"].sort());
});
