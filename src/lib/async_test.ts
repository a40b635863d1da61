import { assertEquals } from "./assert.ts";
import { after } from "./async.ts";

Deno.test("what is due after more than a timer can hold is waited for in parts", () => {
  const real = globalThis.setTimeout;
  const waits: number[] = [];
  const parts: (() => void)[] = [];
  globalThis.setTimeout = ((action: () => void, milliseconds: number) => {
    parts.push(action);
    waits.push(milliseconds);
    return waits.length;
  }) as typeof setTimeout;
  try {
    let calls = 0;
    after(2 ** 32, () => calls += 1);
    for (let part = parts.shift(); part !== undefined; part = parts.shift()) {
      assertEquals(calls, 0);
      part();
    }
    assertEquals([calls, waits], [1, [2 ** 31 - 1, 2 ** 31 - 1, 2]]);
  } finally {
    globalThis.setTimeout = real;
  }
});
