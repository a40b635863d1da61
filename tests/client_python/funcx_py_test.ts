/** `funcx.py` against a service and an endpoint, with every Python that is found. */
import { assertEquals } from "../../src/lib/assert.ts";
import { fromFileUrl, join } from "../../src/lib/path.ts";
import { PATH_WITH_PYTHON, PYTHON } from "../helpers/python.ts";
import { Running } from "../helpers/running.ts";
import { ServiceUnderTest } from "../helpers/service.ts";
import { processTest } from "../helpers/test_env.ts";

const SCENARIO = fromFileUrl(new URL("./scenario.py", import.meta.url));
const PROFILE = `export default () => ({
  executor: { workersPerNode: 2, provider: { type: "local" } },
});
`;

processTest("a program runs its functions with funcx.py", async (env) => {
  const service = await ServiceUnderTest.start(env);
  await env.ok(["configure", "default"]);
  env.file(".funcx/default/config.ts", PROFILE);
  await env.ok(["start", "default"]);
  const { file, sha256 } = await env.json<{ file: string; sha256: string }>(
    ["client", "python", "--output", join(env.home, "funcx.py")],
  );
  const answer = await fetch(`${service.url}/client/funcx.py`);
  assertEquals(await answer.text(), Deno.readTextFileSync(file));
  assertEquals(answer.headers.get("x-checksum-sha256"), sha256);
  const again = await fetch(`${service.url}/client/funcx.py`, {
    headers: { "if-none-match": answer.headers.get("etag") ?? "" },
  });
  assertEquals(again.status, 304);

  for (const python of pythons()) {
    for (const args of [["-m", "doctest", file], [SCENARIO]]) {
      await using running = new Running([python, ...args], {
        env: { ...env.environment, PYTHONPATH: env.home, PYTHONDONTWRITEBYTECODE: "1" },
        clearEnv: true,
        cwd: env.home,
      });
      const { code, stdout, stderr } = await running.finished(120_000);
      const expected = args[0] === SCENARIO ? "fine\n" : "";
      assertEquals({ python, code, stdout, stderr: code === 0 ? "" : stderr }, {
        python,
        code: 0,
        stdout: expected,
        stderr: "",
      });
    }
  }
}, { ignore: PYTHON === undefined, path: PATH_WITH_PYTHON });

/** Those of pyenv from 3.6 on, and the one of PATH; says which minor versions it lacks. */
function pythons(): string[] {
  const folder = join(Deno.env.get("HOME") ?? "/nonexistent", ".pyenv", "versions");
  const found = [6, 7, 8, 9, 10, 11, 12, 13].flatMap((minor) => {
    const names = namesIn(folder).filter((name) => name.startsWith(`3.${minor}.`));
    if (names.length === 0) console.log(`skipped: no Python 3.${minor} under ${folder}`);
    return names.slice(0, 1).map((name) => join(folder, name, "bin", "python"));
  });
  return found.length > 0 ? found : [PYTHON!];
}

function namesIn(folder: string): string[] {
  try {
    return [...Deno.readDirSync(folder)].map(({ name }) => name);
  } catch (thrown) {
    if (thrown instanceof Deno.errors.NotFound) return [];
    throw thrown;
  }
}
