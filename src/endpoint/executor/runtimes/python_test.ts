import { assertEquals, assertMatch, assertTrue } from "../../../lib/assert.ts";
import { jsonPayload, pack } from "../../../contract/envelope.ts";
import { MAX_RESULT_BYTES, MAX_TASK_OUTPUT_BYTES } from "../../../contract/limits.ts";
import { join } from "../../../lib/path.ts";
import { RESULT_FOLDER } from "../../result_folder.ts";
import {
  errorOf,
  Harness,
  isAlive,
  PYTHON,
  python,
  stderrOf,
  stdoutOf,
  valueOf,
} from "../testing/harness.ts";

/** Whether the interpreter runs, and has the module if one is named. */
function pythonRuns(module?: string): boolean {
  try {
    const args = ["-c", module === undefined ? "" : `import ${module}`];
    return new Deno.Command(PYTHON, { args, stdout: "null", stderr: "null" }).outputSync().success;
  } catch {
    return false;
  }
}

/** Results that are being written. */
function unfinishedIn({ folder }: Harness): string[] {
  return [...Deno.readDirSync(join(folder, ...RESULT_FOLDER))].map(({ name }) => name)
    .filter((name) => name.endsWith(".part"));
}

const ignore = !pythonRuns();
const ignoreDill = ignore || !pythonRuns("dill");

Deno.test("Python: values come back, by position and by keyword", { ignore }, async () => {
  await using harness = await Harness.start();
  const f = python("def f(a, b=2, *rest, **named):\n    return [a, b, rest, named]\n");
  assertEquals(valueOf(await harness.run({ code: f, args: [1] })), [1, 2, [], {}]);
  const both = await harness.run({ code: f, args: ["é😀", 3, 4], kwargs: { x: null } });
  assertEquals(valueOf(both), ["é😀", 3, [4], { x: null }]);
  const surrogate = python("def f():\n    return '\\ud83d'\n");
  assertEquals(valueOf(await harness.run({ code: surrogate })), "\ud83d");
  assertEquals(both.timeline.map(({ state, by }) => [state, by]), [
    ["waiting-for-launch", "manager"],
    ["running", "worker"],
  ]);
  assertEquals(both.details.runtime, "python");
  assertMatch(both.details.version as string, /^3\.\d+\.\d+$/);
});

Deno.test(
  "Python: a module's names, dataclasses and imports work as in a file",
  { ignore },
  async () => {
    await using harness = await Harness.start();
    const code = python(`
import math
from collections import namedtuple
Point = namedtuple("Point", "x y")
SCALE = 2
def helper(x):
    return math.sqrt(x) * SCALE
def f(x):
    return helper(Point(x, 0).x)
if __name__ == "__main__":
    raise SystemExit("not a program")
`);
    assertEquals(valueOf(await harness.run({ code, args: [9] })), 6);
  },
);

Deno.test(
  "Python: an exception comes back with type, message and its own frames only",
  { ignore },
  async () => {
    await using harness = await Harness.start();
    const code = python("def g(x):\n    return 1 / x\n\ndef f(x):\n    return g(x)\n");
    const error = errorOf(await harness.run({ code, args: [0] }));
    assertEquals([error.code, error.type, error.message], [
      "RemoteExecutionError",
      "ZeroDivisionError",
      "division by zero",
    ]);
    assertMatch(
      error.traceback,
      /^Traceback[^\n]*\n {2}File "f\.py", line 5, in f\n {4}return g\(x\)\n[^]*File "f\.py", line 2, in g/,
    );
    assertTrue(!error.traceback.includes("funcx worker"), error.traceback);

    const other = python("def f():\n    raise KeyError('second')\n");
    assertMatch(errorOf(await harness.run({ code: other })).traceback, /raise KeyError/);
    const hostile = python(
      "class E(Exception):\n    def __str__(self):\n        raise ValueError\ndef f():\n    raise E()\n",
    );
    assertEquals(errorOf(await harness.run({ code: hostile })).type, "E");
    const missing = errorOf(
      await harness.run({ code: python("def f():\n    import no_such_module\n") }),
    );
    assertMatch(missing.hint ?? "", /The endpoint's Python is/);
  },
);

Deno.test("Python: a function cannot end its worker by an exception, a fork or deep recursion", {
  ignore,
}, async () => {
  await using harness = await Harness.start();
  const bodies: [body: string, type: string][] = [
    ["import sys; sys.exit(3)", "SystemExit"],
    ["raise KeyboardInterrupt()", "KeyboardInterrupt"],
    ["f()", "RecursionError"],
    ["raise GeneratorExit", "GeneratorExit"],
  ];
  const pids = new Set<unknown>();
  for (const [body, type] of bodies) {
    const attempt = await harness.run({ code: python(`def f():\n    ${body}\n`) });
    assertEquals(errorOf(attempt).type, type);
    pids.add(attempt.details.pid);
  }
  // The child returns from the function as well.
  const fork = python("import os\ndef f():\n    return os.fork() and 'parent'\n");
  const forked = await harness.run({ code: fork });
  assertEquals(valueOf(forked), "parent");
  pids.add(forked.details.pid);
  assertEquals(pids.size, 1);
});

Deno.test("Python: code and arguments that cannot be read say why", { ignore }, async () => {
  await using harness = await Harness.start();
  const syntax = errorOf(await harness.run({ code: python("def f(:\n  pass\n") }));
  assertEquals([syntax.code, syntax.type], ["CouldNotExecuteUserTaskError", "SyntaxError"]);
  assertMatch(syntax.traceback, /File "f\.py", line 1/);
  const unnamed = errorOf(await harness.run({ code: python("def g():\n  pass\n") }));
  assertMatch(unnamed.message, /defines no function f/);
  const ok = python("def f(*a):\n    return 1\n");
  for (const payload of ["broken", "4\n99\nx4\n99\nx", "99\n11\n[]", "6\n11\n{}1"]) {
    const error = errorOf(await harness.run({ code: ok, payload }));
    assertEquals(error.code, "CouldNotExecuteUserTaskError");
  }
  assertEquals(valueOf(await harness.run({ code: ok })), 1);
});

Deno.test("Python: dill that is not installed is told, and how to mend it", {
  ignore: ignore || !ignoreDill,
}, async () => {
  await using harness = await Harness.start();
  const error = errorOf(await harness.run({ code: "7\n01\ngASV" }));
  assertEquals(error.code, "CouldNotExecuteUserTaskError");
  assertMatch(error.message, /The function: serialized with dill, which Python 3.* does not have/);
  assertMatch(error.hint ?? "", /pip install dill/);
});

Deno.test(
  "Python: what the official SDK serializes is run, with dill",
  { ignore: ignoreDill },
  async () => {
    await using harness = await Harness.start();
    const script = `
import base64, dill
def pack(*buffers): return "".join("%d\\n%s" % (len(b), b) for b in buffers)
def b64(x): return base64.encodebytes(x).decode()
def f(x, y=1): return (x, y)
source = "def f(x, y=1):\\n    return (x, y)\\n"
codes = {
  "01": b64(dill.dumps(f)), "02": b64(__import__("pickle").dumps(len)),
  "03": b64(dill.dumps(("f", source))), "04": b64(dill.dumps(("f", source))),
  "st": b64(("f:" + source).encode()), "sd": "f:" + source,
}
codes["10"] = "04\\n:" + codes["04"] + ":01\\n:" + codes["01"]
codes["12"] = pack("st\\n" + codes["st"], "01\\n" + codes["01"])
del codes["02"]
import json
print(json.dumps({
  "codes": [pack(k + "\\n" + v) for k, v in codes.items()],
  "dill": pack("00\\n" + b64(dill.dumps((1,))), "00\\n" + b64(dill.dumps({"y": 2}))),
  "all": pack("13\\n" + pack("11\\n[1]", "00\\n" + b64(dill.dumps((1,)))),
              "13\\n" + pack('11\\n{"y": 2}', "00\\n" + b64(dill.dumps({"y": 2})))),
  "set": pack("st\\nf:def f():\\n    return {1}\\n"),
  "none": pack("00\\n" + b64(dill.dumps(())), "00\\n" + b64(dill.dumps({}))),
}))`;
    const { stdout } = new Deno.Command(PYTHON, { args: ["-c", script] }).outputSync();
    const made = JSON.parse(new TextDecoder().decode(stdout));
    for (const payload of [made.dill, made.all]) {
      const all = await harness.runAll(
        made.codes.map((code: string) => ({ code, payload })),
      );
      for (const [index, attempt] of all.entries()) {
        assertTrue(attempt.outcome.kind === "success");
        // A tuple, which JSON turns into a list, comes back as it is to whoever sends dill.
        const isSource = /^\d+\n(?:st|sd)\n/.test(made.codes[index]);
        const form = isSource && payload === made.all ? /^11\n\[1,2\]$/ : /^00\n/;
        assertMatch(new TextDecoder().decode(attempt.outcome.result), form);
      }
    }
    // A set is no JSON: it comes back in the form in which its arguments came.
    const set = await harness.run({ code: made.set, payload: made.none });
    assertTrue(set.outcome.kind === "success");
    assertMatch(new TextDecoder().decode(set.outcome.result), /^00\n/);
    const asked = await harness.run({
      code: made.set,
      options: { result_serializers: ["globus_compute_sdk.serialize.DillDataBase64"] },
    });
    assertTrue(asked.outcome.kind === "success");
    assertMatch(new TextDecoder().decode(asked.outcome.result), /^00\n/);
  },
);

Deno.test(
  "Python: results that JSON cannot hold, and ones that are too large",
  { ignore },
  async () => {
    await using harness = await Harness.start();
    for (const value of ["{1}", "float('nan')", "object()", "b''"]) {
      const error = errorOf(await harness.run({ code: python(`def f():\n    return ${value}\n`) }));
      assertEquals([error.code, error.type], ["RemoteExecutionError", "SerializationError"]);
    }
    const long = python("def f(n):\n    return 'x' * n\n");
    const large = await harness.run({ code: long, args: [MAX_RESULT_BYTES - 5] });
    assertEquals((valueOf(large) as string).length, MAX_RESULT_BYTES - 5);
    const error = errorOf(await harness.run({ code: long, args: [MAX_RESULT_BYTES] }));
    assertEquals(error.code, "MaxResultSizeExceeded");
    assertMatch(error.message, /10485765 bytes, at most 10485760/);
    const echo = python("def f(x):\n    return len(x)\n");
    assertEquals(valueOf(await harness.run({ code: echo, args: ["y".repeat(9e6)] })), 9e6);
  },
);

Deno.test(
  "Python: a generator's items become one array, in a file when it is large",
  { ignore },
  async () => {
    await using harness = await Harness.start();
    const some = python("def f(n):\n    for i in range(n):\n        yield {'i': i}\n");
    assertEquals(valueOf(await harness.run({ code: some, args: [0] })), []);
    assertEquals(valueOf(await harness.run({ code: some, args: [2] })), [{ i: 0 }, { i: 1 }]);
    const long = python("def f(n):\n    for i in range(n):\n        yield str(i) * 100_000\n");
    const items = valueOf(await harness.run({ code: long, args: [40] })) as string[];
    assertEquals([items.length, items[39].slice(0, 4)], [40, "3939"]);
    assertEquals(
      errorOf(await harness.run({ code: long, args: [999] })).code,
      "MaxResultSizeExceeded",
    );
    const odd = python("def f():\n    yield 'x' * 3_000_000\n    yield object()\n");
    assertEquals(errorOf(await harness.run({ code: odd })).type, "SerializationError");
    const raising = python("def f():\n    yield 1\n    raise KeyError('late')\n");
    const error = errorOf(await harness.run({ code: raising }));
    assertEquals([error.code, error.type], ["RemoteExecutionError", "KeyError"]);
    assertEquals(unfinishedIn(harness), []);
  },
);

Deno.test(
  "Python: what a worker was writing when it was killed is removed",
  { ignore },
  async () => {
    await using harness = await Harness.start();
    const code = python(`
import os, signal
def f():
    yield "x" * 3_000_000
    os.kill(os.getpid(), signal.SIGKILL)
`);
    const { outcome } = await harness.run({ code });
    assertEquals(outcome.kind, "lost");
    assertEquals(unfinishedIn(harness), []);
  },
);

Deno.test("Python: output of any origin goes to its own task, in order", { ignore }, async () => {
  // Set where the tests run, it would say that nothing is to be buffered.
  await using harness = await Harness.start({
    prefetch: 10,
    environment: { PYTHONUNBUFFERED: "" },
  });
  const code = python(`
import ctypes, os, subprocess, sys
def f(x):
    print("print", x)
    ctypes.CDLL(None).printf(b"C %d\\n", x)
    sys.stdout.write("write %d\\n" % x)
    os.system("echo system %d; echo wrong %d >&2" % (x, x))
    os.write(1, b"descriptor %d\\n" % x)
    subprocess.check_call(["echo", "child", str(x)])
    print("end", x, end="")
    print("oh", x, file=sys.stderr)
`);
  const all = await harness.runAll([1, 2, 3].map((x) => ({ code, args: [x] })));
  assertEquals(
    all.map(stdoutOf),
    [1, 2, 3].map((x) =>
      `print ${x}\nC ${x}\nwrite ${x}\nsystem ${x}\ndescriptor ${x}\nchild ${x}\nend ${x}`
    ),
  );
  assertEquals(all.map(stderrOf), [1, 2, 3].map((x) => `wrong ${x}\noh ${x}\n`));
});

Deno.test("Python: each of many short tasks gets what it wrote, and silent ones nothing", {
  ignore,
}, async () => {
  await using harness = await Harness.start({ prefetch: 20 });
  // Some end at once, some when the manager has read what they wrote, and some fill the pipe.
  const code = python(`
import os, subprocess, sys, time
def f(x):
    if x % 3 == 1:
        os.write(1 + x % 2, b"%d," % x)
    if x % 7 == 2:
        sys.stdout.write("%d," % x)
        sys.stderr.write("%d," % x)
    if x % 50 == 3:
        subprocess.check_call("printf %d, >&2" % x, shell=True)
    if x % 5 == 4:
        time.sleep(0.002)
    if x % 11 == 5:
        print("x" * 200000)
`);
  const numbers = [...Array(400).keys()];
  const all = await harness.runAll(numbers.map((x) => ({ code, args: [x] })));
  const text = (x: number, ...are: boolean[]): string =>
    are.map((is) => is ? `${x},` : "").join("");
  assertEquals(
    all.map((attempt) => [stdoutOf(attempt), stderrOf(attempt)]),
    numbers.map((x) => [
      text(x, x % 3 === 1 && x % 2 === 0, x % 7 === 2) +
      (x % 11 === 5 ? `${"x".repeat(200_000)}\n` : ""),
      text(x, x % 3 === 1 && x % 2 === 1, x % 7 === 2, x % 50 === 3),
    ]),
  );
});

Deno.test("Python: output works again for the next task, whatever the last one did to it", {
  ignore,
}, async () => {
  await using harness = await Harness.start({ prefetch: 10 });
  const next = {
    code: python("import os\ndef f():\n    print('here')\n    os.system('echo too')\n"),
  };
  for (
    const body of [
      "os.close(1); os.close(2)",
      "sys.stdout.close()",
      "sys.stdout = open(os.devnull, 'w')",
      "os.dup2(os.open(os.devnull, os.O_WRONLY), 1)",
      "os.chdir('/'); os.environ.clear()",
    ]
  ) {
    const bad = { code: python(`import os, sys\ndef f():\n    ${body}\n`) };
    const [, after] = await harness.runAll([bad, next]);
    assertEquals([body, stdoutOf(after!)], [body, "here\ntoo\n"]);
  }
});

Deno.test(
  "Python: the last of a flood of output is kept, the whole can be followed",
  { ignore },
  async () => {
    await using harness = await Harness.start();
    const code = python(
      "def f():\n    for i in range(300000):\n        print('line', i)\n    print('é' * 700000)\n",
    );
    const [taskId] = harness.give({ code });
    harness.executor.follow(taskId!, true);
    const attempt = await harness.end(taskId!);
    assertTrue(attempt.output.stdout.length <= MAX_TASK_OUTPUT_BYTES);
    assertMatch(stdoutOf(attempt), /^é{500000,}\n$/);
    let offset = 0;
    for (const chunk of harness.output) {
      assertEquals(chunk.offset, offset);
      offset += chunk.data.length;
    }
    assertTrue(offset > 3_000_000);
  },
);

Deno.test(
  "Python: output is seen while the task runs, also from when it is followed",
  { ignore },
  async () => {
    await using harness = await Harness.start();
    const file = `${harness.folder}/go`;
    const code = python(
      "import os, time\ndef f(go):\n    print('first')\n" +
        "    while not os.path.exists(go):\n        time.sleep(0.005)\n    print('last')\n",
    );
    const [taskId] = harness.give({ code, args: [file] });
    await harness.begin(taskId!);
    harness.executor.follow(taskId!, true);
    const seen = (): string =>
      harness.output.map(({ data }) => new TextDecoder().decode(data)).join("");
    await harness.until(() => seen() === "first\n");
    harness.executor.follow(taskId!, false);
    Deno.writeTextFileSync(file, "");
    assertEquals(stdoutOf(await harness.end(taskId!)), "first\nlast\n");
    assertEquals(seen(), "first\n");
  },
);

Deno.test("Python: walltime ends the task and what it started", { ignore }, async () => {
  await using harness = await Harness.start();
  const code = python(`
import signal, subprocess, sys
def f():
    child = subprocess.Popen(["sleep", "1000"])
    print(child.pid, flush=True)
    child.wait()
`);
  const attempt = await harness.run({ code, options: { walltime_seconds: 5 } });
  assertEquals(errorOf(attempt).code, "WALLTIME_EXCEEDED");
  const child = Number(stdoutOf(attempt));
  assertTrue(child > 0 && !isAlive(child));
  const next = await harness.run({ code: python("def f():\n    return 1\n") });
  assertEquals(valueOf(next), 1);
});

Deno.test("Python: a task that ignores the polite signal is killed", { ignore }, async () => {
  await using harness = await Harness.start();
  const code = python(
    "import signal, time\ndef f():\n    signal.signal(signal.SIGTERM, signal.SIG_IGN)\n" +
      "    print('deaf', flush=True)\n    time.sleep(1000)\n",
  );
  const [taskId] = harness.give({ code });
  harness.executor.follow(taskId!, true);
  await harness.until(() => harness.output.length > 0);
  harness.executor.cancel([taskId!]);
  assertEquals((await harness.end(taskId!)).outcome.kind, "cancelled");
});

Deno.test("Python: worker_init makes the environment of the interpreter", { ignore }, async () => {
  await using harness = await Harness.start({
    workerInit: "export GREETING=hello\necho noise",
    environment: { ADDED: "by the profile" },
  });
  const code = python(
    "import os\ndef f(*names):\n    return [os.environ.get(n) for n in names]\n",
  );
  const args = ["GREETING", "ADDED", "FUNCX_TOKEN_FILE"];
  assertEquals(valueOf(await harness.run({ code, args })), ["hello", "by the profile", null]);
});

Deno.test("Python: an interpreter that is killed while it is asked is asked again", {
  ignore,
}, async () => {
  await using harness = await Harness.start({
    workerInit: "[ -e asked ] || { : > asked; kill -9 $$; }",
  });
  assertTrue(harness.executor.runtimes.includes("python"));
  assertEquals(valueOf(await harness.run({ code: python("def f():\n    return 1\n") })), 1);
});

Deno.test(
  "Python: with a sandbox each task has an empty folder, which is removed",
  { ignore },
  async () => {
    await using harness = await Harness.start({ sandbox: true, prefetch: 3 });
    const code = python(`
import os
def f():
    found = os.listdir(".")
    open("left", "w").close()
    return [found, os.getcwd()]
`);
    const all = await harness.runAll([1, 2, 3].map(() => ({ code })));
    const folders = all.map((attempt) => valueOf(attempt) as [string[], string]);
    assertEquals(folders.map(([found]) => found), [[], [], []]);
    assertEquals(new Set(folders.map(([, folder]) => folder)).size, 3);
    await harness.executor.close();
    assertEquals([...Deno.readDirSync(`${harness.folder}/tasks`)], []);
  },
);

Deno.test(
  "Python: what a function writes to its worker's records never leaves the endpoint",
  { ignore },
  async () => {
    await using harness = await Harness.start();
    // A result with times that no clock shows, an error that is none, a type that nobody sends.
    const code = python(`
import os, struct
def f(kind):
    head = struct.pack("<IBdd", 0, 1 if kind == "error" else 0, *[float("nan") if kind == "time" else 1.0] * 2)
    body = bytes([99 if kind == "type" else 18]) + head + b"{}"
    os.write(3, struct.pack("<I", len(body)) + body)
    while True:
        pass
`);
    for (const kind of ["time", "error", "type"]) {
      const { outcome, timeline } = await harness.run({ code, args: [kind] });
      assertEquals(outcome.kind, "lost");
      assertTrue(timeline.every(({ at }) => Number.isFinite(at)));
    }
    const type = python("def f():\n    raise type('X' * 300000, (Exception,), {})('no')\n");
    assertEquals(errorOf(await harness.run({ code: type })).type.length, 200);
  },
);

Deno.test("Python: whatever a function does to its worker, the next task runs", {
  ignore,
}, async () => {
  await using harness = await Harness.start();
  const next = python(
    "import os, signal, sys\ndef f():\n    return [signal.getsignal(signal.SIGTERM) == " +
      "signal.SIG_DFL, signal.getitimer(signal.ITIMER_REAL)[0], sys.getrecursionlimit() < 5000]\n",
  );
  const bodies: [body: string, expected: RegExp][] = [
    ["os._exit(7)", /lost: .*exit status 7 .*ended the process/],
    ["os.closerange(3, 1000)", /lost: .*exit status 113 .*closed descriptors/],
    ["signal.signal(signal.SIGTERM, signal.SIG_IGN); signal.alarm(100)", /success/],
    ["sys.setrecursionlimit(100000)", /success/],
    ["threading.Thread(target=time.sleep, args=(1000,), daemon=True).start()", /success/],
    ["os.kill(os.getpid(), signal.SIGSEGV)", /lost: .*SIGSEGV .*recursed deeper/],
  ];
  for (const [body, expected] of bodies) {
    const code = python(`import os, signal, sys, threading, time\ndef f():\n    ${body}\n`);
    const { outcome } = await harness.run({ code });
    const told = outcome.kind === "lost"
      ? `lost: ${outcome.error.message} ${outcome.error.hint}`
      : outcome.kind;
    assertMatch(told, expected);
    assertEquals([body, valueOf(await harness.run({ code: next }))], [body, [true, 0, true]]);
  }
  const caught = python(
    "import sys\ndef f():\n    try:\n        sys.exit(3)\n    except SystemExit as e:\n        return e.code\n",
  );
  assertEquals(valueOf(await harness.run({ code: caught })), 3);
});

Deno.test("Python: the SDK's serializers of results are tried in order, and all reasons told", {
  ignore,
}, async () => {
  await using harness = await Harness.start();
  const path = (name: string): string => `globus_compute_sdk.serialize.concretes.${name}`;
  const resultOf = async (value: string, ...names: string[]): Promise<string> => {
    const attempt = await harness.run({
      code: python(`def f():\n    return ${value}\n`),
      options: { result_serializers: names.map(path) },
    });
    return attempt.outcome.kind === "success"
      ? new TextDecoder().decode(attempt.outcome.result)
      : errorOf(attempt).message;
  };
  assertEquals(await resultOf("(1, float('nan'))", "Nonsense", "JSONData"), "11\n[1, NaN]");
  assertEquals(
    await resultOf("f", "JSONData", "PureSourceTextInspect"),
    "st\nf:def f():\n    return f\n",
  );
  const failed = await resultOf("object()", "Nonsense", "PureSourceTextInspect", "JSONData");
  assertMatch(failed, /type object, cannot be serialized. All strategies failed\./);
  assertMatch(failed, /Nonsense: .*not a known serialization strategy/);
  assertMatch(failed, /PureSourceTextInspect is a code serialization strategy, expected a data/);
  assertMatch(failed, /JSONData: TypeError/);
});

Deno.test("Python: bytecode of another Python is not loaded, whoever says which that is", {
  ignore,
}, async () => {
  await using harness = await Harness.start();
  const pickle = (opcodes: string): string => `02\n${btoa(opcodes)}\n`;
  // Of this pickle only the name is read: were it loaded, the task would say so.
  const bytecode = pack([pickle("cos\n_exit\n(I3\ntR._create_code")]);
  for (
    const client of [
      { python: "3.99.1" },
      { function_python: "3.99.1" },
      { python: "3.6.1", function_python: "3.99.1" },
    ]
  ) {
    const error = errorOf(await harness.run({ code: bytecode, options: { client } }));
    assertMatch(
      error.message,
      /serialized by Python 3\.99\.1 as its bytecode, which Python 3\.\d+/,
    );
    assertMatch(error.hint ?? "", /Two ways out: Python 3\.\d+ at the client, or Python 3\.99 at/);
  }
  // The function's own Python counts, not that of who runs it.
  const { version } = (await harness.run({ code: python("def f():\n    return 1\n") })).details;
  const theirs = await harness.run({
    code: pack([pickle("cbuiltins\nlen\n.")]),
    payload: jsonPayload([[1, 2]]),
    options: { client: { python: "3.99.1", function_python: String(version) } },
  });
  assertEquals(valueOf(theirs), 2);
});

Deno.test("Python: tasks of the SDK find their variables, others do not", { ignore }, async () => {
  await using harness = await Harness.start({ sandbox: true });
  const code = python(
    "import os\ndef f():\n    return [os.environ.get('GC_TASK_UUID'), os.environ.get('GC_TASK_SANDBOX_DIR'), os.getcwd()]\n",
  );
  const attempt = await harness.run({ code, options: { client: { python: "3.99.1" } } });
  const [id, folder, cwd] = valueOf(attempt) as string[];
  assertEquals([id, folder], [attempt.taskId, cwd]);
  assertMatch(attempt.details.python_version as string, /^3\./);
  assertMatch(attempt.details.os as string, /^Linux-/);
  const other = await harness.run({ code });
  assertEquals((valueOf(other) as unknown[]).slice(0, 2), [null, null]);
  assertEquals(other.details.os, undefined);
});
