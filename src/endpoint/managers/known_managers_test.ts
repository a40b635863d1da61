import { assertEquals } from "../../lib/assert.ts";
import { join } from "../../lib/path.ts";
import { KnownManagers } from "./known_managers.ts";

const [ONE, TWO] = ["1", "2"].map((managerId) => ({ managerId, blockId: "b", hostname: "n" }));

Deno.test("managers that have not gone are known to the next agent, also after half a line", () => {
  const folder = Deno.makeTempDirSync();
  const path = join(folder, "known.jsonl");
  {
    using known = new KnownManagers(path);
    assertEquals(known.earlier, []);
    known.came(ONE!);
    known.came(TWO!);
    known.went(ONE!);
  }
  Deno.writeTextFileSync(path, '{"managerId":"3","blo', { append: true });
  using next = new KnownManagers(path);
  assertEquals(next.earlier, [TWO!]);
  assertEquals(Deno.statSync(path).mode! & 0o777, 0o600);
  Deno.removeSync(folder, { recursive: true });
});
