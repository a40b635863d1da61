/**
 * `deno task test:python`: bad input as a program of the official SDK meets it, from its `Client`
 * through service, agent and worker. Each ends in an exception of the SDK that says what happened,
 * and after each the endpoint goes on.
 */
import { assertEquals, assertMatch, assertTrue } from "../../../src/lib/assert.ts";
import { globusSdk, globusTest, NEWEST_SDK } from "../../helpers/globus_sdk.ts";
import { interpretersOf, pythonEnvironment } from "../../helpers/python_environment.ts";

const sdk = await globusSdk(NEWEST_SDK);
const own = sdk.environment.kind === "ready" ? sdk.environment.pythonVersion : "";
/** With dill, and of another version than the programs' own, which bytecode tells apart. */
const other = await pythonEnvironment(
  ["dill"],
  await interpretersOf(["3.12", "3.10", "3.9", "3.13"].filter((version) => version !== own)),
);
if (other.kind === "obstacle") console.log(`a second Python cannot be tested: ${other.reason}`);

const PROGRAM = `
from local import client, ENDPOINT, show, result_of
import warnings
from globus_compute_sdk import ShellFunction
from globus_compute_sdk.serialize import JSONData
c = client()

class Crashing:
    """Crashes whoever unpickles it."""

    def __reduce__(self):
        import ctypes
        return ctypes.string_at, (0,)

def closure():
    rows = (row for row in ())
    return lambda: list(rows)

def after():
    return (1, {2: "two"})

def exits():
    import os
    os._exit(3)

def stops():
    import sys
    sys.exit(4)

def prints():
    import sys
    for _ in range(1000):
        sys.stdout.write("x" * 1000000)
    return "printed"

def closes():
    import os
    os.closerange(3, 1000)

def catches():
    import sys
    try:
        sys.exit(1)
    except SystemExit:
        return "caught"

def interrupts():
    raise KeyboardInterrupt

def recurses():
    def again():
        return again()
    return again()

def forks():
    import os
    child = os.fork()
    return ["parent", os.waitpid(child, 0)[0] == child] if child else "child"

def imports():
    import no_such_module

def frame():
    import sys
    return sys._getframe()

def large(size):
    return "x" * size

def length(text):
    return len(text)

def filling(client, size):
    """A text that makes the arguments of a task so large, as the SDK packs them in JSON."""
    serializer = client.fx_serializer
    taken = lambda text: len(serializer.pack_buffers(
        [serializer.serialize((text,)), serializer.serialize({})]))
    text = "x" * (2 * size - taken("x" * size))
    assert taken(text) == size, taken(text)
    return text

def told(function, *args, **kwargs):
    try:
        task = c.run(*args, endpoint_id=ENDPOINT, function_id=c.register_function(function), **kwargs)
        return repr(result_of(c, task))
    except Exception as e:
        return type(e).__name__ + ": " + str(e)

with warnings.catch_warnings(record=True) as heard:
    warnings.simplefilter("always")
    found = {}
    for function in [exits, stops, prints, closes, catches, interrupts, recurses, forks, imports, frame]:
        found[function.__name__] = told(function)
        assert told(after) == "(1, {2: 'two'})", function.__name__
    found["large"] = told(large, 10 * 1024 * 1024)
    found["generator"] = told(large, (i for i in ()))
    found["closure"] = told(closure())
    found["unpickling"] = told(length, Crashing())
    assert told(after) == "(1, {2: 'two'})"
    default, c = c, client(data_serialization_strategy=JSONData())
    found["limit"] = told(length, filling(c, 10 * 1024 * 1024))
    found["above"] = told(length, filling(c, 10 * 1024 * 1024 + 1))
    c = default
    found["shell"] = told(ShellFunction("echo {x}"), x="hello")
    found["warnings"] = [str(w.message) for w in heard if "nvironment differences" in str(w.message)]
show(found)
`;

globusTest("bad input ends in an exception, and the next task runs", sdk, async (stage) => {
  await stage.startEndpoint("default", ["executor.sandbox=true"]);
  const found = await stage.value<Record<string, string> & { warnings: string[] }>(PROGRAM);
  const expected: Record<string, RegExp> = {
    exits: /TaskExecutionFailed: [^]*exit status 3 [^]*ended the process/,
    stops: /TaskExecutionFailed: [^]*SystemExit: 4\s+Return a value/,
    prints: /^'printed'$/,
    closes: /TaskExecutionFailed: [^]*closed descriptors/,
    catches: /^'caught'$/,
    interrupts: /TaskExecutionFailed: [^]*KeyboardInterrupt/,
    recurses: /TaskExecutionFailed: [^]*RecursionError/,
    forks: /^\['parent', True\]$/,
    imports: /No module named 'no_such_module'[^]*endpoint's Python is/,
    frame: /type frame, cannot be serialized[^]*DillDataBase64/,
    large: /MaxResultSizeExceeded/,
    generator: /^SerializationError: .*DillDataBase64 failed$/,
    closure: /^SerializationError: .*DillCode/,
    unpickling: /TaskExecutionFailed: [^]*signal SIGSEGV[^]*reads its arguments, has crashed/,
    limit: /^104857\d\d$/,
    above: /TASK_PAYLOAD_TOO_LARGE.*10485761 bytes.*at most 10485760.*put large data where/,
    shell: /^ShellResult\(returncode=0, cmd='echo hello', stdout='hello\\n', stderr=''\)$/,
  };
  for (const [name, text] of Object.entries(expected)) assertMatch(`${found[name]}`, text);
  // Both ends have one Python, so its bytecode is not to blame.
  assertTrue(!found.unpickling.includes("bytecode"), found.unpickling);
  assertEquals(found.warnings, []);
});

globusTest("bytecode of another Python is refused by name", sdk, async (stage) => {
  if (other.kind === "obstacle") return;
  await stage.startEndpoint("default", [`executor.runtimes.python.interpreter=${other.python}`]);
  const found = await stage.value<string>(`
from local import client, ENDPOINT, show, result_of
c = client()
try:
    function = c.register_function(lambda x: x + 1)
    show(repr(result_of(c, c.run(1, endpoint_id=ENDPOINT, function_id=function))))
except Exception as e:
    show(type(e).__name__ + ": " + str(e))
`);
  assertMatch(
    found,
    /TaskExecutionFailed: [^]*by Python 3\.[^]*bytecode, which Python 3\.[^]*Two ways out: /,
  );
});
