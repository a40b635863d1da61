/** The Python runtime: the site's own interpreter, to which the worker's modules are sent. */
import { type ProgramAnswer, runProgram } from "../../../lib/run_program.ts";
import type { Detected, WorkerRuntime } from "./runtime.ts";
import ENVELOPE from "./python_worker/envelope.py" with { type: "text" };
import ERRORS from "./python_worker/errors.py" with { type: "text" };
import OUTPUT from "./python_worker/output.py" with { type: "text" };
import WORKER from "./python_worker/worker.py" with { type: "text" };

export interface PythonOptions {
  /** Absolute path or a name on PATH. */
  readonly interpreter: string;
  /** Shell lines before it; may be empty. */
  readonly workerInit: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly workingFolder: string;
}

/** A slow network home and a large environment to activate take their time. */
const DETECTION_TIMEOUT = 60_000;
/** How often an interpreter is asked that is killed before it answers, by a lack of memory maybe. */
const DETECTION_ATTEMPTS = 3;
const MINIMUM_MINOR_VERSION = 6;

/** In the order in which they import each other; the last one runs. */
const MODULES = [
  ["funcx_errors", ERRORS],
  ["funcx_envelope", ENVELOPE],
  ["funcx_output", OUTPUT],
  ["funcx_worker", WORKER],
] as const;

/**
 * Reads the modules from descriptor 4 and runs them. The empty entry of sys.path, the working folder,
 * is put back by the worker after its imports.
 */
const BOOTSTRAP = `import json, os, sys
sys.path[:1] = []
def read(size):
    data = b""
    while len(data) < size:
        part = os.read(4, size - len(data))
        if not part: os._exit(0)
        data += part
    return data
for name, source in json.loads(read(int.from_bytes(read(4), "little")).decode()):
    module = sys.modules[name] = type(sys)(name)
    exec(compile(source, "<funcx " + name + ">", "exec"), module.__dict__)`;

const VERSION_QUESTION = "import sys; print('python', *sys.version_info[:3])";

/** Asks the interpreter for its version, in the environment that workers get. */
export async function detectPython(options: PythonOptions): Promise<Detected<WorkerRuntime>> {
  const { interpreter } = options;
  const hint = `Install Python 3.${MINIMUM_MINOR_VERSION} or later, or name an interpreter in ` +
    "the profile: executor.runtimes.python.interpreter.";
  const answer = await askForVersion(options);
  if (answer.kind === "failed") {
    return { kind: "missing", reason: `${interpreter} does not run: ${answer.why}`, hint };
  }
  // worker_init may print lines of its own before.
  const version = /^python (\d+) (\d+) (\d+)$/m.exec(answer.stdout);
  if (version === null) {
    return { kind: "missing", reason: `${interpreter} does not answer as Python does`, hint };
  }
  const [major, minor] = [Number(version[1]), Number(version[2])];
  if (major !== 3 || minor < MINIMUM_MINOR_VERSION) {
    const found = version.slice(1).join(".");
    return { kind: "missing", reason: `${interpreter} is Python ${found}`, hint };
  }
  return { kind: "available", runtime: pythonRuntime(options) };
}

async function askForVersion(options: PythonOptions): Promise<ProgramAnswer> {
  const [program, ...args] = pythonCommand(options, VERSION_QUESTION);
  for (let attempt = 1;; attempt++) {
    const answer = await runProgram(program!, args, {
      env: options.environment,
      clearEnv: true,
      cwd: options.workingFolder,
      patience: DETECTION_TIMEOUT,
    });
    const isKilled = answer.kind === "failed" && answer.killed === true;
    if (!isKilled || attempt === DETECTION_ATTEMPTS) return answer;
  }
}

function pythonRuntime(options: PythonOptions): WorkerRuntime {
  const source = new TextEncoder().encode(JSON.stringify(MODULES));
  const preamble = new Uint8Array(4 + source.length);
  new DataView(preamble.buffer).setUint32(0, source.length, true);
  preamble.set(source, 4);
  return {
    name: "python",
    command: pythonCommand(options, BOOTSTRAP),
    environment: options.environment,
    preamble,
    settings: {},
    marksOutput: true,
    recallDescriptor: 5,
    reportsEachBegin: true,
  };
}

/** `exec` keeps the process id, which is that of the process group. */
function pythonCommand(options: PythonOptions, program: string): string[] {
  const python = [options.interpreter, "-c", program];
  if (options.workerInit.trim() === "") return python;
  return ["/bin/sh", "-c", `${options.workerInit}\nexec "$0" "$@"`, ...python];
}
