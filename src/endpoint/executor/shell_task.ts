/** One shell command: a process group of its own, from its start to its result. */
import { hostname } from "node:os";
import { withFiles } from "../../contract/blob_files.ts";
import type { FilesBody } from "../../contract/blob_reference.ts";
import {
  EnvelopeError,
  HEADERS,
  jsonBuffer,
  readBuffer,
  readSourceFunction,
  unpack,
} from "../../contract/envelope.ts";
import { MAX_RESULT_BYTES } from "../../contract/limits.ts";
import { wallClock } from "../../lib/clock.ts";
import { parseKeepingNumbers } from "../../lib/exact_json.ts";
import { messageOf } from "../../lib/outcome.ts";
import type { Contained, Containers } from "./containers/containers.ts";
import { containerNotStarted } from "./containers/start_failure.ts";
import { type Assignment, manageError } from "./assignment.ts";
import type { CommandExit, RunningCommand } from "./command_spawner.ts";
import type { AttemptOutcome, ExecutorEvents, TaskAttempt } from "./executor.ts";
import { isJobEndCode } from "./exit_reason.ts";
import { endGroup } from "./process_group.ts";
import type { Placement } from "./resources/placement.ts";
import { programFile } from "./runtimes/plain_command.ts";
import type { ShellRuntime } from "./runtimes/shell.ts";
import { type FilledTemplate, fillTemplate, TemplateError } from "./runtimes/shell_template.ts";

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
  /** For an assignment with an image. */
  readonly containers: Containers | null;
  readonly folder: string;
  readonly placement: Placement;
  /** Live output. */
  readonly output: ExecutorEvents;
}

export class ShellTask {
  readonly assignment: Assignment;
  /** Settles when nothing of it is left. */
  readonly ended: Promise<void>;
  readonly #options: ShellTaskOptions;
  readonly #events: ShellTaskEvents;
  #command: RunningCommand | null = null;
  #contained: Contained | null = null;
  /** It is to end as soon as there is something to be ended. */
  #isUnwanted = false;
  #since = 0;
  #until: number | null = null;

  constructor(options: ShellTaskOptions, events: ShellTaskEvents) {
    this.assignment = options.assignment;
    this.#options = options;
    this.#events = events;
    this.ended = this.#run();
  }

  /** Since when it runs, by `performance.now()`. */
  get running(): { readonly assignment: Assignment; readonly since: number } | null {
    return this.#command === null ? null : { assignment: this.assignment, since: this.#since };
  }

  /** Its leader. */
  get pid(): number | undefined {
    return this.#command?.pid;
  }

  /** Milliseconds that it has run, or ran. */
  get duration(): number {
    return this.#command === null ? 0 : (this.#until ?? performance.now()) - this.#since;
  }

  /** Ends its process group; `ended` follows. */
  end(): void {
    this.#isUnwanted = true;
    if (this.#command !== null) void endGroup(this.#command.pid, this.#command.exited);
  }

  async #run(): Promise<void> {
    // Whoever made this has to know it before it hears of it.
    await null;
    const { attempt } = this.assignment;
    let filled: FilledTemplate;
    let command: RunningCommand;
    try {
      filled = fill(decoder.decode(attempt.code), decoder.decode(attempt.payload), attempt.blobs);
      command = await this.#start(filled);
    } catch (thrown) {
      await this.#contained?.ended(true);
      this.#events.ended({ kind: "failed", error: startError(thrown) }, {});
      return;
    }
    this.#command = command;
    this.#since = performance.now();
    this.assignment.begunAt = wallClock();
    this.#events.started();
    if (this.#isUnwanted) this.end();
    const exit = await this.#follow(command);
    this.#until = performance.now();
    this.assignment.isSignalled = isJobEndCode(exit.returncode);
    const failure = this.#contained?.hasBegun() === false ? this.#notBegun(exit) : null;
    await this.#contained?.ended(exit.returncode >= 0 && !this.#isUnwanted);
    const outcome = failure ?? this.#outcome(exit, filled.text);
    this.#events.ended(outcome, this.#details(command, exit));
  }

  async #start(filled: FilledTemplate): Promise<RunningCommand> {
    const { image } = this.assignment;
    if (image !== null) return await this.#startInside(filled, image);
    if (filled.words !== null) {
      const started = await this.#startPlain(filled.words);
      if (started !== null) return started;
    }
    const { runtime } = this.#options;
    const init = runtime.workerInit.trim() === "" ? "" : `${runtime.workerInit}\n`;
    const words = [runtime.shell, "-c", init + filled.script];
    return await this.#spawn(runtime.shell, words, filled.variables);
  }

  #startInside({ script, variables }: FilledTemplate, image: string): Promise<RunningCommand> {
    const { containers, runtime, folder, placement } = this.#options;
    const ofPlace = placement.environmentOf(runtime.environment);
    const environment = { ...ofPlace, ...variables, PWD: folder };
    this.#contained = containers!.shell(image, script, folder, environment);
    const { command } = this.#contained;
    return this.#spawn(command[0]!, command, variables);
  }

  /** The command was not started: what there is of output is the container program's. */
  #notBegun({ returncode }: CommandExit): AttemptOutcome {
    const { containers } = this.#options;
    const error = containerNotStarted({
      program: containers!.program,
      image: this.assignment.image!,
      inside: containers!.insideShell,
      how: returncode < 0 ? `signal ${-returncode}` : `exit code ${returncode}`,
      lastWords: decoder.decode(this.assignment.outputOf("stderr")),
    });
    return { kind: "failed", error };
  }

  /** Null when it is for the shell to start it, or to say why it cannot be started. */
  async #startPlain(words: readonly string[]): Promise<RunningCommand | null> {
    const { startsPlainCommands, environment, spawner } = this.#options.runtime;
    if (!startsPlainCommands) return null;
    const path = environment.PATH ?? "";
    const file = programFile(words[0]!, path, (each) => spawner.isExecutable(each));
    if (file === null) return null;
    try {
      return await this.#spawn(file, words, {});
    } catch {
      return null;
    }
  }

  #spawn(
    file: string,
    words: readonly string[],
    variables: Readonly<Record<string, string>>,
  ): Promise<RunningCommand> {
    const { runtime, folder, placement, output } = this.#options;
    const command = {
      file,
      words,
      folder,
      environment: placement.environmentOf(runtime.environment),
      variables: { ...variables, PWD: folder },
      binding: placement.binding,
    };
    return runtime.spawner.start(
      command,
      (stream, data) => this.assignment.append(stream, data, output),
    );
  }

  /** Until the command has ended, nothing of its group is left, and its output is complete. */
  async #follow(command: RunningCommand): Promise<CommandExit> {
    const exit = await command.exited;
    // Mostly the command was all there was of its group.
    if (command.hasGroup()) await endGroup(command.pid, command.exited);
    await command.drained();
    return exit;
  }

  #details(
    { pid }: RunningCommand,
    { returncode: _, ...used }: CommandExit,
  ): Readonly<Record<string, unknown>> {
    const { shell } = this.#options.runtime;
    const duration = this.duration / 1_000;
    return { runtime: "shell", version: shell, hostname: HOSTNAME, pid, duration, ...used };
  }

  #outcome({ returncode }: CommandExit, cmd: string): AttemptOutcome {
    const result = new TextEncoder().encode(jsonBuffer({
      returncode,
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

function fill(
  code: string,
  payload: string,
  blobs: TaskAttempt["blobs"] = {},
): FilledTemplate {
  const [positional, keyword] = unpack(payload).map((buffer) => argumentsIn(buffer, blobs)) as [
    readonly unknown[],
    Readonly<Record<string, unknown>>,
  ];
  return fillTemplate(readSourceFunction(code).source, { positional, keyword });
}

function argumentsIn(buffer: string, blobs: Readonly<Record<string, string>>): unknown {
  const { header, body } = readBuffer(buffer);
  switch (header) {
    case HEADERS.json:
      return parseKeepingNumbers(body);
    case HEADERS.files:
      return withFiles(parseKeepingNumbers(body) as FilesBody, (key) => blobs[key]);
    case HEADERS.blob:
      // Longer than any system takes for a command.
      throw new TooLongError("argument list too long");
  }
  throw new EnvelopeError(
    `the arguments are serialized for Python (header ${header}); a command takes JSON`,
  );
}

/** Arguments that are too large for a request are too large for a command. */
class TooLongError extends Error {
  override readonly name = "TooLongError";
}

function startError(thrown: unknown): ReturnType<typeof manageError> {
  const message = messageOf(thrown);
  if (/argument list too long/i.test(message)) {
    return manageError(
      "CouldNotExecuteUserTaskError",
      "the command and its values are longer than this system takes",
      "Send long values as a file: run --file NAME=PATH, or FileArgument.",
    );
  }
  const hint = thrown instanceof TemplateError
    ? "Pass every field of the template: by name with keyword arguments, {0} by position."
    : "Check the shell, its working folder and the limits on processes of this user.";
  return manageError("CouldNotExecuteUserTaskError", message, hint);
}
