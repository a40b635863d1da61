import { REQUEST_OVERHEAD_BYTES } from "../../contract/limits.ts";
import { assertEquals, assertThrows } from "../../lib/assert.ts";
import { RequestRoom } from "./request_room.ts";

Deno.test("requests share the room, and give back all that they took", () => {
  const room = new RequestRoom(3 * REQUEST_OVERHEAD_BYTES);
  const first = room.open();
  first.take(REQUEST_OVERHEAD_BYTES);
  const second = room.open();
  assertThrows(() => second.take(1), /take the \d+ bytes/);
  assertThrows(() => room.open(), /had no effect/);
  first.release();
  first.release();
  second.take(1);
  second.release();
  assertEquals(room.taken, 0);
});
