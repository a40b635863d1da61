import { assertEquals, assertThrows, assertTrue } from "../../lib/assert.ts";
import { MAX_DEPTH } from "../limits.ts";
import {
  decode,
  decodeEndpointMessage,
  decodeServiceMessage,
  encode,
  encodeMessage,
} from "./codec.ts";
import type { EndpointMessage } from "./messages.ts";

const ID = "1e999502-b434-49a2-a2e0-d925383d2dd4";

function nested(depth: number): unknown {
  let value: unknown = [];
  for (let level = 1; level < depth; level++) {
    value = level % 2 === 0 ? [1, value] : { a: "x", b: value };
  }
  return value;
}

Deno.test("a message comes back as it was", () => {
  const message: EndpointMessage = {
    type: "results",
    results: [{
      task_id: ID,
      attempt: 1,
      state: "success",
      result: new TextEncoder().encode("11\n3"),
      timeline: [{ state: "success", at: 1_700_000_000_000.5, by: "worker", attempt: 1 }],
    }],
  };
  const decoded = decodeEndpointMessage(encodeMessage(message));
  assertTrue(decoded.kind === "message" && decoded.message.type === "results");
  const result = decoded.message.results[0]!;
  assertEquals(new TextDecoder().decode(result.result), "11\n3");
  assertEquals(result.timeline, message.results[0]!.timeline);
});

Deno.test("an unknown field is ignored, an unknown type is a violation", () => {
  const known = decodeServiceMessage(encode({ type: "goodbye", reason: "bye", colour: "red" }));
  assertEquals(known, { kind: "message", message: { type: "goodbye", reason: "bye" } });
  assertEquals(decodeServiceMessage(encode({ type: "teleport" })).kind, "violation");
});

Deno.test("a frame cut at any byte is a violation, never an exception", () => {
  const frame = encode({ type: "task_ack", task_ids: [ID, ID] });
  for (let length = 0; length < frame.length; length++) {
    assertEquals(decodeEndpointMessage(frame.subarray(0, length)).kind, "violation");
  }
});

Deno.test("nesting is bounded before the decoder recurses", () => {
  assertEquals(decode(encode(nested(MAX_DEPTH))), nested(MAX_DEPTH));
  assertThrows(() => decode(encode(nested(MAX_DEPTH + 1))), /nests deeper/);
  assertThrows(() => decode(new Uint8Array(1_000_000).fill(0x91)), /nests deeper/);
});

Deno.test("flat containers of every length count as one level", () => {
  const wide = {
    list: Array.from(
      { length: 70_000 },
      (_, index) => [index, -index, index / 3, "é".repeat(40), null, true, new Uint8Array(3)],
    ),
  };
  assertEquals((decode(encode(wide)) as typeof wide).list.length, 70_000);
});
