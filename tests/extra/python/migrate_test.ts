/**
 * `deno task test:python`: the files that `globus-compute-endpoint configure` of PyPI writes become a
 * profile without anything that is not understood.
 */
import { assertEquals, assertMatch } from "../../../src/lib/assert.ts";
import { messageOf } from "../../../src/lib/outcome.ts";
import { join } from "../../../src/lib/path.ts";
import { capture } from "../../../scripts/build/command.ts";
import { PYTHON } from "../../helpers/python.ts";
import { Running } from "../../helpers/running.ts";
import { processTest } from "../../helpers/test_env.ts";

interface Made {
  readonly from: { readonly files: readonly string[] };
  readonly profile: unknown;
  readonly notes: readonly { readonly kind: string; readonly key: string }[];
  readonly variables: readonly { readonly name: string }[];
}

const FOLDER = Deno.makeTempDirSync({ prefix: "funcx-migrate-python-" });

/** Installs the official endpoint, or says why it cannot be. */
async function install(): Promise<string | undefined> {
  if (PYTHON === undefined) return "there is no python3";
  try {
    await capture(PYTHON, ["-m", "venv", FOLDER]);
    const python = join(FOLDER, "bin", "python");
    await capture(python, ["-m", "pip", "install", "--quiet", "globus-compute-endpoint"]);
    return undefined;
  } catch (thrown) {
    return messageOf(thrown).split("\n").at(-1);
  }
}

const missing = await install();
if (missing !== undefined) console.log(`Nothing is tried: ${missing}`);

processTest("what Globus Compute configures by itself migrates cleanly", async (env) => {
  const configure = [join(FOLDER, "bin", "globus-compute-endpoint"), "configure", "fresh"];
  await using running = new Running([...configure, "--multi-user", "false"], {
    env: { ...env.environment, LC_ALL: "C.UTF-8" },
    clearEnv: true,
    cwd: env.home,
  });
  assertEquals((await running.finished()).code, 0);
  const made = await env.json<Made>(["migrate", "fresh"]);
  assertEquals([...made.from.files].sort(), [
    "config.yaml",
    "user_config_template.yaml.j2",
    "user_environment.yaml",
  ]);
  assertEquals(made.profile, { executor: { workersPerNode: 1, provider: { type: "local" } } });
  assertEquals(made.notes.filter(({ kind }) => kind === "not-read"), []);
  assertMatch(made.notes.map(({ key }) => key).join(" "), /user_config_schema\.json/);
  const { problems } = await env.json<{ problems: unknown[] }>(["validate", "fresh"]);
  assertEquals(problems, []);
}, { ignore: missing !== undefined });

globalThis.addEventListener("unload", () => Deno.removeSync(FOLDER, { recursive: true }));
