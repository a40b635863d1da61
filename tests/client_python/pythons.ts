/** The Pythons that are here, and what a program with `funcx.py` needs to run. */
import { assertEquals } from "../../src/lib/assert.ts";
import { fromFileUrl, join } from "../../src/lib/path.ts";
import { PYTHON } from "../helpers/python.ts";
import { Running } from "../helpers/running.ts";
import { ServiceUnderTest } from "../helpers/service.ts";
import type { TestEnv } from "../helpers/test_env.ts";

export const TEST_FOLDER = fromFileUrl(new URL(".", import.meta.url)).replace(/\/$/, "");
const PROFILE = `export default () => ({
  executor: { workersPerNode: 2, provider: { type: "local" } },
});
`;

/** A service, the endpoint `default`, and the client as a file in the scratch home. */
export async function startWithClient(
  env: TestEnv,
): Promise<{ service: ServiceUnderTest; file: string; sha256: string }> {
  const service = await ServiceUnderTest.start(env);
  await env.ok(["configure", "default"]);
  env.file(".funcx/default/config.ts", PROFILE);
  await env.ok(["start", "default"]);
  const printed = await env.json<{ file: string; sha256: string }>(
    ["client", "python", "--output", join(env.home, "funcx.py")],
  );
  return { service, ...printed };
}

/** What a program printed, which is `expected` where that is given; it has to end well. */
export async function runPython(
  env: TestEnv,
  command: readonly string[],
  expected?: string,
  more: Readonly<Record<string, string>> = {},
): Promise<string> {
  await using running = new Running(command, {
    env: { ...env.environment, PYTHONPATH: env.home, PYTHONDONTWRITEBYTECODE: "1", ...more },
    clearEnv: true,
    cwd: env.home,
  });
  const { code, stdout, stderr } = await running.finished(120_000);
  assertEquals({ command, code, stdout, stderr: code === 0 ? "" : stderr }, {
    command,
    code: 0,
    stdout: expected ?? stdout,
    stderr: "",
  });
  return stdout;
}

/** Those of pyenv from 3.6 on, else the one of PATH; says which minor versions it lacks. */
export function pythons(): string[] {
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
