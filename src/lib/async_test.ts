import { assertEquals } from "./assert.ts";
import { after, timeLimit } from "./async.ts";

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

Deno.test("a limit that a timer cannot hold does not end at once", () => {
  const real = AbortSignal.timeout;
  const limits: number[] = [];
  AbortSignal.timeout = (milliseconds) => {
    limits.push(milliseconds);
    return new AbortController().signal;
  };
  try {
    for (const milliseconds of [5, 2 ** 31, Infinity]) timeLimit(milliseconds);
    assertEquals(limits, [5, 2 ** 31 - 1, 2 ** 31 - 1]);
  } finally {
    AbortSignal.timeout = real;
  }
});
