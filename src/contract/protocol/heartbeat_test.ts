import fc from "fast-check";
import { assertEquals, assertTrue } from "../../lib/assert.ts";
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

/** Follows a heartbeat as its driver does: it steps when the step before said, or `late` after. */
Deno.test("however time passes, it speaks in time and gives up only a silent peer", () => {
  const turn = fc.record({
    late: fc.oneof(fc.constant(0), fc.nat(5), fc.nat(200)),
    /** When in the turn the peer was heard; not at all beyond 1. */
    heard: fc.double({ min: 0, max: 2, noNaN: true }),
  });
  fc.assert(
    fc.property(fc.array(turn, { maxLength: 60 }), (turns) => {
      const heartbeat = new Heartbeat(options, 0);
      let [now, next, heardAt, sentAt, graceEnd] = [0, options.interval, 0, 0, 0];
      for (const { late, heard } of turns) {
        const before = now;
        now += next + late;
        if (heard <= 1) {
          heardAt = Math.floor(before + (now - before) * heard);
          heartbeat.heard(heardAt);
        }
        const step = heartbeat.step(now);
        const silentFor = now - heardAt;
        if (step.kind === "peer-silent") {
          assertTrue(silentFor >= options.timeout, `given up after ${silentFor}`);
          return;
        }
        // A process that slept gives its peer one more interval, no more.
        if (late > options.interval) graceEnd = now + options.interval;
        assertTrue(silentFor < options.timeout || now < graceEnd, "a dead peer was kept");
        assertTrue(step.milliseconds > 0 && step.milliseconds <= options.interval);
        if (step.kind === "send") sentAt = now;
        assertTrue(now - sentAt < options.interval, "silent itself for too long");
        next = step.milliseconds;
      }
    }),
    { numRuns: 2_000 },
  );
});
