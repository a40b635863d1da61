import { assertEquals, assertTrue } from "../../../lib/assert.ts";
import { contentFrames, FRAME, FrameReader, readContentHeader, writeFrame } from "./frames.ts";
import { readMethod, writeMethod } from "./methods.ts";
import { AmqpError } from "./replies.ts";

function replyOf(run: () => unknown): string {
  try {
    run();
  } catch (thrown) {
    if (thrown instanceof AmqpError) return thrown.reply;
    throw thrown;
  }
  return "nothing was thrown";
}

Deno.test("frames come out of any pieces of their bytes", () => {
  const payload = Uint8Array.from([0xce, 0, 1]);
  const bytes = [
    ...writeFrame(FRAME.method, 7, payload),
    ...writeFrame(FRAME.heartbeat, 0, new Uint8Array()),
  ];
  for (let size = 1; size <= bytes.length; size++) {
    const reader = new FrameReader(100);
    const found = [];
    for (let start = 0; start < bytes.length; start += size) {
      reader.push(Uint8Array.from(bytes.slice(start, start + size)));
      for (let frame = reader.next(); frame !== undefined; frame = reader.next()) {
        found.push([frame.type, frame.channel, ...frame.payload]);
      }
    }
    assertEquals(found, [[FRAME.method, 7, 0xce, 0, 1], [FRAME.heartbeat, 0]]);
  }
});

Deno.test("a frame that is too large is refused by its head, one without an end mark whole", () => {
  const reader = new FrameReader(100);
  reader.push(writeFrame(FRAME.body, 1, new Uint8Array(93)).subarray(0, 7));
  assertEquals(replyOf(() => reader.next()), "FRAME_ERROR");
  const unmarked = new FrameReader(100);
  unmarked.push(writeFrame(FRAME.body, 1, new Uint8Array(5)).fill(0, -1));
  assertEquals(replyOf(() => unmarked.next()), "FRAME_ERROR");
});

Deno.test("a message goes in frames that the peer takes, and its head says what it is", () => {
  const body = crypto.getRandomValues(new Uint8Array(10_000));
  const message = {
    body,
    contentType: "application/json",
    headers: { task_uuid: "1", list: ["a", "b"] },
    timestamp: 1_764_000_000,
  };
  const reader = new FrameReader(4_096);
  for (const frame of contentFrames(3, message, 4_096)) {
    assertTrue(frame.length <= 4_096);
    reader.push(frame);
  }
  const head = readContentHeader(reader.next()!.payload);
  const { body: _, ...properties } = message;
  assertEquals(head, { size: 10_000, properties });
  const pieces: number[] = [];
  for (let frame = reader.next(); frame !== undefined; frame = reader.next()) {
    assertEquals([frame.type, frame.channel], [FRAME.body, 3]);
    pieces.push(...frame.payload);
  }
  assertEquals(Uint8Array.from(pieces), body);
});

Deno.test("an empty message has no body frame", () => {
  assertEquals(contentFrames(1, { body: new Uint8Array() }, 4_096).length, 1);
});

Deno.test("methods are read as they were written, with their bits", () => {
  const consume = {
    reserved1: 0,
    queue: "q",
    consumerTag: "tag",
    noLocal: false,
    noAck: true,
    exclusive: true,
    noWait: false,
    arguments: { "x-priority": "high" },
  };
  const bytes = writeMethod("basic.consume", consume);
  // Class 60, method 20, and the four bits in an octet after both names.
  assertEquals([...bytes.subarray(0, 13)], [
    0,
    60,
    0,
    20,
    0,
    0,
    1,
    0x71,
    3,
    0x74,
    0x61,
    0x67,
    0b0110,
  ]);
  assertEquals(readMethod(bytes), { name: "basic.consume", args: consume });
});

Deno.test("methods that are not spoken here, and damaged ones, are refused", () => {
  assertEquals(replyOf(() => readMethod(Uint8Array.from([0, 50, 0, 40]))), "NOT_IMPLEMENTED");
  const whole = writeMethod("basic.ack", { deliveryTag: 1, multiple: true });
  for (let length = 0; length < whole.length; length++) {
    assertEquals(replyOf(() => readMethod(whole.subarray(0, length))), "SYNTAX_ERROR");
  }
});
