/** Tasks whose blocks end as planned: an agent, and managers that are the built program. */
import { assertEquals, assertMatch } from "../../src/lib/assert.ts";
import { join } from "../../src/lib/path.ts";
import {
  give,
  RestartStage,
  resultOf,
  untilRunning,
} from "../../src/endpoint/managers/testing/restart_stage.ts";
import { processTest, type TestEnv } from "../helpers/test_env.ts";

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
