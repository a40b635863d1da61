import type { FinishedTask, TaskDetail } from "../../../contract/api.ts";
import { EXIT, FuncxError } from "../../../contract/errors.ts";
import { messageOf } from "../../../lib/outcome.ts";
import { isTerminal } from "../../../contract/task_state.ts";
import type { TaskId } from "../../../contract/ids.ts";
import type { Client } from "../../../client/client.ts";
import { connect } from "../../client.ts";
import { defineCommand } from "../../command.ts";
import { TASK_ID } from "../../tasks/flags.ts";
import { exitOf, showOutcome, taskDocument } from "../../tasks/outcome.ts";

interface Flags {
  readonly output?: string;
}

export const command = defineCommand<Flags, [taskId: TaskId]>({
  description:
    "As `run` gives it: the result on standard output, a failure with its traceback on " +
    "standard error. Exits with 75 while the task has not ended.",
  parameters: {
    flags: {
      output: {
        kind: "parsed",
        brief: "Write the result into a file, as JSON and however large it is",
        placeholder: "file",
        parse: String,
        optional: true,
      },
    },
    aliases: { o: "output" },
    positional: { kind: "tuple", parameters: [TASK_ID] },
  },
  run: async (context, { output }, taskId) => {
    const client = await connect(context);
    const detail = await client.taskDetail(taskId);
    const finished = finishedOf(detail);
    const runtime = await runtimeOf(client, detail);
    if (output !== undefined && finished.status === "success") {
      return await writeResult(client, finished, output);
    }
    const task = await client.blobs.withResult(finished);
    if (!context.output.json) return showOutcome(context, task, runtime);
    await context.output.show(taskDocument(task), () => "");
    return exitOf(task, runtime);
  },
});

function finishedOf(detail: TaskDetail): FinishedTask {
  const { task_id, status, result, error, stdout, stderr } = detail;
  if (isTerminal(status)) return { task_id, status, result, error, stdout, stderr };
  throw new FuncxError({
    code: "TASK_NOT_FINISHED",
    message: `task ${task_id} has not ended: it is ${status}`,
    hint: `Wait for it with \`funcx-endpoint task wait ${task_id}\`.`,
  });
}

/** In pieces, so that it need not fit the memory. */
async function writeResult(client: Client, task: FinishedTask, path: string): Promise<number> {
  const chunks = client.blobs.resultChunks(task) ?? [new TextEncoder().encode(task.result)];
  try {
    using file = await Deno.open(path, { write: true, create: true, truncate: true, mode: 0o600 });
    // Before the value is the header of its buffer: two characters and a line's end.
    let header = HEADER_BYTES;
    for await (const chunk of chunks) {
      for (let written = header; written < chunk.length;) {
        written += await file.write(chunk.subarray(written));
      }
      header = 0;
    }
  } catch (thrown) {
    if (thrown instanceof FuncxError) throw thrown;
    throw new FuncxError({
      code: "INPUT_INVALID",
      message: `${path} cannot be written: ${messageOf(thrown)}`,
      hint: "Check the path, its permissions and the room on its disk.",
    });
  }
  return EXIT.ok;
}

const HEADER_BYTES = 3;

/** A function may be deleted while its tasks stay. */
async function runtimeOf(client: Client, detail: TaskDetail): Promise<string> {
  try {
    return (await client.function(detail.function_id)).runtime;
  } catch (thrown) {
    if (thrown instanceof FuncxError && thrown.code === "FUNCTION_NOT_FOUND") return "unknown";
    throw thrown;
  }
}
