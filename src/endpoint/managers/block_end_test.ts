import { assertEquals } from "../../lib/assert.ts";
import type { ManagerHello } from "../../contract/protocol/manager_messages.ts";
import { blockTime, hasTimeFor } from "./block_end.ts";

const SECOND = 1_000;
const HOUR = 3_600 * SECOND;

function fits(
  hello: Pick<ManagerHello, "ends_in" | "open_for">,
  walltime: number | null,
  { blocks = HOUR, later = 0 }: { readonly blocks?: number | null; readonly later?: number } = {},
): boolean {
  return hasTimeFor(blockTime(hello as ManagerHello, blocks, 0)!, walltime, later);
}

Deno.test("a block that has just come takes a task that may take all of it", () => {
  const fresh = { ends_in: HOUR - 180 * SECOND };
  assertEquals(fits(fresh, HOUR), true);
  assertEquals(fits(fresh, HOUR, { later: 29 * SECOND }), true);
  assertEquals(fits(fresh, HOUR, { later: 31 * SECOND }), false);
  assertEquals(fits({ ...fresh, open_for: 20 * SECOND }, HOUR, { later: 9 * SECOND }), true);
  assertEquals(fits({ ...fresh, open_for: 20 * SECOND }, HOUR, { later: 11 * SECOND }), false);
  // Its agent was away for most of its time.
  assertEquals(fits({ ends_in: 0.4 * HOUR }, HOUR), false);
});

Deno.test("a task fits where it can end before the block's tasks are ended", () => {
  const old = { ends_in: 600 * SECOND, open_for: HOUR };
  assertEquals(fits(old, 594 * SECOND), true);
  assertEquals(fits(old, 595 * SECOND), false);
  assertEquals(fits(old, null), true);
  assertEquals(fits({ ends_in: HOUR }, 2 * HOUR, { blocks: null }), false);
  assertEquals(blockTime({} as ManagerHello, HOUR, 0), null);
});
