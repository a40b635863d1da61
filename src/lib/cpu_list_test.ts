import { assertEquals } from "./assert.ts";
import { isCpuList, readCpuList } from "./cpu_list.ts";

Deno.test("a list of processors has numbers and ranges", () => {
  for (const text of ["0", "0-3", "0-3,8", "8,0-3,64-67"]) assertEquals(isCpuList(text), true);
  for (const text of ["", "a", "0-", "-1", "0,,1", "0 1", "0-3-5"]) {
    assertEquals(isCpuList(text), false);
  }
  assertEquals(readCpuList("8,0-3\n"), [8, 0, 1, 2, 3]);
  assertEquals(readCpuList("\n"), []);
  assertEquals(readCpuList("3-1"), []);
});
