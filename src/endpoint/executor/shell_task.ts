/** One shell command: a process group of its own, from its start to its result. */
import { constants, hostname } from "node:os";
import {
  EnvelopeError,
  jsonBuffer,
  readBuffer,
  readSourceFunction,
  unpack,
} from "../../contract/envelope.ts";
import { MAX_RESULT_BYTES } from "../../contract/limits.ts";
import { withTimeout } from "../../lib/async.ts";
import { wallClock } from "../../lib/clock.ts";
import { messageOf } from "../../lib/outcome.ts";
import { type Assignment, manageError } from "./assignment.ts";
import type { AttemptOutcome, ExecutorEvents } from "./executor.ts";
import { STREAMS } from "./ipc.ts";
import { endGroup, signalGroup } from "./process_group.ts";
import type { ShellRuntime } from "./runtimes/shell.ts";
import { type FilledTemplate, fillTemplate, TemplateError } from "./runtimes/shell_template.ts";

/** What a process that holds a descriptor open may still write after the command's end, ms. */
const DRAIN_TIME = 250;
const HOSTNAME = hostname();
const decoder = new TextDecoder();

export interface ShellTaskEvents {
  started(): void;
  /** Once, last; nothing of its process group is left. */
  ended(outcome: AttemptOutcome, details: Readonly<Record<string, unknown>>): void;
}

export interface ShellTaskOptions {
  readonly assignment: Assignment;
  readonly runtime: ShellRuntime;
  readonly folder: string;
  /** Live output. */
  readonly output: ExecutorEvents;
}

export class ShellTask {
  readonly assignment: Assignment;
  /** Settles when nothing of it is left. */
  readonly ended: Promise<void>;
  readonly #options: ShellTaskOptions;
  readonly #events: ShellTaskEvents;
  #child: Deno.ChildProcess | null = null;
  #since = 0;

  constructor(options: ShellTaskOptions, events: ShellTaskEvents) {
    this.assignment = options.assignment;
    this.#options = options;
    this.#events = events;
    this.ended = this.#run();
  }

  /** Since when it runs, by `performance.now()`. */
  get running(): { readonly assignment: Assignment; readonly since: number } | null {
    return this.#child === null ? null : { assignment: this.assignment, since: this.#since };
  }

  /** Ends its process group; `ended` follows. */
  end(): void {
    if (this.#child !== null) void endGroup(this.#child.pid, this.#child.status);
  }

  async #run(): Promise<void> {
    // Whoever made this has to know it before it hears of it.
    await null;
    const { attempt } = this.assignment;
    let filled: FilledTemplate;
    let child: Deno.ChildProcess;
    try {
      filled = fill(decoder.decode(attempt.code), decoder.decode(attempt.payload));
      child = this.#spawn(filled);
    } catch (thrown) {
      this.#events.ended({ kind: "failed", error: startError(thrown) }, {});
      return;
    }
    this.#child = child;
    this.#since = performance.now();
    this.assignment.begunAt = wallClock();
    this.#events.started();
    const status = await this.#follow(child);
    const duration = (performance.now() - this.#since) / 1000;
    const { shell } = this.#options.runtime;
    const details = {
      runtime: "shell",
      version: shell,
      hostname: HOSTNAME,
      pid: child.pid,
      duration,
    };
    this.#events.ended(this.#outcome(status, filled.text), details);
  }

  #spawn({ script, variables }: FilledTemplate): Deno.ChildProcess {
    const { runtime, folder } = this.#options;
    const init = runtime.workerInit.trim() === "" ? "" : `${runtime.workerInit}\n`;
    const command = [runtime.shell, "-c", init + script];
    const [program, ...args] = runtime.setsid === null ? command : [runtime.setsid, ...command];
    return new Deno.Command(program!, {
      args,
      cwd: folder,
      env: { ...runtime.environment, ...variables },
      clearEnv: true,
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
      detached: runtime.setsid === null,
    }).spawn();
  }

  /** Reads the output until the command has ended and nothing of its group is left. */
  async #follow(child: Deno.ChildProcess): Promise<Deno.CommandStatus> {
    const readers = STREAMS.map((stream) => ({ stream, reader: child[stream].getReader() }));
    const drained = Promise.all(readers.map(async ({ stream, reader }) => {
      for (let next = await reader.read(); !next.done; next = await reader.read()) {
        this.assignment.append(stream, next.value, this.#options.output);
      }
    }));
    const status = await child.status;
    // Mostly the command was all there was of its group.
    if (signalGroup(child.pid, 0)) await endGroup(child.pid, child.status);
    await withTimeout(drained, DRAIN_TIME);
    await Promise.all(readers.map(({ reader }) => reader.cancel()));
    return status;
  }

  #outcome(status: Deno.CommandStatus, cmd: string): AttemptOutcome {
    const result = new TextEncoder().encode(jsonBuffer({
      returncode: returnCode(status),
      stdout: decoder.decode(this.assignment.outputOf("stdout")),
      stderr: decoder.decode(this.assignment.outputOf("stderr")),
      cmd,
    }));
    if (result.length <= MAX_RESULT_BYTES) return { kind: "success", result };
    return {
      kind: "failed",
      error: manageError(
        "MaxResultSizeExceeded",
        `the result has ${result.length} bytes, at most ${MAX_RESULT_BYTES} are taken`,
        "Let the command write to a file.",
      ),
    };
  }
}

function fill(code: string, payload: string): FilledTemplate {
  const buffers = unpack(payload).map((buffer) => readBuffer(buffer));
  const foreign = buffers.find(({ header }) => header !== "11");
  if (foreign !== undefined) {
    throw new EnvelopeError(
      `the arguments are serialized for Python (header ${foreign.header}); a command takes JSON`,
    );
  }
  const [positional, keyword] = buffers.map(({ body }) => JSON.parse(body));
  return fillTemplate(readSourceFunction(code).source, { positional, keyword });
}

/** A command that a signal ended has the signal's number, negative, as Python's subprocess says it. */
function returnCode({ code, signal }: Deno.CommandStatus): number {
  return signal === null
    ? code
    : -(constants.signals[signal as keyof typeof constants.signals] ?? 1);
}

function startError(thrown: unknown): ReturnType<typeof manageError> {
  const message = messageOf(thrown);
  if (/argument list too long/i.test(message)) {
    return manageError(
      "CouldNotExecuteUserTaskError",
      "the command and its values are longer than this system takes",
      "Put long values into a file, and pass its path.",
    );
  }
  const hint = thrown instanceof TemplateError
    ? "Pass every field of the template: by name with keyword arguments, {0} by position."
    : "Check the shell, its working folder and the limits on processes of this user.";
  return manageError("CouldNotExecuteUserTaskError", message, hint);
}
