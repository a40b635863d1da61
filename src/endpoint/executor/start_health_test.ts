import { assertEquals } from "../../lib/assert.ts";
import { WORKER_START_COOLDOWN } from "../../contract/limits.ts";
import { manageError } from "./assignment.ts";
import { StartHealth } from "./start_health.ts";

const ERROR = manageError("CouldNotExecuteUserTaskError", "does not start", "mend it");

Deno.test("starts that fail are retried with growing delays, then tasks fail for a while", () => {
  let now = 0;
  const health = new StartHealth(() => now);
  assertEquals([health.error, health.startsAllowed], [null, Infinity]);
  assertEquals(health.failed(ERROR), 200);
  assertEquals([health.error, health.startsAllowed], [null, 0]);
  now += 200;
  assertEquals(health.startsAllowed, 1);
  assertEquals(health.failed(ERROR), 400);
  now += 400;
  assertEquals(health.failed(ERROR), null);
  assertEquals([health.error, health.startsAllowed], [ERROR, 0]);
  // After the pause one start is tried; if that fails too, tasks fail at once again.
  now += WORKER_START_COOLDOWN;
  assertEquals([health.error, health.startsAllowed], [null, 1]);
  assertEquals(health.failed(ERROR), null);
  assertEquals(health.error, ERROR);
});

Deno.test("a start that succeeds makes it healthy", () => {
  const health = new StartHealth(() => 0);
  health.failed(ERROR);
  health.started();
  assertEquals([health.error, health.startsAllowed], [null, Infinity]);
  assertEquals(health.failed(ERROR), 200);
});
