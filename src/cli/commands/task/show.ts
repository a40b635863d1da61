import type { FollowEvent, TaskDetail } from "../../../contract/api.ts";
import { EXIT, FuncxError } from "../../../contract/errors.ts";
import type { TaskId } from "../../../contract/ids.ts";
import { movesIn, movesText } from "../../../contract/task_state.ts";
import type { Client } from "../../../client/client.ts";
import { connect } from "../../client.ts";
import { defineCommand } from "../../command.ts";
import type { CliContext } from "../../context.ts";
import { instant } from "../../format.ts";
import { oneLine } from "../../output/style.ts";
import { fields, table } from "../../output/table.ts";
import { TASK_ID } from "../../tasks/flags.ts";
import { LiveStream } from "../../tasks/live_output.ts";
import { resultFields } from "../../tasks/outcome.ts";
import { hopsOf, TIMING_HEADER, timingRows } from "../../tasks/timing.ts";
import { OutageNotice, waitForTask } from "../../tasks/waiting.ts";

interface Flags {
  readonly timing: boolean;
  readonly follow: boolean;
}

export const command = defineCommand<Flags, [taskId: TaskId]>({
  description: "--follow prints what the task prints, as it does, until it ends; with --json it " +
    "gives each event on a line.",
  parameters: {
    flags: {
      timing: {
        kind: "boolean",
        brief: "Every hop, and how long it took",
        withNegated: false,
      },
      follow: { kind: "boolean", brief: "Follow its output", withNegated: false },
    },
    aliases: { f: "follow" },
    positional: { kind: "tuple", parameters: [TASK_ID] },
  },
  run: async (context, { timing, follow }, taskId) => {
    if (timing && follow) {
      throw new FuncxError({ code: "USAGE", message: "--timing and --follow exclude each other" });
    }
    const client = await connect(context);
    if (follow) return await followTask(context, client, taskId);
    const detail = await client.taskDetail(taskId);
    await context.output.show(
      documentOf(detail),
      () => timing ? table(TIMING_HEADER, timingRows(detail.timeline)) : drawn(detail),
    );
    return EXIT.ok;
  },
});

function documentOf(detail: TaskDetail): object {
  const { result: _buffer, timeline, ...rest } = detail;
  const finished = isEnded(detail) ? resultFields({ ...detail, status: detail.status }) : {};
  return { ...rest, ...finished, timeline: hopsOf(timeline) };
}

function isEnded(
  detail: TaskDetail,
): detail is TaskDetail & { status: "success" | "failed" | "cancelled" } {
  return detail.completed_at !== null;
}

async function followTask(context: CliContext, client: Client, taskId: TaskId): Promise<number> {
  const { output, stdout, stderr, signal } = context;
  const streams = {
    stdout: new LiveStream((text) => stdout.write(text)),
    stderr: new LiveStream((text) => stderr.write(text)),
  };
  const onEvent = (event: FollowEvent): void => {
    if (output.json) output.item(event, () => "");
    else if (event.event === "output") streams[event.data.stream].piece(event.data.text);
  };
  const outages = new OutageNotice(output);
  const task = await waitForTask({ client, taskId, signal, onEvent, outages });
  if (output.json) return EXIT.ok;
  streams.stdout.end(task.stdout ?? "");
  streams.stderr.end(task.stderr ?? "");
  stderr.write(`task ${taskId}: ${task.status}\n`);
  return EXIT.ok;
}

/** What was moved does not count against the maximum. */
function attemptOf({ attempt, max_attempts: most, timeline }: TaskDetail): string {
  const moves = movesIn(timeline);
  return `${attempt - moves} of ${most}${movesText(moves)}`;
}

function clientFields(client: TaskDetail["client"]): [string, string][] {
  const named = [["client's Python", client?.python], ["client's SDK", client?.sdk], [
    "function's Python",
    client?.function_python,
  ]] as const;
  return named.flatMap(([name, version]) =>
    version === undefined ? [] : [[name, oneLine(version)]]
  );
}

function drawn(detail: TaskDetail): string {
  const { error, stdout, stderr, waiting_for: problem } = detail;
  const head: [string, string][] = [
    ["task", detail.task_id],
    ["status", detail.status],
    ["function", `${oneLine(detail.function_name)} (${detail.function_id})`],
    ["endpoint", `${oneLine(detail.endpoint_name)} (${detail.endpoint_id})`],
    ["group", detail.task_group_id],
    ["attempt", attemptOf(detail)],
    ["priority", `${detail.priority}`],
    ["submitted", instant(detail.created_at * 1_000)],
  ];
  head.push(...clientFields(detail.client));
  if (problem !== undefined) head.push(["waiting for", oneLine(problem.message)]);
  if (detail.completed_at !== null) head.push(["ended", instant(detail.completed_at * 1_000)]);
  for (const [name, value] of Object.entries(detail.details ?? {})) {
    head.push([oneLine(name), oneLine(typeof value === "string" ? value : JSON.stringify(value))]);
  }
  const parts = [fields(head)];
  if (error !== undefined) {
    parts.push(`error: ${error.type === "" ? "" : `${error.type}: `}${error.message}`);
    if (error.traceback !== "") parts.push(error.traceback.trimEnd());
    if (error.hint !== undefined) parts.push(`hint: ${error.hint}`);
  }
  if (stdout !== "") parts.push(`standard output:\n${stdout.trimEnd()}`);
  if (stderr !== "") parts.push(`standard error:\n${stderr.trimEnd()}`);
  return parts.join("\n\n");
}
