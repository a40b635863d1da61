/** `funcx.py` against a service and an endpoint, with every Python that is found. */
import { assertEquals } from "../../src/lib/assert.ts";
import { pythonOf } from "../../src/portal/run/snippets.ts";
import { PATH_WITH_PYTHON, PYTHON } from "../helpers/python.ts";
import { processTest } from "../helpers/test_env.ts";
import { pythons, runPython, startWithClient, TEST_FOLDER } from "./pythons.ts";

processTest("a program runs its functions with funcx.py", async (env) => {
  const { service, file, sha256 } = await startWithClient(env);
  const answer = await fetch(`${service.url}/client/funcx.py`);
  assertEquals(await answer.text(), Deno.readTextFileSync(file));
  assertEquals(answer.headers.get("x-checksum-sha256"), sha256);
  const again = await fetch(`${service.url}/client/funcx.py`, {
    headers: { "if-none-match": answer.headers.get("etag") ?? "" },
  });
  assertEquals(again.status, 304);

  for (const python of pythons()) {
    await runPython(env, [python, "-m", "doctest", file], "");
    await runPython(env, [python, `${TEST_FOLDER}/functions.py`], "fine\n");
    await runPython(env, [python, `${TEST_FOLDER}/answers.py`], "fine\n");
    await runPython(env, [python, `${TEST_FOLDER}/scenario.py`], "fine\n");
  }
}, { ignore: PYTHON === undefined, path: PATH_WITH_PYTHON });

processTest("the call that the portal shows in Python does what the portal does", async (env) => {
  const { service } = await startWithClient(env);
  env.file("told.py", "def told(a, *more, **named):\n    return [a, more, named]\n");
  const { function_id } = await env.json<{ function_id: string }>(
    ["function", "register", "told.py:told"],
  );
  const [endpoint] = JSON.parse((await service.request("GET", "/v3/endpoints")).text).items;
  const args = ['it\'s "quoted"\n\\', null, [true, 1.5e300]];
  const kwargs = { self: "\u202eé", "not a name": { deep: false }, timeout: 1, fn: 2 };
  const snippet = pythonOf({
    url: service.url,
    functionId: function_id,
    functionName: "told\nimport nothing",
    endpointId: endpoint.uuid,
    args,
    kwargs,
    options: { walltime_seconds: 60, priority: -3, max_attempts: 1, resource_specification: {} },
  });
  // As somebody would type it after copying: the answer, printed again as JSON.
  const printed = snippet.replace("import os\n", "import json, os\n")
    .replace(/print\((.+)\)$/m, "print(json.dumps($1))");
  for (const python of pythons().slice(-1)) {
    const found = await runPython(env, [python, "-c", printed], undefined, {
      FUNCX_TOKEN: service.token,
    });
    assertEquals(JSON.parse(found), [args[0], args.slice(1), kwargs]);
  }
}, { ignore: PYTHON === undefined, path: PATH_WITH_PYTHON });
