import type { FunctionSummary } from "../../../contract/api.ts";
import { connect } from "../../client.ts";
import { defineCommand } from "../../command.ts";
import { instant } from "../../format.ts";
import { table } from "../../output/table.ts";
import { parseCount } from "../../parameters.ts";
import { FirstPages } from "../../tasks/first_pages.ts";

interface Flags {
  readonly search?: string;
  readonly limit: number;
}

export const command = defineCommand<Flags>({
  description: "Your own and the public ones, newest first.",
  parameters: {
    flags: {
      search: {
        kind: "parsed",
        brief: "Only those with this text in their name or description",
        placeholder: "text",
        parse: String,
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
  },
  run: async (context, { search, limit }) => {
    const client = await connect(context);
    const pages = new FirstPages(
      limit,
      (page) => client.call("listFunctions", { query: { search, ...page } }),
    );
    await context.output.list(pages, async (items) => {
      if (items.length === 0) {
        return "There are no functions. Register one with `function register`.";
      }
      return await table(
        ["Function ID", "Name", "Runtime", "Owner", "Registered"],
        rows(items),
      );
    });
    if (pages.more) context.output.warn("there are more; see --limit and --search");
  },
});

function rows(items: readonly FunctionSummary[]): string[][] {
  return items.map((item) => [
    item.function_uuid,
    item.function_name,
    item.runtime,
    item.public ? `${item.owner} (public)` : item.owner,
    instant(item.created_at * 1_000),
  ]);
}
