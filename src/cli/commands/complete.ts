import { proposeCompletions } from "@stricli/core";
import { COMMANDS } from "../app.ts";
import { defineCommand, type Invocation } from "../command.ts";
import { endpointNames } from "../endpoints.ts";
import { readGlobalOptions } from "../global_options.ts";
import { oneLine } from "../output/style.ts";
import { buildFor } from "../router.ts";

/** Prints `proposal TAB explanation` lines for the last of the words. */
export const command = defineCommand<Record<never, never>, string[]>({
  parameters: {
    positional: {
      kind: "array",
      parameter: { placeholder: "word", brief: "Words typed so far", parse: String },
    },
  },
  run: async ({ home, stdout }, _flags, ...typed) => {
    // Stricli knows the options of all commands only as flags that end the line.
    const words = [...readGlobalOptions(typed.slice(0, -1)).rest, typed.at(-1) ?? ""];
    const application = await buildFor(COMMANDS, words, false);
    const invocation: Invocation = {
      process: { stdout, stderr: stdout },
      execute: () => Promise.resolve(),
      endpointNames: () => endpointNames(home),
    };
    const proposals = await proposeCompletions(application, words, invocation);
    const wantsFlags = words.at(-1)?.startsWith("-") ?? false;
    for (const { completion, brief } of proposals) {
      if (completion.startsWith("-") && !wantsFlags) continue;
      stdout.write(`${completion}\t${oneLine(brief)}\n`);
    }
  },
});
