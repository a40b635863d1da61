import { EXIT, FuncxError } from "../../contract/errors.ts";
import { messageOf } from "../../lib/outcome.ts";
import type { Client } from "../../client/client.ts";
import { TaskFailed } from "../../client/errors.ts";
import { Executor } from "../../client/executor.ts";
import type { ShellResult } from "../../client/functions.ts";
import { FulfilledTask } from "../../client/pending_task.ts";
import { connect } from "../client.ts";
import { defineCommand } from "../command.ts";
import type { CliContext } from "../context.ts";
import { type InputLine, parseCall } from "../tasks/arguments.ts";
import { chooseEndpoint } from "../tasks/endpoint_choice.ts";
import { ENDPOINT_FLAG, FUNCTION_ARGUMENT, PRIORITY_FLAG } from "../tasks/flags.ts";
import { chooseFunction } from "../tasks/function_choice.ts";
import { openInput, readLines } from "../tasks/input.ts";
import { warnOfOtherPython } from "../tasks/other_python.ts";
import { isShellResult, shellExit, showFailure } from "../tasks/outcome.ts";
import { type ProgressBar, progressBar } from "../tasks/progress_bar.ts";
import { type parseResource, RESOURCE_FLAG, resourceSpecification } from "../tasks/resources.ts";
import { abortable } from "../tasks/waiting.ts";

interface Flags {
  readonly endpoint?: string;
  readonly input?: string;
  readonly onError: "stop" | "write";
  readonly priority?: number;
  readonly resource?: readonly ReturnType<typeof parseResource>[];
}

export const command = defineCommand<Flags, [reference: string]>({
  description: "Each line of the input is a JSON array of arguments, or a JSON object of keyword " +
    "arguments; each line of the output is the result of one, as JSON, in the same order. Input is " +
    "read as results are written, so there may be any number of lines.\n\n" +
    "With --on-error stop the first failure cancels the rest; with write its line is " +
    '{"error": {code, type, message, traceback}} and the exit code is 1. A shell function fails ' +
    "with another returncode than 0; its line is its result in any case.",
  parameters: {
    flags: {
      endpoint: ENDPOINT_FLAG,
      input: {
        kind: "parsed",
        brief: "File with the arguments (default: standard input)",
        placeholder: "file",
        parse: String,
        optional: true,
      },
      onError: {
        kind: "enum",
        values: ["stop", "write"],
        brief: "What a task that fails does",
        default: "stop",
      },
      priority: PRIORITY_FLAG,
      resource: RESOURCE_FLAG,
    },
    aliases: { e: "endpoint", i: "input" },
    positional: { kind: "tuple", parameters: [FUNCTION_ARGUMENT] },
  },
  run: async (context, flags, reference) => {
    const input = await openInput(context, flags.input);
    const client = await connect(context);
    const [fn, endpoint] = await Promise.all([
      chooseFunction(client, reference),
      chooseEndpoint(context, client, flags.endpoint),
    ]);
    if (endpoint.status === "offline") {
      context.output.warn(`endpoint ${endpoint.name} is not online; the tasks wait for it`);
    }
    await warnOfOtherPython(context, client, fn, endpoint);
    await using bar = await openBar(context, input.lines);
    const lines = readLines(input.readable);
    return await runLines(context, client, {
      ...flags,
      fn: fn.functionId,
      runtime: fn.runtime,
      to: endpoint.uuid,
      lines,
      bar,
    });
  },
});

/** Results that scroll by on the same terminal say enough. */
function openBar({ stdout, stderr }: CliContext, lines: number | undefined): Promise<ProgressBar> {
  return progressBar(stdout.isTerminal ? undefined : stderr, lines);
}

interface Work {
  readonly fn: string;
  readonly runtime: string;
  readonly to: string;
  readonly lines: AsyncIterable<InputLine>;
  readonly onError: Flags["onError"];
  readonly priority?: number;
  readonly resource?: Flags["resource"];
  readonly bar: ProgressBar;
}

async function runLines(context: CliContext, client: Client, work: Work): Promise<number> {
  const executor = new Executor(client, work.to, {
    priority: work.priority,
    resourceSpecification: resourceSpecification(work.resource),
  });
  let failed = 0;
  let isDone = false;
  try {
    const outcomes = executor.mapSettled(work.fn, work.lines, parseCall);
    for await (const outcome of abortable(outcomes, context.signal)) {
      if (outcome.status === "rejected") {
        failed++;
        if (work.onError === "stop" || !isOfOneTask(outcome.reason)) {
          work.bar.stop();
          return stopped(context, outcome.reason);
        }
      }
      context.stdout.write(`${lineOf(outcome)}\n`);
      work.bar.advance();
      const command = failedCommand(work, outcome);
      if (command === undefined) continue;
      failed++;
      if (work.onError === "stop") {
        work.bar.stop();
        return shellExit(context, command);
      }
    }
    isDone = true;
  } catch (thrown) {
    work.bar.stop();
    if (context.signal.aborted) {
      context.output.warn("interrupted; the tasks on their way are cancelled");
    }
    throw thrown;
  } finally {
    await executor.close({ cancel: !isDone });
  }
  if (failed === 0) return EXIT.ok;
  work.bar.stop();
  context.output.warn(`${failed} of the tasks failed; their lines say why`);
  return EXIT.failed;
}

/** A command ends with a code also where its function has a result. */
function failedCommand(
  { runtime }: Work,
  outcome: PromiseSettledResult<unknown>,
): ShellResult | undefined {
  if (runtime !== "shell" || outcome.status === "rejected") return undefined;
  const { value } = outcome;
  return isShellResult(value) && value.returncode !== 0 ? value : undefined;
}

/** The worker's own words: Python's integers of any size and its 2.0 stay what they are. */
function lineOf(outcome: PromiseSettledResult<unknown>): string {
  if (outcome.status === "rejected") return JSON.stringify({ error: told(outcome.reason) });
  const text = outcome instanceof FulfilledTask ? outcome.text : JSON.stringify(outcome.value);
  // JSON has a line's end between its values alone.
  return text.replace(/[\r\n]+/g, " ");
}

/** Other errors are those of the way to the service, and would come for every line. */
function isOfOneTask(reason: unknown): boolean {
  return reason instanceof TaskFailed ||
    (reason instanceof FuncxError && reason.code === "INPUT_INVALID") ||
    (reason instanceof FuncxError && reason.code === "TASK_PAYLOAD_TOO_LARGE");
}

function stopped(context: CliContext, reason: unknown): number {
  if (reason instanceof TaskFailed) return showFailure(context, reason);
  throw reason;
}

function told(reason: unknown): object {
  if (reason instanceof TaskFailed) return { ...reason.error, task_id: reason.taskId };
  if (reason instanceof FuncxError) return { code: reason.code, type: "", message: reason.message };
  return { code: "INTERNAL_ERROR", type: "", message: messageOf(reason) };
}
