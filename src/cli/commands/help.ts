import { defineCommand } from "../command.ts";

/** `help COMMAND` is read as `COMMAND --help` before it comes here; this is for its own help. */
export const command = defineCommand<Record<never, never>, string[]>({
  parameters: {
    positional: {
      kind: "array",
      parameter: { placeholder: "COMMAND", brief: "What to explain", parse: String },
    },
  },
  run: () => {},
});
