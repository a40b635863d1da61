import { assertEquals, assertThrows } from "../lib/assert.ts";
import { decodeGlobusMessage, encodeGlobusMessage } from "./globus_messages.ts";
import { newId } from "./ids.ts";

function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

Deno.test("a message of Globus Compute is read as it was written", () => {
  const message = {
    type: "result",
    data: { task_id: newId(), data: '11\n["é"]', error_details: null },
  } as const;
  const bytes = encodeGlobusMessage(message);
  assertEquals(bytes[0], 1);
  assertEquals(decodeGlobusMessage(bytes), message);
});

Deno.test("what is no message of Globus Compute is refused with the reason", () => {
  assertThrows(() => decodeGlobusMessage(bytesOf("")), /version 1, found nothing/);
  assertThrows(() => decodeGlobusMessage(bytesOf("\x02{}")), /version 1, found 2/);
  assertThrows(() => decodeGlobusMessage(bytesOf("\x01{")), /no type/);
  const message = (type: string): Uint8Array =>
    bytesOf(`\x01{"message_type":"${type}","data":{"task_id":1}}`);
  assertThrows(() => decodeGlobusMessage(message("toString")), /not known/);
  assertThrows(() => decodeGlobusMessage(message("result")), /result: task_id/);
});
