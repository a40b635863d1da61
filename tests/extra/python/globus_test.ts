/**
 * `deno task test:python`: what the official SDK serializes with each of its strategies, its
 * ShellFunction and MPIFunction, and versions that do not fit together. The SDK is from PyPI; what
 * it has made is run by a real executor.
 */
import { assertEquals, assertMatch, assertTrue } from "../../../src/lib/assert.ts";
import { dirname } from "../../../src/lib/path.ts";
import { capture } from "../../../scripts/build/command.ts";
import {
  errorOf,
  Harness,
  isAlive,
  type TaskInput,
  valueOf,
} from "../../../src/endpoint/executor/testing/harness.ts";
import { NEWEST_SDK } from "../../helpers/globus_sdk.ts";
import { interpretersOf, pythonEnvironment } from "../../helpers/python_environment.ts";

const SDK = await pythonEnvironment(
  [`globus-compute-sdk==${NEWEST_SDK}`],
  await interpretersOf(["3.11", "3.12", "3.13", "3.10"]),
);
if (SDK.kind === "obstacle") console.log(`the SDK cannot be tested here: ${SDK.reason}`);
const OTHER = SDK.kind === "obstacle"
  ? undefined
  : (await interpretersOf(["3.12", "3.10", "3.9", "3.13"].filter((v) => v !== SDK.pythonVersion)))
    .at(0);
if (OTHER === undefined) {
  console.log("there is no second Python; versions that differ are not tested");
}
const PYTHON = SDK.kind === "ready" ? SDK.python : "";
const VERSION = SDK.kind === "ready" ? `${SDK.pythonVersion}.1` : "";
const ignore = SDK.kind === "obstacle";
const MPI = await capture("mpiexec", ["--version"]).catch(() => "");
if (MPI === "") console.log("there is no mpiexec; MPIFunction is not tested");

const SERIALIZE_PY = `
import datetime, json, os, sys
import globus_compute_sdk.serialize as serialize
from globus_compute_sdk.serialize import ComputeSerializer
from globus_compute_sdk import ShellFunction, MPIFunction

def f(x, y=1):
    return (x, y)

def unpicklable():
    return sys._getframe()

def shell(**options):
    return ShellFunction(options.pop("cmd"), **options)

def case(function, args=(), kwargs={}, code="DillCode", data="DillDataBase64"):
    serializer = ComputeSerializer(
        strategy_code=getattr(serialize, code)(), strategy_data=getattr(serialize, data)())
    pack = serializer.pack_buffers
    return {"code": pack([serializer.serialize(function)]),
            "payload": pack([serializer.serialize(args), serializer.serialize(kwargs)])}

cases = {}
for code in ["DillCode", "DillCodeSource", "DillCodeTextInspect", "PureSourceTextInspect",
             "PureSourceDill", "CombinedCode", "AllCodeStrategies"]:
    for data in ["DillDataBase64", "JSONData", "AllDataStrategies"]:
        cases[code + " " + data] = case(f, ("a:b",), {"y": 2}, code, data)
cases["unpicklable"] = case(unpicklable)
cases["hello"] = case(shell(cmd="echo hello {who}; echo oh >&2; exit 3"), kwargs={"who": "you"})
cases["dict"] = case(shell(cmd="echo $GC_TASK_UUID; pwd", return_dict=True))
cases["walltime"] = case(shell(cmd="echo $$; sleep 1000 & echo $!; wait", walltime=5))
cases["mpi"] = case(MPIFunction("hostname"))
print(json.dumps(cases))
`;
const READ_PY = `
import json, sys
from globus_compute_sdk.serialize import ComputeSerializer
value = ComputeSerializer().deserialize(sys.stdin.read())
print(json.dumps([repr(value), getattr(value, "__dict__", None)]))
`;

type Cases = Readonly<Record<string, Pick<TaskInput, "code" | "payload"> & { code: string }>>;

async function serialized(): Promise<Cases> {
  const file = Deno.makeTempFileSync({ suffix: ".py" });
  Deno.writeTextFileSync(file, SERIALIZE_PY);
  try {
    return JSON.parse(await capture(PYTHON, [file]));
  } finally {
    Deno.removeSync(file);
  }
}
const CASES: Cases = ignore ? {} : await serialized();

/** The result as the SDK reads it: its repr, and its fields. */
async function read(
  attempt: Awaited<ReturnType<Harness["run"]>>,
): Promise<[string, Record<string, unknown>]> {
  assertTrue(attempt.outcome.kind === "success", JSON.stringify(attempt.outcome));
  const child = new Deno.Command(PYTHON, {
    args: ["-c", READ_PY],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(attempt.outcome.result);
  await writer.close();
  return JSON.parse(new TextDecoder().decode((await child.output()).stdout));
}

/** An executor whose `python3` is that interpreter. */
function startWith(python: string, sandbox = true): Promise<Harness> {
  return Harness.start({ workerInit: `PATH=${dirname(python)}:$PATH`, sandbox });
}

Deno.test("all strategies of the SDK, for functions and arguments", { ignore }, async () => {
  await using harness = await startWith(PYTHON);
  for (const [name, input] of Object.entries(CASES)) {
    if (!name.includes(" ")) continue;
    const attempt = await harness.run({ ...input, options: { client: { python: VERSION } } });
    const [shown] = await read(attempt).catch((thrown) => {
      throw new Error(name, { cause: thrown });
    });
    assertEquals([name, shown], [name, "('a:b', 2)"]);
    assertEquals(typeof attempt.details.dill_version, "string");
    assertEquals(attempt.details.globus_compute_sdk_version, NEWEST_SDK);
  }
  const error = errorOf(await harness.run(CASES.unpicklable));
  assertMatch(error.message, /of type frame, cannot be serialized[^]*DillDataBase64: TypeError/);
});

Deno.test("a ShellFunction gives its result, in its sandbox", { ignore }, async () => {
  await using harness = await startWith(PYTHON);
  const [, hello] = await read(await harness.run(CASES.hello));
  assertEquals([hello.stdout, hello.stderr, hello.returncode], ["hello you\n", "oh\n", 3]);
  const attempt = await harness.run(CASES.dict);
  const { stdout, stderr } = valueOf(attempt) as Record<string, string>;
  assertEquals(stdout.split("\n")[0], attempt.taskId);
  assertMatch(stdout, /\/tasks\//);
  assertEquals(stderr, "");
});

Deno.test("a ShellFunction's walltime ends all that it has started", { ignore }, async () => {
  await using harness = await startWith(PYTHON);
  const [, result] = await read(await harness.run(CASES.walltime));
  assertEquals([result.returncode, result.exception_name], [124, "subprocess.TimeoutExpired"]);
  const pids = String(result.stdout).trim().split("\n").map(Number);
  assertEquals(pids.length, 2);
  assertEquals(pids.filter((pid) => isAlive(pid)), []);
});

Deno.test("an MPIFunction starts as many ranks as were asked for", {
  ignore: ignore || MPI === "",
}, async () => {
  await using harness = await Harness.start({
    workerInit: `PATH=${dirname(PYTHON)}:$PATH`,
    sandbox: true,
    // Open MPI does not start anything for root, unless told.
    environment: { OMPI_ALLOW_RUN_AS_ROOT: "1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM: "1" },
  });
  for (
    const [asked, ranks] of [
      [{ num_nodes: 1, ranks_per_node: 2 }, 2],
      [{ num_ranks: 3 }, 3],
    ] as const
  ) {
    const [shown, result] = await read(
      await harness.run({ ...CASES.mpi, options: { resource_specification: asked } }),
    );
    const lines = String(result.stdout).split("\n").length - 1;
    assertEquals([result.returncode, lines, shown], [0, ranks, shown]);
    assertMatch(String(result.cmd), /^\$PARSL_MPI_PREFIX hostname/);
  }
});

Deno.test(
  "where the SDK or dill is missing, the error says where and what",
  { ignore },
  async () => {
    const bare = Deno.makeTempDirSync();
    await capture(PYTHON, ["-m", "venv", "--without-pip", bare]);
    await using harness = await startWith(`${bare}/bin/python`);
    const error = errorOf(await harness.run(CASES.hello));
    assertMatch(error.message, new RegExp(`dill, which Python .*${bare}.* does not have`));
    assertMatch(error.hint ?? "", /pip install dill.*executor\.runtimes\.python\.interpreter/);
    const arguments_ = { ...CASES.hello, code: CASES["PureSourceTextInspect JSONData"].code };
    assertMatch(errorOf(await harness.run(arguments_)).message, /^The arguments: .*dill/);
    // dill alone is not enough for a ShellFunction.
    const [version] = Deno.readDirSync(`${bare}/lib`);
    const from = `${dirname(dirname(PYTHON))}/lib/${version.name}/site-packages/dill`;
    Deno.symlinkSync(from, `${bare}/lib/${version.name}/site-packages/dill`);
    const lacksSdk = errorOf(await harness.run(CASES.hello));
    assertMatch(lacksSdk.message, /module globus_compute_sdk, which Python/);
    assertMatch(lacksSdk.hint ?? "", /pip install globus-compute-sdk/);
    Deno.removeSync(bare, { recursive: true });
  },
);

Deno.test("bytecode of another Python is refused before it can crash", {
  ignore: OTHER === undefined,
}, async () => {
  const other = await pythonEnvironment(["dill"], [OTHER!]);
  assertTrue(other.kind === "ready");
  await using harness = await startWith(other.python);
  const options = { client: { python: VERSION } };
  const error = errorOf(await harness.run({ ...CASES["DillCode JSONData"], options }));
  assertMatch(error.message, /serialized by Python 3\.\d+\.1 as its bytecode, which Python 3\./);
  assertMatch(error.hint ?? "", /Two ways out: .*PureSourceTextInspect\(\).*JSONData\(\)/);
  // Nobody has said which Python made it: it may end in any way, and the next task runs.
  const { outcome } = await harness.run(CASES["DillCode JSONData"]);
  const told = outcome.kind === "lost" || outcome.kind === "failed" ? outcome.error.hint ?? "" : "";
  if (outcome.kind !== "success") assertMatch(told, /source and JSON|Source and JSON/i);
  const source = await harness.run({ ...CASES["AllCodeStrategies AllDataStrategies"], options });
  assertTrue(source.outcome.kind === "success", JSON.stringify(source.outcome));
});
