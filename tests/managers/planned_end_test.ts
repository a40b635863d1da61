/** Tasks whose blocks end as planned: an agent, and managers that are the built program. */
import process from "node:process";
import { assertEquals, assertMatch } from "../../src/lib/assert.ts";
import { readIfPresent } from "../../src/lib/files.ts";
import { join } from "../../src/lib/path.ts";
import { isAlive } from "../../src/endpoint/executor/testing/harness.ts";
import {
  give,
  RestartStage,
  resultOf,
  untilRunning,
} from "../../src/endpoint/managers/testing/restart_stage.ts";
import { processTest, type TestEnv } from "../helpers/test_env.ts";
import { until } from "../helpers/until.ts";

/** A manager of the stage's block; the next one on its node ends what one that is killed has left. */
function manager(env: TestEnv, stage: RestartStage): ReturnType<TestEnv["start"]> {
  const node = join(env.root, "node");
  Deno.mkdirSync(node, { recursive: true });
  const args = ["manager", "--connection", stage.connection];
  return env.start(args, { env: { TMPDIR: node } });
}

processTest("a task of two attempts is moved twice, and has both of them still", async (env) => {
  await using stage = new RestartStage();
  stage.startAgent();
  const link = await stage.linkOf();
  const ran = join(stage.folder, "ran");
  give(link, `echo run >> ${ran}; [ $(wc -l < ${ran}) -gt 3 ] || sleep 1000; echo done`, 2);
  for (const [index, signal] of (["SIGTERM", "SIGUSR1"] as const).entries()) {
    const told = manager(env, stage);
    await untilRunning(link, index + 1);
    told.signal(signal);
    assertEquals((await told.finished()).code, 0);
  }
  // Nobody had planned this one: it costs the first of the two.
  const killed = manager(env, stage);
  await untilRunning(link, 3);
  killed.signal("SIGKILL");
  await killed.finished();
  await using _last = manager(env, stage);
  const result = await resultOf(link);
  assertEquals([result.state, result.attempt], ["success", 4]);
  const [first, second, third] = result.timeline.flatMap(({ detail }) => detail ?? []);
  for (const detail of [first, second]) {
    assertMatch(detail!, /^moved: block block-1 was told to end, as its scheduler does$/);
  }
  assertMatch(third!, /was lost with the task/);
});

/** Ends the command that wrote its process id there, and all that it has started. */
async function signalCommand(file: string): Promise<void> {
  const pid = Number(await until("the command's id", () => readIfPresent(file) || false));
  process.kill(-pid, "SIGTERM");
  await until("the command's end", () => !isAlive(pid));
}

processTest(
  "a scheduler that signals tasks before their managers costs them nothing",
  async (env) => {
    await using stage = new RestartStage();
    stage.startAgent();
    const link = await stage.linkOf();
    const file = join(stage.folder, "pid");
    const command = `if ! [ -e ${file} ]; then echo $$ > ${file}; sleep 1000; fi; echo done`;
    const cutOff = give(link, command);
    const told = manager(env, stage);
    await untilRunning(link);
    await signalCommand(file);
    // On the same worker: when it has ended, the manager knows of the other's end.
    const after = give(link, command);
    assertEquals((await resultOf(link)).task_id, after);
    told.signal("SIGTERM");
    assertEquals((await told.finished()).code, 0);
    await using _next = manager(env, stage);
    const result = await resultOf(link);
    assertEquals([result.task_id, result.state, result.attempt], [cutOff, "success", 2]);
    const [moved] = result.timeline.flatMap(({ detail }) => detail ?? []);
    assertMatch(moved!, /^moved: block block-1 was told to end, as its scheduler does$/);
  },
);

processTest("a command that a signal ends, and nothing else, has ended with it", async (env) => {
  await using stage = new RestartStage();
  stage.startAgent();
  const link = await stage.linkOf();
  const file = join(stage.folder, "pid");
  give(link, `echo $$ > ${file}; sleep 1000; echo done`, 2);
  await using _manager = manager(env, stage);
  await untilRunning(link);
  await signalCommand(file);
  const result = await resultOf(link);
  assertEquals([result.state, result.attempt], ["success", 1]);
  assertMatch(new TextDecoder().decode(result.result), /"returncode":-15,"stdout":""/);
});

processTest("a task of one attempt is not moved: it fails, and has run once", async (env) => {
  await using stage = new RestartStage();
  stage.startAgent();
  const link = await stage.linkOf();
  const ran = join(stage.folder, "ran");
  give(link, `echo run >> ${ran}; sleep 1000; :`, 1);
  const told = manager(env, stage);
  await untilRunning(link);
  told.signal("SIGTERM");
  const result = await resultOf(link);
  assertEquals([result.state, result.attempt], ["failed", 1]);
  assertMatch(result.error!.message, /\(block block-1\) ended with the task/);
  await told.finished();
  assertEquals(Deno.readTextFileSync(ran), "run\n");
});
