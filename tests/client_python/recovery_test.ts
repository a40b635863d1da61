/** What becomes of the tasks of a program with `funcx.py` when something breaks. */
import { assertEquals } from "../../src/lib/assert.ts";
import { PATH_WITH_PYTHON, PYTHON } from "../helpers/python.ts";
import { Running } from "../helpers/running.ts";
import { processTest } from "../helpers/test_env.ts";
import { pythons, startWithClient, TEST_FOLDER } from "./pythons.ts";

processTest("funcx.py loses nothing, and says what failed", async (env) => {
  await startWithClient(env);
  // The oldest and the newest differ most in how threads and programs end.
  for (const python of new Set([pythons()[0]!, pythons().at(-1)!])) {
    await using running = new Running([python, `${TEST_FOLDER}/recovery.py`], {
      env: { ...env.environment, PYTHONPATH: env.home, PYTHONDONTWRITEBYTECODE: "1" },
      clearEnv: true,
      cwd: env.home,
    });
    await running.untilPrinted(/^kill$/m);
    const { pid } = await env.json<{ pid: number }>(["service", "status"]);
    Deno.kill(pid, "SIGKILL");
    await env.ok(["service", "start"]);
    const { code, stdout, stderr } = await running.finished(120_000);
    assertEquals({ python, code, stdout, stderr: code === 0 ? "" : stderr }, {
      python,
      code: 0,
      stdout: "kill\nfine\n",
      stderr: "",
    });
  }
}, { ignore: PYTHON === undefined, path: PATH_WITH_PYTHON });
