import { assertEquals } from "../../lib/assert.ts";
import { Heartbeat, heartbeatOptions, startHeartbeat } from "./heartbeat.ts";

const options = { interval: 15, timeout: 45 };

Deno.test("the timeout is three intervals", () => {
  assertEquals(heartbeatOptions(), { interval: 15_000, timeout: 45_000 });
  assertEquals(heartbeatOptions(100), { interval: 100, timeout: 300 });
});

Deno.test("it sends every interval and gives a silent peer up after the timeout", () => {
  const heartbeat = new Heartbeat(options, 0);
  assertEquals(heartbeat.step(15), { kind: "send", milliseconds: 15 });
  assertEquals(heartbeat.step(30), { kind: "send", milliseconds: 15 });
  assertEquals(heartbeat.step(45), { kind: "peer-silent", silentFor: 45 });
});

Deno.test("whatever is heard counts", () => {
  const heartbeat = new Heartbeat(options, 0);
  heartbeat.step(15);
  heartbeat.heard(29);
  heartbeat.step(30);
  heartbeat.step(45);
  assertEquals(heartbeat.step(60), { kind: "send", milliseconds: 14 });
  assertEquals(heartbeat.step(74), { kind: "peer-silent", silentFor: 45 });
});

Deno.test("after this process slept, the peer gets one more interval", () => {
  const heartbeat = new Heartbeat(options, 0);
  assertEquals(heartbeat.step(1_000), { kind: "send", milliseconds: 15 });
  assertEquals(heartbeat.step(1_015), { kind: "peer-silent", silentFor: 45 });
});

Deno.test("the driver sends and then gives up, with nothing left running", async () => {
  const silent = Promise.withResolvers<number>();
  let sent = 0;
  startHeartbeat({
    interval: 5,
    timeout: 15,
    send: () => sent++,
    silent: silent.resolve,
  });
  const silentFor = await silent.promise;
  assertEquals(silentFor >= 15, true);
  assertEquals(sent >= 1, true);
});
