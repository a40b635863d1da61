import { decodeServiceMessage } from "../../contract/protocol/codec.ts";
import { heartbeatOptions } from "../../contract/protocol/heartbeat.ts";
import { assertEquals, assertTrue } from "../../lib/assert.ts";
import { Heartbeats } from "./heartbeats.ts";

Deno.test("a session that is heard goes on, a silent one is given up once, one that ended is left alone", async () => {
  const heartbeats = new Heartbeats(heartbeatOptions(100), () => 1_234);
  const { promise: gone, resolve } = Promise.withResolvers<number>();
  const enough = Promise.withResolvers<void>();
  const counts = { heard: 0, silent: 0, given_up: 0 };
  const heard = heartbeats.start({
    send: (frame) => {
      const decoded = decodeServiceMessage(frame);
      assertTrue(decoded.kind === "message");
      assertEquals(decoded.message, { type: "heartbeat", at: 1_234 });
      heard.heard();
      if (++counts.heard === 8) enough.resolve();
    },
    silent: () => enough.reject(new Error("it was heard")),
  });
  heartbeats.start({
    send: () => void counts.silent++,
    silent: (milliseconds) => {
      counts.given_up++;
      resolve(milliseconds);
    },
  });
  const ended = heartbeats.start({
    send: () => enough.reject(new Error("it ended")),
    silent: () => enough.reject(new Error("it ended")),
  });
  ended.stop();
  assertTrue(await gone >= 300);
  await enough.promise;
  heard.stop();
  assertEquals(counts.given_up, 1);
  assertTrue(counts.silent >= 1);
});
