/** What a connection answers, by the rules of AMQP 0-9-1, whose sections are named. */
import { assertEquals, assertTrue } from "../../../lib/assert.ts";
import { withTimeout } from "../../../lib/async.ts";
import { MAX_AMQP_CHANNELS } from "../../../contract/limits.ts";
import { FRAME, writeFrame } from "./frames.ts";
import { HELLO, TestPeer } from "./testing/test_peer.ts";

const CLOSE = { replyCode: 200, replyText: "", classId: 0, methodId: 0 };

Deno.test("another protocol, or version, is answered with the one that is spoken (4.2.2)", async () => {
  for (const hello of ["GET / HTTP/1.1\r\n", "AMQP\x00\x01\x00\x00", "AMQP\x01\x01\x00\x0a"]) {
    const peer = new TestPeer();
    await peer.say(new TextEncoder().encode(hello));
    assertTrue(peer.isClosed, hello);
  }
});

Deno.test("a handshake goes in its order and no other", async () => {
  const peer = new TestPeer();
  for (const byte of HELLO) await peer.say(Uint8Array.of(byte));
  assertEquals(peer.heard(), ["connection.start"]);
  await peer.login();
  assertEquals(peer.heard(), ["connection.tune"]);
  await peer.method(0, "connection.tune-ok", { channelMax: 9, frameMax: 4_096, heartbeat: 0 });
  await peer.method(0, "connection.open", { vhost: "/", reserved1: "", reserved2: false });
  assertEquals(peer.heard(), ["connection.open-ok"]);
  // Once more is wrong.
  await peer.login();
  await peer.expectClosing(503);

  const early = new TestPeer();
  await early.say(HELLO);
  await early.method(0, "connection.open", { vhost: "/", reserved1: "", reserved2: false });
  assertEquals(early.heard(), ["connection.start", "connection.close 503"]);
  early.connection.end();

  const hasty = new TestPeer();
  await hasty.say(HELLO);
  await hasty.method(1, "channel.open", { reserved1: "" });
  assertEquals(hasty.heard(), ["connection.start", "connection.close 504"]);
  hasty.connection.end();
});

Deno.test("what was not offered ends the connection without a word", async () => {
  for (const more of [{ frameMax: 131_073 }, { channelMax: MAX_AMQP_CHANNELS + 1 }]) {
    const peer = new TestPeer();
    await peer.say(HELLO);
    await peer.login();
    peer.heard();
    await peer.method(0, "connection.tune-ok", {
      channelMax: 0,
      frameMax: 0,
      heartbeat: 0,
      ...more,
    });
    peer.expectCut();
  }
  const peer = new TestPeer();
  await peer.say(HELLO);
  peer.heard();
  await peer.login("EXTERNAL");
  peer.expectCut();
});

Deno.test("another virtual host is an invalid path", async () => {
  const peer = new TestPeer();
  await peer.say(HELLO);
  await peer.login();
  await peer.method(0, "connection.tune-ok", { channelMax: 0, frameMax: 0, heartbeat: 0 });
  peer.heard();
  await peer.method(0, "connection.open", { vhost: "other", reserved1: "", reserved2: false });
  await peer.expectClosing(402);
});

Deno.test("a frame larger than was agreed on is a frame error (4.2.3)", async () => {
  const stranger = new TestPeer();
  await stranger.say(HELLO);
  stranger.heard();
  // Before anything is agreed on, 4096 bytes are what all must take, and the most of a stranger.
  await stranger.frame(FRAME.method, 0, new Uint8Array(4_089));
  assertEquals(stranger.heard(), ["connection.close 501"]);
  stranger.connection.end();

  const peer = await TestPeer.open({ frameMax: 8_192 });
  await peer.publish("writable");
  await peer.head(20_000);
  await peer.frame(FRAME.body, 1, new Uint8Array(8_184));
  assertEquals(peer.heard(), []);
  await peer.frame(FRAME.body, 1, new Uint8Array(8_185));
  assertEquals(peer.heard(), ["connection.close 501"]);
  peer.connection.end();
});

Deno.test("a frame of unknown type, or without its end, is fatal (4.2.3)", async () => {
  const unknown = await TestPeer.open();
  await unknown.frame(4, 1, new Uint8Array(1));
  unknown.expectCut();
  const endless = await TestPeer.open();
  const frame = writeFrame(FRAME.heartbeat, 0, new Uint8Array());
  await endless.say(frame.fill(0, -1));
  endless.expectCut();
});

Deno.test("what belongs to channel 0 comes on no other, and content not there (4.2.3, 4.2.6)", async () => {
  const heartbeat = await TestPeer.open();
  await heartbeat.frame(FRAME.heartbeat, 1, new Uint8Array());
  await heartbeat.expectClosing(503);
  const method = await TestPeer.open();
  await method.method(1, "connection.close", CLOSE);
  await method.expectClosing(503);
  const ofChannel = await TestPeer.open();
  await ofChannel.method(0, "channel.open", { reserved1: "" });
  await ofChannel.expectClosing(503);
  for (const type of [FRAME.header, FRAME.body]) {
    const content = await TestPeer.open();
    await content.frame(type, 0, new Uint8Array(20));
    await content.expectClosing(504);
  }
});

Deno.test("methods that are not served, or end too early, close the connection", async () => {
  // queue.delete, basic.get, tx.select, and a class that nobody has.
  for (const [classId, methodId] of [[50, 40], [60, 70], [90, 10], [999, 1]] as const) {
    const peer = await TestPeer.open();
    await peer.frame(FRAME.method, 1, Uint8Array.of(classId >> 8, classId, 0, methodId));
    await peer.expectClosing(540);
  }
  const short = await TestPeer.open();
  await short.frame(FRAME.method, 1, Uint8Array.of(0, 60, 0));
  await short.expectClosing(502);
  const damaged = await TestPeer.open();
  await damaged.frame(FRAME.method, 1, Uint8Array.of(0, 60, 0, 20, 0, 0, 200));
  await damaged.expectClosing(502);
});

Deno.test("a channel has a number that is free and within what was agreed on", async () => {
  const closed = await TestPeer.open();
  await closed.consume({ channel: 2 });
  await closed.expectClosing(504);
  const twice = await TestPeer.open();
  await twice.method(1, "channel.open", { reserved1: "" });
  await twice.expectClosing(504);
  const agreed = await TestPeer.open({ channelMax: 2 });
  await agreed.method(2, "channel.open", { reserved1: "" });
  assertEquals(agreed.heard(), ["channel.open-ok"]);
  await agreed.method(3, "channel.open", { reserved1: "" });
  await agreed.expectClosing(530);
});

Deno.test("a peer that closes is answered, on a channel and on the connection", async () => {
  const peer = await TestPeer.open();
  await peer.consume();
  peer.heard();
  await peer.method(1, "channel.close", CLOSE);
  assertEquals([peer.heard(), peer.queues.get("readable")!.readers], [["channel.close-ok"], 0]);
  // The number is free again.
  await peer.method(1, "channel.open", { reserved1: "" });
  assertEquals(peer.heard(), ["channel.open-ok"]);
  await peer.method(0, "connection.close", CLOSE);
  assertEquals([peer.heard(), peer.isClosed], [["connection.close-ok"], true]);
});

Deno.test("a server that closes waits for the answer, and for a close that crosses its own", async () => {
  const stopped = await TestPeer.open();
  stopped.connection.close("the service stops");
  await stopped.expectClosing(320);
  const crossing = await TestPeer.open();
  crossing.connection.close("the service stops");
  await crossing.method(0, "connection.close", CLOSE);
  assertEquals([crossing.heard(), crossing.isClosed], [
    ["connection.close 320", "connection.close-ok"],
    true,
  ]);
  const silent = await TestPeer.open();
  silent.connection.close("the service stops");
  await silent.closed;
});

Deno.test("a peer that says nothing for two heartbeats is cut, and hears them until then", async () => {
  const peer = await TestPeer.open({ heartbeat: 3 });
  assertEquals(await withTimeout(peer.closed, 20_000), undefined);
  const heard = peer.heard();
  assertTrue(heard.length > 1 && heard.every((one) => one === "heartbeat"), String(heard));
});
