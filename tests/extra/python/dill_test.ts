/**
 * `deno task test:python`: functions, arguments and results that were serialized with dill, as the
 * official SDK of Globus Compute does. It makes a virtual environment with dill from PyPI.
 */
import { assertEquals, assertMatch, assertTrue } from "../../../src/lib/assert.ts";
import { messageOf } from "../../../src/lib/outcome.ts";
import { join } from "../../../src/lib/path.ts";
import { capture } from "../../../scripts/build/command.ts";
import { Client } from "../../../src/client/mod.ts";
import { PYTHON } from "../../helpers/python.ts";
import { ServiceUnderTest } from "../../helpers/service.ts";
import { processTest, type TestEnv } from "../../helpers/test_env.ts";

/** Writes what the SDK would send, as JSON: packed function buffers and payloads. */
const SERIALIZE_PY = `
import codecs, datetime, json, dill
dill.settings["recurse"] = True

def pack(header, value):
    buffer = header + "\\n" + codecs.encode(dill.dumps(value), "base64").decode()
    return "%d\\n%s" % (len(buffer), buffer)

factor = 3
def scale(values, offset=0):
    return {value * factor + offset for value in values}

def fail():
    raise LookupError("no such thing")

def case(function, *args, **kwargs):
    return {"code": pack("01", function), "payload": pack("00", args) + pack("00", kwargs)}

print(json.dumps({
    "scale": case(scale, [1, 2, complex(0, 1)], offset=1),
    "fail": case(fail),
    "date": case(lambda day: day + datetime.timedelta(days=1), datetime.date(2024, 2, 28)),
}))
`;

const READ_PY = `
import codecs, sys, dill
header, body = sys.argv[1].split("\\n", 1)
assert header == "00", header
print(repr(dill.loads(codecs.decode(body.encode(), "base64"))))
`;

interface Case {
  readonly code: string;
  readonly payload: string;
}

/** A folder with a virtual environment that has dill, or why there is none. */
async function makeEnvironment(folder: string): Promise<string | undefined> {
  if (PYTHON === undefined) return "there is no python3";
  try {
    await capture(PYTHON, ["-m", "venv", folder]);
    await capture(join(folder, "bin", "python"), ["-m", "pip", "install", "--quiet", "dill"]);
    return undefined;
  } catch (thrown) {
    return messageOf(thrown).split("\n").at(-1);
  }
}

const ENVIRONMENT = Deno.makeTempDirSync({ prefix: "funcx-test-venv-" });
const OBSTACLE = await makeEnvironment(ENVIRONMENT);
if (OBSTACLE !== undefined) console.log(`dill cannot be tested here: ${OBSTACLE}`);
const INTERPRETER = join(ENVIRONMENT, "bin", "python");
globalThis.addEventListener("unload", () => Deno.removeSync(ENVIRONMENT, { recursive: true }));

async function python(env: TestEnv, script: string, ...args: string[]): Promise<string> {
  return await capture(INTERPRETER, [env.file("script.py", script), ...args]);
}

/** Runs one case on an endpoint whose Python is `interpreter`. */
async function endpointWith(env: TestEnv, interpreter: string): Promise<{
  run: (name: string) => ReturnType<Client["wait"]>;
}> {
  await env.ok(
    ["configure", "default", "--set", `executor.runtimes.python.interpreter=${interpreter}`],
  );
  await env.ok(["start", "default"]);
  const service = await ServiceUnderTest.of(env);
  const { id } = await env.json<{ id: string }>(["status", "default"]);
  const client = new Client({ url: service.url, token: service.token });
  const cases: Record<string, Case> = JSON.parse(await python(env, SERIALIZE_PY));
  return {
    run: async (name) => {
      const { code, payload } = cases[name];
      const { body } = await service.post("/v3/functions", {
        function_name: name,
        function_code: code,
      });
      const fn = String(body.function_uuid);
      const { tasks } = await client.submit(id, { tasks: { [fn]: [payload] } });
      return await client.wait(tasks[fn][0]);
    },
  };
}

processTest("functions, arguments and results travel as dill", async (env) => {
  const { run } = await endpointWith(env, INTERPRETER);
  const scaled = await run("scale");
  assertEquals(scaled.status, "success");
  const shown = await python(env, READ_PY, scaled.result ?? "");
  assertMatch(shown, /^\{.*\}\n$/);
  for (const element of ["4", "7", "(1+3j)"]) assertTrue(shown.includes(element), shown);
  const day = await run("date");
  assertEquals(await python(env, READ_PY, day.result ?? ""), "datetime.date(2024, 2, 29)\n");
  const failed = await run("fail");
  assertEquals(failed.error?.type, "LookupError");
  assertMatch(failed.error?.traceback ?? "", /in fail/);
}, { ignore: OBSTACLE !== undefined });

processTest("without dill the error says so", async (env) => {
  const bare = join(env.root, "bare");
  await capture(PYTHON ?? "", ["-m", "venv", "--without-pip", bare]);
  const { run } = await endpointWith(env, join(bare, "bin", "python"));
  const { error } = await run("scale");
  assertMatch(`${error?.message} ${error?.hint}`, /dill/);
}, { ignore: OBSTACLE !== undefined });
