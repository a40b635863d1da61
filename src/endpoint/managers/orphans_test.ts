import { newId } from "../../contract/ids.ts";
import type { ManagerHello } from "../../contract/protocol/manager_messages.ts";
import { assertEquals, assertMatch } from "../../lib/assert.ts";
import type { FinishedAttempt } from "../executor/executor.ts";
import { STOPPED } from "../executor/outcomes.ts";
import { errorOf } from "../executor/testing/harness.ts";
import { Orphans } from "./orphans.ts";
import type { ManagerIdentity } from "./remote_manager.ts";

const [ONE, TWO] = [newId(), newId()].map((managerId, index): ManagerIdentity => (
  { managerId, blockId: `block-${index}`, hostname: `node${index}` }
));

function helloOf(manager: ManagerIdentity, taskIds: readonly string[]): ManagerHello {
  return {
    type: "hello",
    protocol_version: 1,
    manager_id: manager.managerId,
    hostname: manager.hostname,
    pid: 1,
    software_version: "0.0.0",
    node: { cores: 1, memory: 1, accelerators: [] },
    workers: 1,
    runtimes: [],
    limit: 1,
    running: taskIds.slice(0, 1).map((task_id) => ({ task_id, attempt: 1 })),
    finished: taskIds.slice(1).map((task_id) => ({ task_id, attempt: 1 })),
  };
}

class Bench {
  readonly finished: FinishedAttempt[] = [];
  readonly forgotten: string[] = [];
  readonly orphans: Orphans;
  readonly taskIds = [newId(), newId(), newId()];

  constructor(managers: readonly ManagerIdentity[], timeout = 3_600_000) {
    this.orphans = new Orphans({
      managers,
      timeout,
      finished: (attempts) => this.finished.push(...attempts),
      forgotten: ({ managerId }) => this.forgotten.push(managerId),
    });
    this.orphans.adopt(this.taskIds.map((taskId) => ({ taskId, attempt: 1 })));
  }
}

Deno.test("each manager gets what it holds; what none holds is lost when all have come", async () => {
  const bench = new Bench([ONE!, TWO!]);
  const [first, second, third] = bench.taskIds;
  assertEquals(bench.orphans.claim(helloOf(ONE!, [first!, newId()])), [
    { taskId: first, attempt: 1 },
  ]);
  await Promise.resolve();
  assertEquals([bench.finished, bench.orphans.size], [[], 2]);
  assertEquals(bench.orphans.claim(helloOf(TWO!, [newId(), second!])).length, 1);
  await Promise.resolve();
  assertEquals(bench.finished.map(({ taskId }) => taskId), [third]);
  assertEquals(bench.orphans.isWaiting, false);
});

Deno.test("a block that has ended is not waited for, and is named", () => {
  const bench = new Bench([ONE!]);
  bench.orphans.blockEnded("block-1");
  assertEquals(bench.finished, []);
  bench.orphans.blockEnded("block-0");
  assertEquals(bench.finished.length, 3);
  assertMatch(
    errorOf(bench.finished[0]!).message,
    /not back: manager .* on node node0 \(block block-0\)/,
  );
  assertEquals(bench.forgotten, [ONE!.managerId]);
});

Deno.test("without managers of an earlier agent, what had begun is lost at once", () => {
  assertEquals(new Bench([]).finished.length, 3);
});

Deno.test("what was cancelled or followed meanwhile is told to the manager that has it", () => {
  const bench = new Bench([ONE!]);
  const [first, second] = bench.taskIds;
  bench.orphans.cancel([first!, newId()]);
  bench.orphans.follow(second!, true);
  const claimed = bench.orphans.claim(helloOf(ONE!, [first!, second!]));
  assertEquals(bench.orphans.cancelledOf(claimed), [first]);
  assertEquals(bench.orphans.followedOf(claimed), [second]);
  bench.orphans.close(STOPPED);
  assertEquals(bench.finished.map(({ taskId }) => taskId), [bench.taskIds[2]]);
});
