import { assertEquals, assertTrue } from "./assert.ts";
import { DiskRoom, freeBytes } from "./free_space.ts";

Deno.test("the room of a real disk, and none known of a path that is not there", () => {
  assertTrue(freeBytes("/")! > 0);
  assertEquals(freeBytes("/nowhere/at/all"), undefined);
});

Deno.test("the reserve stays free, and small writes do not ask again", () => {
  let free: number | undefined = 1_000;
  let asked = 0;
  const room = new DiskRoom("/", 200, () => {
    asked += 1;
    return free;
  });
  assertTrue(room.takes(100) && room.takes(100) && room.takes(100));
  assertEquals(asked, 1);
  free = 300;
  assertTrue(!room.takes(200));
  assertEquals(asked, 2);
  assertTrue(room.takes(10));
  free = undefined;
  assertTrue(room.takes(1e12));
});
