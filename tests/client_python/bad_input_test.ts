/** What a program with `funcx.py` is told of input that cannot work. */
import { PATH_WITH_PYTHON, PYTHON } from "../helpers/python.ts";
import { processTest } from "../helpers/test_env.ts";
import { pythons, runPython, startWithClient, TEST_FOLDER } from "./pythons.ts";

processTest("bad input ends in an error that says what to do", async (env) => {
  await startWithClient(env);
  // What cannot be pickled is told in other words by the oldest and the newest.
  for (const python of new Set([pythons()[0]!, pythons().at(-1)!])) {
    await runPython(env, [python, `${TEST_FOLDER}/bad_input.py`], "fine\n");
  }
}, { ignore: PYTHON === undefined, path: PATH_WITH_PYTHON });
