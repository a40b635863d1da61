/** What becomes of tasks at managers when the agent is killed and started again. */
import { assertEquals, assertMatch } from "../../lib/assert.ts";
import { join } from "../../lib/path.ts";
import { give, RestartStage, resultOf, untilRunning } from "./testing/restart_stage.ts";

Deno.test("a task at a manager outlives a kill of the agent, and runs once", async () => {
  await using stage = new RestartStage();
  const fifo = join(stage.folder, "go");
  new Deno.Command("mkfifo", { args: [fifo] }).outputSync();
  const first = stage.startAgent();
  const before = await stage.linkOf();
  stage.startManager();
  const ran = join(stage.folder, "ran");
  const taskId = give(before, `echo run >> ${ran}; read line < ${fifo}; echo $line`, 1);
  await untilRunning(before);
  first.kill("SIGKILL");
  await first.status;
  stage.startAgent();
  const after = await stage.linkOf();
  Deno.writeTextFileSync(fifo, "after\n");
  const result = await resultOf(after);
  assertEquals([result.task_id, result.state, result.attempt], [taskId, "success", 1]);
  assertEquals(Deno.readTextFileSync(ran), "run\n");
});

Deno.test("a task that ended while there was no agent is told to the next one", async () => {
  await using stage = new RestartStage();
  const first = stage.startAgent();
  const before = await stage.linkOf();
  stage.startManager();
  const [fifo, done] = [join(stage.folder, "go"), join(stage.folder, "done")];
  new Deno.Command("mkfifo", { args: [fifo, done] }).outputSync();
  give(before, `read line < ${fifo}; echo $line > ${done}; echo $line`, 1);
  await untilRunning(before);
  first.kill("SIGKILL");
  await first.status;
  Deno.writeTextFileSync(fifo, "meanwhile\n");
  assertEquals(Deno.readTextFileSync(done), "meanwhile\n");
  stage.startAgent();
  const result = await resultOf(await stage.linkOf());
  assertEquals(result.state, "success");
});

Deno.test("a task whose manager went with the agent is made again, and says so", async () => {
  await using stage = new RestartStage(3);
  const first = stage.startAgent();
  const before = await stage.linkOf();
  const manager = stage.startManager();
  const marker = join(stage.folder, "marker");
  give(before, `if [ -e ${marker} ]; then echo again; else touch ${marker}; sleep 1000; fi`);
  await untilRunning(before);
  first.kill("SIGKILL");
  manager.kill("SIGKILL");
  await first.status;
  stage.startAgent();
  const after = await stage.linkOf();
  stage.startManager();
  const result = await resultOf(after);
  assertEquals([result.state, result.attempt], ["success", 2]);
  const lost = result.timeline.find(({ detail }) => detail !== undefined);
  assertMatch(lost!.detail!, /not back: manager [0-9a-f]{8} on node .* \(block block-1\)/);
});

Deno.test("an agent that is stopped lets tasks at managers finish, and ends the managers", async () => {
  await using stage = new RestartStage();
  const fifo = join(stage.folder, "go");
  new Deno.Command("mkfifo", { args: [fifo] }).outputSync();
  const agent = stage.startAgent();
  const link = await stage.linkOf();
  const manager = stage.startManager();
  give(link, `read line < ${fifo}; echo $line`, 1);
  await untilRunning(link);
  agent.kill("SIGTERM");
  Deno.writeTextFileSync(fifo, "in time\n");
  assertEquals((await resultOf(link)).state, "success");
  assertEquals((await agent.status).code, 0);
  assertEquals((await manager.status).code, 0);
});

Deno.test("a manager without an agent ends when it has waited long enough", async () => {
  await using stage = new RestartStage(1);
  const agent = stage.startAgent();
  const link = await stage.linkOf();
  const manager = stage.startManager();
  give(link, "sleep 1000; :");
  await untilRunning(link);
  agent.kill("SIGKILL");
  const { code } = await manager.status;
  assertEquals(code, 69);
  assertEquals(
    [...Deno.readDirSync(join(stage.folder, "node"))].flatMap((
      { name },
    ) => [...Deno.readDirSync(join(stage.folder, "node", name))]),
    [],
  );
});

Deno.test("an agent that is started again knows how often a task was moved", async () => {
  await using stage = new RestartStage(3);
  const first = stage.startAgent();
  const before = await stage.linkOf();
  const ran = join(stage.folder, "ran");
  give(before, `echo run >> ${ran}; [ $(wc -l < ${ran}) -gt 2 ] || sleep 1000; echo done`);
  const ended = stage.startManager();
  await untilRunning(before, 1);
  ended.kill("SIGTERM");
  await ended.status;
  const second = stage.startManager();
  await untilRunning(before, 2);
  first.kill("SIGKILL");
  second.kill("SIGKILL");
  await first.status;
  stage.startAgent();
  const after = await stage.linkOf();
  stage.startManager();
  // Of its two attempts the first was moved, so the one that was lost is not the last.
  const result = await resultOf(after);
  assertEquals([result.state, result.attempt], ["success", 3]);
  const [moved, lost] = result.timeline.flatMap(({ detail }) => detail ?? []);
  assertMatch(moved!, /^moved: block block-1 was told to end/);
  assertMatch(lost!, /not back: manager [0-9a-f]{8} on node/);
});
