/** What a channel answers, by the rules of AMQP 0-9-1. Soft errors end the channel and leave the rest. */
import { assertEquals } from "../../../lib/assert.ts";
import { deferred } from "../../../lib/async.ts";
import {
  MAX_AMQP_BACKLOG_BYTES,
  MAX_AMQP_CONSUMERS,
  MAX_AMQP_MESSAGE_BYTES,
} from "../../../contract/limits.ts";
import { FRAME } from "./frames.ts";
import { TestPeer } from "./testing/test_peer.ts";

type Settled = "waits" | "taken" | "refused";

/** Publishes texts to the peer's queue; what became of each. */
function publish(peer: TestPeer, ...texts: string[]): { readonly states: Settled[] } {
  const states: Settled[] = texts.map(() => "waits");
  for (const [index, text] of texts.entries()) {
    peer.queues.get("readable")!.publish({ body: new TextEncoder().encode(text) }).then(
      () => states[index] = "taken",
      () => states[index] = "refused",
    );
  }
  return { states };
}

async function ack(peer: TestPeer, deliveryTag: number, multiple = false): Promise<void> {
  await peer.method(1, "basic.ack", { deliveryTag, multiple });
}

/** Expects that channel 1 was closed with that code, and that another one serves. */
async function expectChannelClosed(peer: TestPeer, code: number): Promise<void> {
  assertEquals(peer.heard(), [`channel.close ${code}`]);
  // Whatever was on its way is not heard.
  await peer.consume({ consumerTag: "later" });
  assertEquals(peer.heard(), []);
  await peer.method(1, "channel.close-ok", {});
  await peer.method(1, "channel.open", { reserved1: "" });
  assertEquals([peer.heard(), peer.isClosed], [["channel.open-ok"], false]);
}

Deno.test("a reader gets what is published, and its sender hears when it was acknowledged", async () => {
  const peer = await TestPeer.open();
  await peer.consume();
  const sent = publish(peer, "one", "two", "three");
  assertEquals(peer.heard(), [
    "basic.consume-ok c",
    ...["basic.deliver 1", "header", "body one"],
    ...["basic.deliver 2", "header", "body two"],
    ...["basic.deliver 3", "header", "body three"],
  ]);
  await ack(peer, 2);
  assertEquals(sent.states, ["waits", "taken", "waits"]);
  await ack(peer, 3, true);
  assertEquals(sent.states, ["taken", "taken", "taken"]);
});

Deno.test("a tag that was not delivered, or is settled, is a failed precondition", async () => {
  for (
    const [deliveryTag, multiple] of [[7, false], [7, true], [0, false], [1, false]] as const
  ) {
    const peer = await TestPeer.open();
    await peer.consume();
    const sent = publish(peer, "one", "two");
    await ack(peer, 1);
    peer.heard();
    await ack(peer, deliveryTag, multiple);
    await expectChannelClosed(peer, 406);
    // What was not acknowledged went back; nobody reads it now.
    assertEquals(sent.states, ["taken", "refused"]);
  }
  const peer = await TestPeer.open();
  await peer.method(1, "basic.reject", { deliveryTag: 1, requeue: true });
  await expectChannelClosed(peer, 406);
  // All that was delivered may be nothing.
  await ack(peer, 0, true);
  assertEquals(peer.heard(), []);
});

Deno.test("a reader that is cancelled gets nothing more, and may acknowledge what it has", async () => {
  const peer = await TestPeer.open();
  await peer.consume();
  const sent = publish(peer, "one", "two");
  peer.heard();
  await peer.method(1, "basic.cancel", { consumerTag: "c", noWait: false });
  assertEquals(peer.heard(), ["basic.cancel-ok c"]);
  assertEquals(publish(peer, "three").states, ["waits"]);
  await ack(peer, 1);
  await peer.method(1, "channel.close", { replyCode: 200, replyText: "", classId: 0, methodId: 0 });
  assertEquals(peer.heard(), ["channel.close-ok"]);
  assertEquals(sent.states, ["taken", "refused"]);
});

Deno.test("a tag of a reader is used once, and readers are counted over all channels", async () => {
  const twice = await TestPeer.open();
  await twice.consume();
  twice.heard();
  await twice.consume();
  await twice.expectClosing(530);

  const many = await TestPeer.open();
  await many.method(2, "channel.open", { reserved1: "" });
  for (let n = 0; n < MAX_AMQP_CONSUMERS; n++) {
    await many.consume({ channel: 1 + n % 2, consumerTag: `${n}` });
  }
  await many.method(1, "basic.cancel", { consumerTag: "0", noWait: true });
  await many.consume({ consumerTag: "one more" });
  assertEquals(many.heard().at(-1), "basic.consume-ok one more");
  await many.consume({ channel: 2, consumerTag: "too many" });
  await many.expectClosing(506);
  assertEquals(many.queues.get("readable")!.readers, 0);
});

Deno.test("a queue that is read alone is refused to others", async () => {
  const peer = await TestPeer.open();
  await peer.consume({ exclusive: true });
  peer.heard();
  await peer.consume({ consumerTag: "other" });
  await expectChannelClosed(peer, 403);
});

Deno.test("a connection that ends while its queue is looked for leaves no reader there", async () => {
  const peer = await TestPeer.open();
  const found = deferred<void>();
  peer.prepared = () => found.promise;
  const consuming = peer.consume({ exclusive: true });
  peer.connection.close("the token is revoked");
  found.resolve();
  await consuming;
  await peer.expectClosing(320);
  assertEquals(peer.queues.get("readable")!.isIdle, true);
});

Deno.test("no reader gets at a queue that is not his, or is not there", async () => {
  for (const [queue, code] of [["writable", 403], ["readable.other", 404]] as const) {
    const peer = await TestPeer.open();
    await peer.consume({ queue });
    await expectChannelClosed(peer, code);
  }
});

Deno.test("a prefetch bounds what is not acknowledged; one by size is not served", async () => {
  const peer = await TestPeer.open();
  await peer.method(1, "basic.qos", { prefetchSize: 0, prefetchCount: 1, global: false });
  await peer.consume();
  publish(peer, "one", "two");
  const first = ["basic.qos-ok", "basic.consume-ok c", "basic.deliver 1", "header", "body one"];
  assertEquals(peer.heard(), first);
  await ack(peer, 1);
  assertEquals(peer.heard(), ["basic.deliver 2", "header", "body two"]);
  await peer.method(1, "basic.qos", { prefetchSize: 1, prefetchCount: 1, global: false });
  await peer.expectClosing(540);
});

Deno.test("a peer that does not read is sent no more messages until it has", async () => {
  const peer = await TestPeer.open();
  await peer.consume({ noAck: true });
  peer.heard();
  peer.backlog = MAX_AMQP_BACKLOG_BYTES;
  publish(peer, "one");
  assertEquals([peer.heard(), peer.queues.get("readable")!.waiting], [[], 1]);
  peer.backlog = 0;
  peer.connection.drained();
  assertEquals(peer.heard(), ["basic.deliver 1", "header", "body one"]);
  // Answers are not held back: a peer that takes none of them is cut.
  peer.backlog = 8 * MAX_AMQP_BACKLOG_BYTES + 1;
  await peer.method(1, "channel.flow", { active: true });
  peer.expectCut();
});

Deno.test("content comes after its method, whole, and of the right class (4.2.6)", async () => {
  const body = new Uint8Array(3);
  const bad: [code: number, say: (peer: TestPeer) => Promise<void>][] = [
    [505, (peer) => peer.head(3)],
    [505, (peer) => peer.frame(FRAME.body, 1, body)],
    [505, async (peer) => {
      await peer.publish("writable");
      await peer.frame(FRAME.body, 1, body);
    }],
    [505, async (peer) => {
      await peer.publish("writable");
      await peer.publish("writable");
    }],
    [505, async (peer) => {
      await peer.publish("writable");
      await peer.head(3);
      await peer.head(3);
    }],
    [505, async (peer) => {
      await peer.publish("writable");
      await peer.head(2);
      await peer.frame(FRAME.body, 1, body);
    }],
    [501, async (peer) => {
      await peer.publish("writable");
      await peer.head(3, { classId: 50 });
    }],
  ];
  for (const [code, say] of bad) {
    const peer = await TestPeer.open();
    await say(peer);
    await peer.expectClosing(code);
  }
});

Deno.test("a message goes where its sender may write, and is not too large", async () => {
  for (
    const [exchange, key, code] of [["other", "writable", 404], ["funcx", "readable", 403]] as const
  ) {
    const peer = await TestPeer.open();
    await peer.publish(key, { exchange });
    await expectChannelClosed(peer, code);
  }
  const large = await TestPeer.open();
  await large.publish("writable");
  await large.head(MAX_AMQP_MESSAGE_BYTES + 1);
  await expectChannelClosed(large, 311);
  const unread = await TestPeer.open();
  await unread.publish("writable", { mandatory: true });
  await unread.head(0);
  assertEquals(unread.heard(), ["basic.return 312", "header"]);
});

Deno.test("queues and exchanges are looked at, never made", async () => {
  const declare = async (peer: TestPeer, queue: string, passive: boolean): Promise<void> => {
    await peer.method(1, "queue.declare", {
      reserved1: 0,
      queue,
      passive,
      durable: true,
      exclusive: false,
      autoDelete: false,
      noWait: false,
      arguments: {},
    });
  };
  const peer = await TestPeer.open();
  await declare(peer, "readable", true);
  assertEquals(peer.heard(), ["queue.declare-ok"]);
  await declare(peer, "readable", false);
  await expectChannelClosed(peer, 403);
  await declare(peer, "readable.other", true);
  await expectChannelClosed(peer, 404);
});

Deno.test("what only a server says is not heard from a peer", async () => {
  const peer = await TestPeer.open();
  await peer.method(1, "channel.flow-ok", { active: true });
  await peer.expectClosing(503);
});
