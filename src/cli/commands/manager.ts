import { runManagerProcess } from "../../endpoint/manager/manager_process.ts";
import { FuncxError } from "../../contract/errors.ts";
import { defineCommand } from "../command.ts";

interface Flags {
  readonly connection: string;
  readonly walltime?: number;
}

/** The manager of a node, in the foreground; a block's job runs it. */
export const command = defineCommand<Flags>({
  parameters: {
    flags: {
      connection: {
        kind: "parsed",
        brief: "The block's connection file",
        placeholder: "path",
        parse: String,
      },
      walltime: {
        kind: "parsed",
        brief: "What is left of the block's walltime",
        placeholder: "seconds",
        parse: seconds,
        optional: true,
      },
    },
  },
  run: async ({ env, signal }, { connection, walltime }) =>
    await runManagerProcess({ connectionFile: connection, walltime, env, signal }),
});

function seconds(text: string): number {
  const value = Number(text);
  if (Number.isFinite(value) && value > 0) return value;
  throw new FuncxError({
    code: "INPUT_INVALID",
    message: `a walltime is a number of seconds, found ${JSON.stringify(text)}`,
    hint: "For instance --walltime 3600.",
  });
}
