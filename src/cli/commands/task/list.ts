import type { TaskSummary } from "../../../contract/api.ts";
import { isUuid } from "../../../contract/ids.ts";
import { TASK_STATES } from "../../../contract/task_state.ts";
import { FuncxError } from "../../../contract/errors.ts";
import { connect } from "../../client.ts";
import { defineCommand } from "../../command.ts";
import { duration, instant } from "../../format.ts";
import { table } from "../../output/table.ts";
import { parseCount } from "../../parameters.ts";
import { chooseEndpoint } from "../../tasks/endpoint_choice.ts";
import { FirstPages } from "../../tasks/first_pages.ts";
import { registeredFunction } from "../../tasks/function_choice.ts";

interface Flags {
  readonly status?: typeof TASK_STATES[number];
  readonly endpoint?: string;
  readonly function?: string;
  readonly group?: string;
  readonly limit: number;
}

const parsed = { kind: "parsed", parse: String, optional: true } as const;

export const command = defineCommand<Flags>({
  description: "Your tasks, newest first.",
  parameters: {
    flags: {
      status: {
        kind: "enum",
        values: TASK_STATES,
        brief: "Only those in this state",
        optional: true,
      },
      endpoint: { ...parsed, brief: "Only those of this endpoint", placeholder: "endpoint" },
      function: { ...parsed, brief: "Only those of this function", placeholder: "function" },
      group: {
        kind: "parsed",
        brief: "Only those of this task group",
        placeholder: "id",
        parse: parseGroup,
        optional: true,
      },
      limit: {
        kind: "parsed",
        brief: "Show at most so many",
        placeholder: "count",
        parse: parseCount,
        default: "50",
      },
    },
    aliases: { e: "endpoint" },
  },
  run: async (context, flags) => {
    const client = await connect(context);
    const [endpoint, functionId] = await Promise.all([
      flags.endpoint === undefined ? undefined : chooseEndpoint(context, client, flags.endpoint),
      flags.function === undefined ? undefined : registeredFunction(client, flags.function),
    ]);
    const filter = {
      status: flags.status,
      endpoint_id: endpoint?.uuid,
      function_id: functionId,
      task_group_id: flags.group,
    };
    const pages = new FirstPages(
      flags.limit,
      (page) => client.call("listTasks", { query: { ...filter, ...page } }),
    );
    await context.output.list(pages, async (items) => {
      if (items.length === 0) return "There are no such tasks.";
      return await table(
        ["Task ID", "Function", "Endpoint", "Status", "Submitted", "Time"],
        items.map(row),
      );
    });
    if (pages.more) context.output.warn("there are more; see --limit");
  },
});

function row(task: TaskSummary): string[] {
  const { created_at, completed_at } = task;
  return [
    task.task_id,
    task.function_name,
    task.endpoint_name,
    task.attempt > 1 ? `${task.status} (attempt ${task.attempt})` : task.status,
    instant(created_at * 1_000),
    completed_at === null ? "" : duration((completed_at - created_at) * 1_000),
  ];
}

function parseGroup(text: string): string {
  if (isUuid(text.toLowerCase())) return text.toLowerCase();
  throw new FuncxError({ code: "USAGE", message: "expected the id of a task group" });
}
