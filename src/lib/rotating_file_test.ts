import { assertEquals, assertThrows } from "./assert.ts";
import { RotatingFile } from "./rotating_file.ts";

Deno.test("a full file is moved aside, the oldest goes, and it goes on where it stopped", async () => {
  const folder = await Deno.makeTempDir();
  const path = `${folder}/log`;
  const options = { maximumBytes: 4, maximumFiles: 3 };
  const write = (...words: string[]): void => {
    using file = new RotatingFile(path, options);
    for (const word of words) file.write(new TextEncoder().encode(word));
  };
  try {
    write("ab", "cd", "ef");
    write("g", "much too long", "hi");
    const content = (name: string): string => Deno.readTextFileSync(`${folder}/${name}`);
    assertEquals([...Deno.readDirSync(folder)].map(({ name }) => name).sort(), [
      "log",
      "log.1",
      "log.2",
    ]);
    assertEquals(["log", "log.1", "log.2"].map(content), ["hi", "much too long", "efg"]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("when no new file can be made, all files stay as they are", async () => {
  const folder = await Deno.makeTempDir();
  const path = `${folder}/log`;
  const write = (file: RotatingFile, word: string): void =>
    file.write(new TextEncoder().encode(word));
  try {
    using file = new RotatingFile(path, { maximumBytes: 4, maximumFiles: 3 });
    for (const word of ["one", "two"]) write(file, word);
    Deno.mkdirSync(`${path}.new`);
    for (let attempt = 0; attempt < 4; attempt++) {
      assertThrows(() => write(file, "three"), /os error/);
    }
    assertEquals(["log", "log.1"].map((name) => Deno.readTextFileSync(`${folder}/${name}`)), [
      "two",
      "one",
    ]);
    Deno.removeSync(`${path}.new`);
    write(file, "four");
    assertEquals(Deno.readTextFileSync(path), "four");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
