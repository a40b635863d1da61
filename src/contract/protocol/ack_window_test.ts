import fc from "fast-check";
import { assertEquals, assertTrue } from "../../lib/assert.ts";
import { ReceiveWindow, SendWindow } from "./ack_window.ts";

const MAXIMUM_BYTES = 100;

/** What may be asked of a window, and what then has to hold of it. */
interface Model {
  readonly credits: number;
  /** In flight: id and bytes, oldest first. */
  readonly inFlight: Map<string, number>;
}
type Step = fc.Command<Model, SendWindow>;

function bytesOf(model: Model): number {
  return [...model.inFlight.values()].reduce((sum, bytes) => sum + bytes, 0);
}

/** What an acknowledgement, a send and a refusal each leave as it should be. */
function assertAccounts(model: Model, window: SendWindow): void {
  const bytes = bytesOf(model);
  assertTrue(model.inFlight.size <= model.credits, "more in flight than was granted");
  assertTrue(bytes <= MAXIMUM_BYTES || model.inFlight.size === 1, "more bytes than fit");
  assertEquals(window.unacknowledged(), [...model.inFlight.keys()]);
  assertEquals(window.size, model.inFlight.size);
  assertEquals(window.roomBytes, MAXIMUM_BYTES - bytes);
  assertEquals(
    window.room,
    bytes >= MAXIMUM_BYTES ? 0 : model.credits - model.inFlight.size,
  );
}

class Send implements Step {
  constructor(readonly id: string, readonly bytes: number) {}
  check = (): boolean => true;
  toString = (): string => `send(${this.id}, ${this.bytes})`;

  run(model: Model, window: SendWindow): void {
    const { id, bytes } = this;
    const total = bytesOf(model);
    const fits = model.inFlight.size === 0 || total + bytes <= MAXIMUM_BYTES;
    const expected = total < MAXIMUM_BYTES && fits && model.inFlight.size < model.credits &&
      !model.inFlight.has(id);
    assertEquals(window.trySend(id, bytes), expected);
    if (expected) model.inFlight.set(id, bytes);
    assertTrue(!expected || window.has(id));
    assertAccounts(model, window);
  }
}

/** Of ids in flight, twice the same, acknowledged before, or of somebody else. */
class Acknowledge implements Step {
  constructor(readonly ids: readonly string[]) {}
  check = (): boolean => true;
  toString = (): string => `acknowledge(${this.ids})`;

  run(model: Model, window: SendWindow): void {
    const expected = this.ids.filter((id, index) =>
      model.inFlight.has(id) && this.ids.indexOf(id) === index
    );
    assertEquals(window.acknowledged(this.ids), expected);
    for (const id of expected) model.inFlight.delete(id);
    assertAccounts(model, window);
  }
}

const id = fc.constantFrom(..."abcdefgh");
const steps = fc.commands([
  fc.tuple(id, fc.nat(60)).map(([id, bytes]) => new Send(id, bytes)),
  fc.tuple(id, fc.constantFrom(0, 99, 100, 101, 1_000)).map(([id, bytes]) => new Send(id, bytes)),
  fc.array(fc.oneof(id, fc.constant("foreign")), { maxLength: 4 }).map((ids) =>
    new Acknowledge(ids)
  ),
], { maxCommands: 60 });

Deno.test("any order of sends and acknowledgements keeps a sender within its account", () => {
  fc.assert(
    fc.property(steps, fc.integer({ min: 0, max: 5 }), (commands, credits) => {
      fc.modelRun(
        () => ({
          model: { credits, inFlight: new Map() },
          real: new SendWindow(credits, MAXIMUM_BYTES),
        }),
        commands,
      );
    }),
    { numRuns: 500 },
  );
});

/** A link that may break at any moment; the receiver acknowledges some, late, and repeats itself. */
Deno.test("whatever is acknowledged when, a sender never breaks the receiver's account", () => {
  const event = fc.oneof(
    fc.record({ kind: fc.constant("send" as const), count: fc.integer({ min: 1, max: 4 }) }),
    fc.record({ kind: fc.constant("ack" as const), count: fc.integer({ min: 1, max: 4 }) }),
    fc.record({ kind: fc.constant("break" as const), count: fc.constant(0) }),
  );
  fc.assert(fc.property(fc.array(event), fc.integer({ min: 1, max: 6 }), (events, credits) => {
    const waiting = Array.from({ length: 40 }, (_, index) => `${index}`);
    const stored = new Set<string>();
    let [sender, receiver] = [new SendWindow(credits), new ReceiveWindow(credits)];
    let unacknowledged: string[] = [];
    for (const { kind, count } of events) {
      if (kind === "break") {
        // What was not acknowledged goes again, first.
        waiting.unshift(...sender.unacknowledged());
        [sender, receiver] = [new SendWindow(credits), new ReceiveWindow(credits)];
        unacknowledged = [];
      } else if (kind === "send") {
        const sent = waiting.slice(0, count).filter((id) => sender.trySend(id, 1));
        waiting.splice(0, sent.length);
        assertTrue(receiver.received(sent.length), "a violation without a fault");
        for (const id of sent) stored.add(id);
        unacknowledged.push(...sent);
      } else {
        const ids = unacknowledged.splice(0, count);
        receiver.acknowledge(ids.length);
        assertEquals(sender.acknowledged([...ids, ...ids]), ids);
      }
      assertEquals(receiver.size, sender.size);
    }
    const known = [...waiting, ...sender.unacknowledged(), ...stored];
    assertEquals(new Set(known).size, 40);
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
