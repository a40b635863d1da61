import fc from "fast-check";
import { assertEquals, assertTrue } from "../../lib/assert.ts";
import { ReceiveWindow, SendWindow } from "./ack_window.ts";

Deno.test("never more in flight than credits, and nothing twice", () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant("send" as const), id: fc.nat(20), bytes: fc.nat(50) }),
    fc.record({ kind: fc.constant("ack" as const), id: fc.nat(20), bytes: fc.nat(50) }),
  );
  fc.assert(fc.property(fc.array(step), fc.integer({ min: 0, max: 5 }), (steps, credits) => {
    const window = new SendWindow(credits, 100);
    const model = new Map<string, number>();
    for (const { kind, id, bytes } of steps) {
      if (kind === "send") {
        if (window.trySend(`${id}`, bytes)) {
          assertTrue(!model.has(`${id}`), "sent twice");
          model.set(`${id}`, bytes);
        }
      } else assertEquals(window.acknowledged([`${id}`]).length, model.delete(`${id}`) ? 1 : 0);
      const total = [...model.values()].reduce((sum, size) => sum + size, 0);
      assertTrue(model.size <= credits);
      assertTrue(total <= 100);
      assertEquals(window.unacknowledged(), [...model.keys()]);
      assertEquals(window.roomBytes, 100 - total);
    }
  }));
});

Deno.test("an item larger than the window goes alone", () => {
  const window = new SendWindow(10, 100);
  assertTrue(window.trySend("small", 1));
  assertTrue(!window.trySend("large", 500));
  window.acknowledged(["small"]);
  assertTrue(window.trySend("large", 500));
  assertEquals(window.room, 0);
  window.acknowledged(["large", "large", "never sent"]);
  assertEquals(window.room, 10);
});

Deno.test("a sender beyond its credits is noticed", () => {
  const window = new ReceiveWindow(3);
  assertTrue(window.received(3));
  window.acknowledge(1);
  assertTrue(window.received(1));
  assertTrue(!window.received(1));
});
