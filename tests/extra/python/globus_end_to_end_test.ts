/**
 * `deno task test:python`: bad input as a program of the official SDK meets it, from its `Client`
 * through service, agent and worker. Each ends in an exception of the SDK that says what happened,
 * and after each the endpoint goes on.
 */
import { assertEquals, assertMatch } from "../../../src/lib/assert.ts";
import { globusSdk, globusTest, NEWEST_SDK } from "../../helpers/globus_sdk.ts";

const sdk = await globusSdk(NEWEST_SDK);

const PROGRAM = `
from local import client, ENDPOINT, show, result_of
import warnings
from globus_compute_sdk import ShellFunction
c = client()

def after():
    return (1, {2: "two"})

def exits():
    import os
    os._exit(3)

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
    return "parent" if os.fork() else "child"

def imports():
    import no_such_module

def frame():
    import sys
    return sys._getframe()

def large(size):
    return "x" * size

def told(function, *args, **kwargs):
    try:
        task = c.run(*args, endpoint_id=ENDPOINT, function_id=c.register_function(function), **kwargs)
        return repr(result_of(c, task))
    except Exception as e:
        return type(e).__name__ + ": " + str(e)

with warnings.catch_warnings(record=True) as heard:
    warnings.simplefilter("always")
    found = {}
    for function in [exits, prints, closes, catches, interrupts, recurses, forks, imports, frame]:
        found[function.__name__] = told(function)
        assert told(after) == "(1, {2: 'two'})", function.__name__
    found["large"] = told(large, 10 * 1024 * 1024)
    found["generator"] = told(large, (i for i in ()))
    found["shell"] = told(ShellFunction("echo {x}"), x="hello")
    found["warnings"] = [str(w.message) for w in heard if "nvironment differences" in str(w.message)]
show(found)
`;

globusTest("bad input ends in an exception, and the next task runs", sdk, async (stage) => {
  await stage.startEndpoint("default", ["executor.sandbox=true"]);
  const found = await stage.value<Record<string, string> & { warnings: string[] }>(PROGRAM);
  const expected: Record<string, RegExp> = {
    exits: /TaskExecutionFailed: [^]*exit status 3 [^]*ended the process/,
    prints: /^'printed'$/,
    closes: /TaskExecutionFailed: [^]*closed descriptors/,
    catches: /^'caught'$/,
    interrupts: /TaskExecutionFailed: [^]*KeyboardInterrupt/,
    recurses: /TaskExecutionFailed: [^]*RecursionError/,
    forks: /^'parent'$/,
    imports: /No module named 'no_such_module'[^]*endpoint's Python is/,
    frame: /type frame, cannot be serialized[^]*DillDataBase64/,
    large: /MaxResultSizeExceeded/,
    generator: /cannot pickle 'generator' object|SerializationError/,
    shell: /^ShellResult\(returncode=0, cmd='echo hello', stdout='hello\\n', stderr=''\)$/,
  };
  for (const [name, text] of Object.entries(expected)) assertMatch(`${found[name]}`, text);
  assertEquals(found.warnings, []);
});
