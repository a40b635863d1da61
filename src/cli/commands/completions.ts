import { defineCommand } from "../command.ts";
import { type Shell, SHELLS, shellScript } from "../completion_scripts.ts";
import { FuncxError } from "../../contract/errors.ts";

export const command = defineCommand<Record<never, never>, [shell: Shell]>({
  description: "Add one line to the start-up file of the shell:\n" +
    '  bash  ~/.bashrc                   eval "$(funcx-endpoint completions bash)"\n' +
    '  zsh   ~/.zshrc, after compinit    eval "$(funcx-endpoint completions zsh)"\n' +
    "  fish  ~/.config/fish/config.fish  funcx-endpoint completions fish | source",
  parameters: {
    positional: {
      kind: "tuple",
      parameters: [{
        placeholder: "shell",
        brief: "bash, zsh or fish",
        parse: shellOf,
        proposeCompletions: () => SHELLS,
      }],
    },
  },
  run: async ({ output }, _flags, shell) => {
    const script = shellScript(shell);
    await output.show({ shell, script }, () => script);
  },
});

function shellOf(text: string): Shell {
  const shell = SHELLS.find((name) => name === text);
  if (shell !== undefined) return shell;
  throw new FuncxError({ code: "USAGE", message: `expected one of ${SHELLS.join(", ")}` });
}
