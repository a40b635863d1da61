/** Tasks that take whole nodes, at managers that are processes of their own. */
import { assertEquals, assertMatch, assertTrue } from "../../lib/assert.ts";
import { resolveProvider } from "../../profile/provider_defaults.ts";
import { errorOf, isAlive, stdoutOf } from "../executor/testing/harness.ts";
import { type ManagerChild, PoolStage, shell } from "./testing/pool_stage.ts";

const NODES = 3;
const TWO = { resource_specification: { num_nodes: 2, launcher: "mpiexec" } };

/** A block of three nodes, each with a manager, which all are this machine. */
async function blockOf(stage: PoolStage): Promise<ManagerChild[]> {
  const connection = stage.block("block-1", 1);
  const children = Array.from({ length: NODES }, (_, index) => {
    const env = { SLURM_JOB_NODELIST: "n[0-2]", SLURMD_NODENAME: `n${index}` };
    return stage.manager(connection, [], env);
  });
  await stage.until(() => stage.pool.load().managers === NODES);
  return children;
}

function startStage(): Promise<PoolStage> {
  return PoolStage.start({
    executor: { provider: resolveProvider({ type: "slurm", nodesPerBlock: NODES }) },
  });
}

function fifoIn(stage: PoolStage): string {
  const path = `${stage.folder}/go`;
  assertTrue(new Deno.Command("mkfifo", { args: [path] }).outputSync().success);
  return path;
}

function write(fifo: string): void {
  using file = Deno.openSync(fifo, { write: true });
  file.writeSync(new TextEncoder().encode("go\n"));
}

Deno.test("a task has two nodes for itself, and the third one runs what else there is", async () => {
  await using stage = await startStage();
  await blockOf(stage);
  const fifo = fifoIn(stage);
  const [whole] = stage.run({ code: shell(`read l <${fifo}; echo $FUNCX_NODES`), options: TWO });
  await stage.begin(whole!);
  // Room is what the third node has, and no more.
  await stage.until(() => stage.pool.load().idle_workers === 1);
  assertEquals(stage.pool.capacity(), 1);
  assertEquals(stage.pool.managers.filter(({ hasWholeNodes }) => hasWholeNodes).length, 1);
  const tasks = stage.pool.nodes().map(({ slots }) => slots.map(({ task_id }) => task_id));
  assertEquals(tasks.map(([first]) => first).toSorted(), [null, whole!, whole!].toSorted());
  for (let index = 0; index < 5; index++) {
    const [small] = stage.run({ code: shell("echo here") });
    assertEquals(stdoutOf(await stage.end(small!)), "here\n");
  }
  assertTrue(stage.finished.every(({ taskId }) => taskId !== whole));
  write(fifo);
  assertMatch(stdoutOf(await stage.end(whole!)), /^n[012],n[012]\n$/);
  await stage.until(() => stage.pool.load().idle_workers === NODES);
});

Deno.test("a task of all nodes has its turn in a stream of small ones", async () => {
  await using stage = await startStage();
  await blockOf(stage);
  const code = shell("sleep 0.05; :");
  let isOver = false;
  const stream = (async () => {
    while (!isOver) {
      const room = stage.pool.capacity();
      if (room > 0) stage.run(...Array.from({ length: room }, () => ({ code })));
      await stage.until(() => isOver || stage.pool.capacity() > 0);
    }
  })();
  await stage.until(() => stage.finished.length > 5);
  const options = { resource_specification: { num_nodes: 3, ranks_per_node: 1 } };
  const [whole] = stage.run({ code: shell("echo $PARSL_NUM_NODES"), options });
  assertEquals(stdoutOf(await stage.end(whole!)), "3\n");
  const { length } = stage.finished;
  await stage.until(() => stage.finished.length > length + 5);
  isOver = true;
  await stream;
  await stage.until(() => stage.pool.load().outstanding_tasks === 0);
});

Deno.test("a node that is lost ends the task and its command, and the others are free", async () => {
  await using stage = await startStage();
  const children = await blockOf(stage);
  const [whole] = stage.run({ code: shell("echo $$ $FUNCX_NODES; sleep 1000; :"), options: TWO });
  stage.pool.follow(whole!, true);
  await stage.until(() => stage.output.length > 0);
  const text = new TextDecoder().decode(stage.output[0]!.data);
  const [pid, nodes] = text.trim().split(" ") as [string, string];
  const second = Number(nodes.split(",")[1]!.slice(1));
  children[second]!.kill("SIGKILL");
  const ended = await stage.end(whole!);
  assertEquals(ended.outcome.kind, "lost");
  assertMatch(errorOf(ended).message, /was lost while the task had its node/);
  assertTrue(!isAlive(Number(pid)), "its command is left");
  await stage.until(() => stage.pool.load().idle_workers === NODES - 1);
  const [again] = stage.run({ code: shell("echo $FUNCX_NODES"), options: TWO, attempt: 2 });
  assertMatch(stdoutOf(await stage.end(again!)), /^n[012],n[012]\n$/);
});

Deno.test("a task whose nodes are told to end, one after the other, is moved", async () => {
  await using stage = await startStage();
  const children = await blockOf(stage);
  const [whole] = stage.run({ code: shell("echo $FUNCX_NODES; sleep 1000; :"), options: TWO });
  stage.pool.follow(whole!, true);
  await stage.until(() => stage.output.length > 0);
  const nodes = new TextDecoder().decode(stage.output[0]!.data).trim().split(",");
  const second = Number(nodes[1]!.slice(1));
  children[second]!.kill("SIGTERM");
  const { outcome } = await stage.end(whole!);
  assertTrue(outcome.kind === "lost");
  assertMatch(outcome.error.message, /was lost while the task had its node/);
  assertMatch(outcome.planned!.reason, /^block block-1 was told to end/);
});

Deno.test("one that waits is cancelled or refused, one that runs leaves nothing", async () => {
  await using stage = await startStage();
  await blockOf(stage);
  const [whole] = stage.run({ code: shell("echo $$; sleep 1000; :"), options: TWO });
  const [waiting] = stage.run({ code: shell("true"), options: TWO });
  stage.pool.follow(whole!, true);
  await stage.begin(whole!);
  assertEquals(stage.pool.load().outstanding_tasks, 2);
  stage.pool.cancel([waiting!]);
  assertEquals((await stage.end(waiting!)).outcome.kind, "cancelled");
  const options = { resource_specification: { num_nodes: 4 } };
  const [refused] = stage.run({ code: shell("true"), options });
  assertMatch(errorOf(await stage.end(refused!)).message, /4 nodes, and a block .* has 3/);
  await stage.until(() => stage.output.length > 0);
  const pid = Number(new TextDecoder().decode(stage.output[0]!.data));
  stage.pool.cancel([whole!]);
  assertEquals((await stage.end(whole!)).outcome.kind, "cancelled");
  assertTrue(!isAlive(pid), "its command is left");
});
