import type { FinishedTask, FollowEvent } from "../../contract/api.ts";
import { EXIT } from "../../contract/errors.ts";
import type { TaskId } from "../../contract/ids.ts";
import type { Client } from "../../client/client.ts";
import { resultOf } from "../../client/pending_task.ts";
import { connect } from "../client.ts";
import { defineCommand } from "../command.ts";
import type { CliContext } from "../context.ts";
import { parseArgument, parseKeywordArguments } from "../tasks/arguments.ts";
import { oneLine } from "../output/style.ts";
import { chooseEndpoint } from "../tasks/endpoint_choice.ts";
import { ENDPOINT_FLAG, PRIORITY_FLAG, TIMEOUT_FLAG } from "../tasks/flags.ts";
import { fileArguments } from "../tasks/file_arguments.ts";
import { chooseFunction, type ChosenFunction } from "../tasks/function_choice.ts";
import { LiveStream } from "../tasks/live_output.ts";
import { type parseResource, RESOURCE_FLAG, resourceSpecification } from "../tasks/resources.ts";
import { warnOfOtherPython } from "../tasks/other_python.ts";
import { uploadBar } from "../tasks/upload_bar.ts";
import { exitOf, isShellResult, shellExit, showOutcome, taskDocument } from "../tasks/outcome.ts";
import { OutageNotice, WaitedTooLong, waitForTask } from "../tasks/waiting.ts";
import { watchWaitingCause } from "../tasks/waiting_cause.ts";

interface Flags {
  readonly endpoint?: string;
  readonly kwargs?: string;
  readonly file?: readonly string[];
  readonly noWait: boolean;
  readonly priority?: number;
  readonly resource?: readonly ReturnType<typeof parseResource>[];
  readonly timeout?: number;
}

const FUNCTION_AND_ARGUMENTS = {
  placeholder: "FUNCTION, ARGS",
  brief: "Id or name of a function, or a file: f.ts, f.js, f.py, f.sh, f.py:name; its arguments",
  parse: String,
};

export const command = defineCommand<Flags, string[]>({
  description:
    "ARGS are JSON values; a word that is none is a string. The result goes to standard " +
    "output: a string as it is, any other value as JSON. What the function prints goes to standard " +
    "error while it runs; a shell function's output goes where it belongs.\n\n" +
    "Ctrl-C and --timeout cancel the task. Put -- before arguments that begin with a dash.",
  parameters: {
    flags: {
      endpoint: ENDPOINT_FLAG,
      kwargs: {
        kind: "parsed",
        brief: "Keyword arguments as a JSON object; they fill the {fields} of a shell template",
        placeholder: "json",
        parse: String,
        optional: true,
      },
      file: {
        kind: "parsed",
        brief: "A file as a keyword argument; the function gets the path of a copy. Repeatable",
        placeholder: "name=path",
        parse: String,
        variadic: true,
        optional: true,
      },
      noWait: { kind: "boolean", brief: "Print the task's id and leave", withNegated: false },
      priority: PRIORITY_FLAG,
      resource: RESOURCE_FLAG,
      timeout: { ...TIMEOUT_FLAG, brief: "Cancel the task when it takes longer" },
    },
    aliases: { e: "endpoint" },
    positional: { kind: "array", minimum: 1, parameter: FUNCTION_AND_ARGUMENTS },
  },
  run: async (context, flags, ...words) => {
    const [reference, ...args] = words as [string, ...string[]];
    const { signal } = context;
    const values = args.map(parseArgument);
    const named = { ...parseKeywordArguments(flags.kwargs), ...await fileArguments(flags.file) };
    await using bar = uploadBar(context);
    const client = await connect(context, { onUpload: bar.told });
    const [fn, endpoint] = await Promise.all([
      chooseFunction(client, reference),
      chooseEndpoint(context, client, flags.endpoint),
    ]);
    if (endpoint.status === "offline") {
      context.output.warn(`endpoint ${endpoint.name} is not online; the task waits for it`);
    }
    await warnOfOtherPython(context, client, fn, endpoint);
    signal.throwIfAborted();
    const payload = await client.blobs.payload(values, named);
    bar.stop();
    const deadline = flags.timeout === undefined
      ? undefined
      : performance.now() + flags.timeout * 1_000;
    const receipt = await client.submit(endpoint.uuid, {
      tasks: { [fn.functionId]: [payload] },
      priority: flags.priority,
      resource_specification: resourceSpecification(flags.resource),
    });
    const taskId = receipt.tasks[fn.functionId]![0]!;
    if (flags.noWait) {
      await context.output.show({ task_id: taskId }, () => taskId);
      return EXIT.ok;
    }
    return await finish(context, client, { taskId, fn, deadline });
  },
});

interface RunningTask {
  readonly taskId: TaskId;
  readonly fn: ChosenFunction;
  readonly deadline?: number;
}

/** Waits, shows, and gives the exit code. */
async function finish(context: CliContext, client: Client, running: RunningTask): Promise<number> {
  const { output } = context;
  const { fn } = running;
  const live = output.json ? undefined : new LiveOutput(context, fn.runtime);
  const task = await endOf(context, client, running, (event) => live?.event(event));
  if (live === undefined) {
    await output.show(taskDocument(task), () => "");
    return exitOf(task, fn.runtime);
  }
  const value = task.status === "success" && fn.runtime === "shell" ? resultOf(task) : undefined;
  if (isShellResult(value)) {
    live.end(value.stdout, value.stderr);
    return shellExit(context, value);
  }
  live.end(task.stdout ?? "", task.stderr ?? "");
  return showOutcome(context, task, fn.runtime);
}

/** Cancels the task when the user ends the waiting before it; nothing else ends what may run for hours. */
async function endOf(
  context: CliContext,
  client: Client,
  { taskId, deadline }: RunningTask,
  onEvent: (event: FollowEvent) => void,
): Promise<FinishedTask> {
  const { output, signal } = context;
  const ended = new AbortController();
  void watchWaitingCause({
    client,
    taskId,
    signal: ended.signal,
    tell: (cause) => output.warn(`the task waits: ${oneLine(cause)}`),
  });
  try {
    const outages = new OutageNotice(output);
    return await waitForTask({ client, taskId, deadline, signal, onEvent, outages });
  } catch (thrown) {
    ended.abort();
    if (signal.aborted || thrown instanceof WaitedTooLong) await cancel(context, client, taskId);
    else output.warn(leftAlone(taskId));
    throw thrown;
  } finally {
    ended.abort();
  }
}

/** A shell function's output belongs to its streams, that of others must not mix with the result. */
class LiveOutput {
  readonly #streams: { readonly stdout: LiveStream; readonly stderr: LiveStream };

  constructor({ stdout, stderr }: CliContext, runtime: string) {
    const own = runtime === "shell" ? stdout : stderr;
    this.#streams = {
      stdout: new LiveStream((text) => own.write(text)),
      stderr: new LiveStream((text) => stderr.write(text)),
    };
  }

  event(event: FollowEvent): void {
    if (event.event === "output") this.#streams[event.data.stream].piece(event.data.text);
  }

  end(stdout: string, stderr: string): void {
    this.#streams.stdout.end(stdout);
    this.#streams.stderr.end(stderr);
  }
}

function leftAlone(taskId: TaskId): string {
  const command = "`funcx-endpoint task";
  return `task ${taskId} is not cancelled: ${command} wait ${taskId}\` waits for it, ` +
    `${command} result ${taskId}\` gives its result`;
}

async function cancel({ output }: CliContext, client: Client, taskId: TaskId): Promise<void> {
  try {
    const { cancelling } = await client.cancel([taskId]);
    output.warn(
      cancelling.length > 0 ? `task ${taskId} is cancelled` : `task ${taskId} had finished already`,
    );
  } catch {
    output.warn(`task ${taskId} could not be cancelled and may still run`);
  }
}
