/** The Python runtime: the site's own interpreter, to which the worker's modules are sent. */
import { type ProgramAnswer, runProgram } from "../../../lib/run_program.ts";
import type { Detected, WorkerRuntime } from "./runtime.ts";
import ENVELOPE from "./python_worker/envelope.py" with { type: "text" };
import ERRORS from "./python_worker/errors.py" with { type: "text" };
import GLOBUS from "./python_worker/globus.py" with { type: "text" };
import PROCESSES from "./python_worker/processes.py" with { type: "text" };
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
  ["funcx_globus", GLOBUS, "late"],
  ["funcx_processes", PROCESSES, "late"],
  ["funcx_errors", ERRORS],
  ["funcx_envelope", ENVELOPE],
  ["funcx_output", OUTPUT],
  ["funcx_worker", WORKER],
] as const;

/**
 * Reads the modules from descriptor 4 and runs them, but for late ones, which others ask for. The empty entry of sys.path, the working folder,
 * is put back by the worker after its imports.
 */
const IMPORTS = `import json, os, sys
sys.path[:1] = []
`;
const BOOTSTRAP = `def read(size):
    data = b""
    while len(data) < size:
        part = os.read(4, size - len(data))
        if not part: os._exit(0)
        data += part
    return data
def late(name):
    if name not in sys.modules:
        module = sys.modules[name] = type(sys)(name)
        exec(compile(sources[name], "<funcx " + name + ">", "exec"), module.__dict__)
    return sys.modules[name]
sources = {}
sys.modules["funcx_late"] = type(sys)("funcx_late")
sys.modules["funcx_late"].late = late
for name, source, *when in json.loads(read(int.from_bytes(read(4), "little")).decode()):
    sources[name] = source
    if not when: late(name)`;

/**
 * Before it in a container: descriptors 3 to 5 are connections to the socket at the first argument. The
 * first process of a container would ignore signals and wait for nobody's children, so the worker is
 * one that it starts.
 */
const CONNECT = `import signal, socket
if os.getpid() == 1:
    child = os.fork()
    if child:
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, lambda number, frame: os.kill(child, number))
        ended = 0
        while ended != child:
            ended, status = os.waitpid(-1, 0)
        os._exit(os.WEXITSTATUS(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status))
    os.setsid()
for descriptor in (3, 4, 5):
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(sys.argv[1])
    given = connection.detach()
    if given != descriptor:
        os.dup2(given, descriptor)
        os.close(given)
del sys.modules["socket"], socket
`;

/**
 * Nothing that C code prints waits in the process: it would be lost with it, or be taken for output of
 * a later task. Python's own streams the worker makes itself.
 */
const UNBUFFERED = "-u";

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
  const command = pythonCommand(options, IMPORTS + BOOTSTRAP);
  const { environment } = options;
  const runtime = pythonRuntime({
    id: "python",
    version: version.slice(1).join("."),
    command,
    environment,
  });
  return { kind: "available", runtime };
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

/** A worker in a container. @param socket its path, inside and outside */
export function containedPythonCommand(interpreter: string, socket: string): string[] {
  return [interpreter, UNBUFFERED, "-c", IMPORTS + CONNECT + BOOTSTRAP, socket];
}

export function pythonRuntime(
  options: Pick<WorkerRuntime, "id" | "version" | "command" | "environment" | "image" | "contain">,
): WorkerRuntime {
  const source = new TextEncoder().encode(JSON.stringify(MODULES));
  const preamble = new Uint8Array(4 + source.length);
  new DataView(preamble.buffer).setUint32(0, source.length, true);
  preamble.set(source, 4);
  return {
    ...options,
    name: "python",
    preamble,
    settings: {},
    marksOutput: true,
    recallDescriptor: 5,
    reportsEachBegin: true,
  };
}

/** `exec` keeps the process id, which is that of the process group. */
function pythonCommand(options: PythonOptions, program: string): string[] {
  const python = [options.interpreter, UNBUFFERED, "-c", program];
  if (options.workerInit.trim() === "") return python;
  return ["/bin/sh", "-c", `${options.workerInit}\nexec "$0" "$@"`, ...python];
}
