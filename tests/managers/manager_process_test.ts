/** The built program as the manager of a node. */
import { assertEquals, assertMatch, assertTrue } from "../../src/lib/assert.ts";
import { filesUnder } from "../../scripts/build/bundle.ts";
import { stdoutOf, valueOf } from "../../src/endpoint/executor/testing/harness.ts";
import {
  PoolStage,
  python,
  shell,
  typescript,
} from "../../src/endpoint/managers/testing/pool_stage.ts";
import { PYTHON } from "../helpers/python.ts";
import { processTest } from "../helpers/test_env.ts";

processTest(
  "it runs tasks for its agent, ends with it, and leaves nothing but its log",
  async (env) => {
    const stage = await PoolStage.start();
    const connection = stage.block();
    const node = `${env.root}/node`;
    Deno.mkdirSync(node);
    const manager = env.start(["manager", "--connection", connection], { env: { TMPDIR: node } });
    await stage.until(() => stage.pool.capacity() > 0);
    const [hello] = stage.pool.managers.map((each) => each.hello);
    assertTrue(hello!.node.cores > 0 && hello!.node.memory > 0);
    // Not in the sight of other users, who may list processes.
    const { token } = JSON.parse(Deno.readTextFileSync(connection));
    for (const file of ["cmdline", "environ"]) {
      assertTrue(!Deno.readTextFileSync(`/proc/${hello!.pid}/${file}`).includes(token));
    }
    const [ts, sh] = stage.run(
      { code: typescript("export default (a: number) => a + 1;"), args: [1] },
      { code: shell("echo here") },
    );
    assertEquals(valueOf(await stage.end(ts!)), 2);
    assertEquals(stdoutOf(await stage.end(sh!)), "here\n");
    if (PYTHON !== undefined) {
      const [py] = stage.run({ code: python("def f(a):\n    return a * 2\n"), args: [2] });
      assertEquals(valueOf(await stage.end(py!)), 4);
    }
    const logs = filesUnder(`${stage.folder}/blocks/block-1/logs`);
    assertEquals(logs.length, 1);
    assertEquals(Deno.statSync(logs[0]!).mode! & 0o777, 0o600);
    const log = Deno.readTextFileSync(logs[0]!);
    assertMatch(log, /attached to the agent/);
    assertTrue(!log.includes(token));
    await stage[Symbol.asyncDispose]();
    assertEquals((await manager.finished()).code, 0);
    assertEquals(filesUnder(node), []);
  },
);

processTest("what it cannot use is told in words", async (env) => {
  const missing = await env.fails(["manager", "--connection", "/nowhere/connection.json"], 65);
  assertMatch(missing.message, /\/nowhere\/connection\.json cannot be used/);
  const file = env.file("connection.json", '{"version": 1}');
  assertMatch((await env.fails(["manager", "--connection", file], 65)).message, /cannot be used/);
});
