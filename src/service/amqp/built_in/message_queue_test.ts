import { assertEquals, assertRejects, assertThrows } from "../../../lib/assert.ts";
import { type Delivery, MessageQueue, type QueueReader } from "./message_queue.ts";

class Reader implements QueueReader {
  readonly got: Delivery[] = [];
  readonly exclusive: boolean;
  room: number;
  hasEnded = false;

  constructor({ room = Infinity, exclusive = false } = {}) {
    this.room = room;
    this.exclusive = exclusive;
  }

  get bodies(): number[] {
    return this.got.map(({ message }) => message.body[0]!);
  }

  canTake(): boolean {
    return this.got.length < this.room;
  }

  take(delivery: Delivery): void {
    this.got.push(delivery);
  }

  ended(): void {
    this.hasEnded = true;
  }
}

function publish(queue: MessageQueue, ...numbers: number[]): Promise<void>[] {
  return numbers.map((number) => {
    const published = queue.publish({ body: Uint8Array.from([number]) });
    published.catch(() => {});
    return published;
  });
}

Deno.test("a queue that nobody reads takes nothing, and says when somebody does", async () => {
  const queue = new MessageQueue("q");
  await assertRejects(() => publish(queue, 1)[0]!, /NotTakenError/);
  const wanted = queue.wanted(new AbortController().signal);
  queue.attach(new Reader());
  await wanted;
  const stopped = new AbortController();
  const never = new MessageQueue("other").wanted(stopped.signal);
  stopped.abort(new RangeError("over"));
  await assertRejects(() => never, /RangeError: over/);
});

Deno.test("readers take turns, each as much as it can, and the sender hears of each", async () => {
  const queue = new MessageQueue("q");
  const [one, other] = [new Reader({ room: 1 }), new Reader({ room: 2 })];
  queue.attach(one);
  queue.attach(other);
  const sent = publish(queue, 1, 2, 3, 4);
  assertEquals([one.bodies, other.bodies, queue.waiting], [[1], [2, 3], 1]);
  for (const delivery of [...one.got, ...other.got]) delivery.acknowledge();
  await Promise.all(sent.slice(0, 3));
  one.room = 2;
  queue.pump();
  assertEquals([one.bodies, queue.waiting], [[1, 4], 0]);
});

Deno.test("what a reader gives back comes first, in its order; the last one's is refused", async () => {
  const queue = new MessageQueue("q");
  const first = new Reader({ room: 2 });
  queue.attach(first);
  const sent = publish(queue, 1, 2, 3);
  const second = new Reader({ room: 0 });
  queue.attach(second);
  queue.detach(first, first.got);
  second.room = 3;
  queue.pump();
  assertEquals(second.bodies, [1, 2, 3]);
  assertEquals(second.got.map(({ count }) => count), [2, 2, 1]);
  second.got[1]!.acknowledge();
  await sent[1];
  queue.detach(second, [second.got[0]!, second.got[2]!]);
  await assertRejects(() => sent[0]!, /NotTakenError/);
  await assertRejects(() => sent[2]!, /NotTakenError/);
});

Deno.test("a message that is given back ten times goes to its sender again", async () => {
  const queue = new MessageQueue("q");
  const reader = new Reader({ room: 100 });
  queue.attach(reader);
  const [sent] = publish(queue, 1);
  for (let times = 1; times <= 10; times++) {
    assertEquals(reader.got.length, times);
    queue.giveBack([reader.got.at(-1)!]);
  }
  assertEquals(reader.got.length, 10);
  await assertRejects(() => sent!, /NotTakenError/);
});

Deno.test("who reads alone keeps others out, and nobody reads alone beside another", () => {
  const alone = new MessageQueue("q");
  alone.attach(new Reader({ exclusive: true }));
  assertThrows(() => alone.attach(new Reader()), /AmqpError: queue 'q' is in exclusive use/);
  const shared = new MessageQueue("q");
  shared.attach(new Reader());
  assertThrows(() => shared.attach(new Reader({ exclusive: true })), /in exclusive use/);
});

Deno.test("a queue that ends tells its readers, and refuses what waits", async () => {
  const queue = new MessageQueue("q");
  const reader = new Reader({ room: 0 });
  queue.attach(reader);
  const [sent] = publish(queue, 1);
  queue.end();
  assertEquals([reader.hasEnded, queue.readers, queue.waiting], [true, 0, 0]);
  await assertRejects(() => sent!, /NotTakenError/);
});

Deno.test("a queue says when nobody uses it any more", async () => {
  let times = 0;
  const queue = new MessageQueue("q", () => times++);
  const stopped = new AbortController();
  const wanted = queue.wanted(stopped.signal);
  const [first, second] = [new Reader(), new Reader()];
  queue.attach(first);
  await wanted;
  queue.attach(second);
  queue.detach(first);
  assertEquals([queue.isIdle, times], [false, 0]);
  const again = queue.wanted(stopped.signal);
  await again;
  queue.detach(second);
  assertEquals([queue.isIdle, times], [true, 1]);
});
