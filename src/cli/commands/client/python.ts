import { FuncxError } from "../../../contract/errors.ts";
import { PYTHON_CLIENT_SOURCE, pythonClientChecksum } from "../../../contract/python_client.ts";
import { messageOf } from "../../../lib/outcome.ts";
import { defineCommand } from "../../command.ts";

interface Flags {
  readonly output?: string;
}

export const command = defineCommand<Flags>({
  description: "Prints funcx.py, the Python client: one file that needs Python 3.6 or later and " +
    "nothing else. A service has the same at /client/funcx.py.",
  parameters: {
    flags: {
      output: {
        kind: "parsed",
        brief: "Write it to a file, and print its SHA-256",
        placeholder: "FILE",
        parse: (text: string) => text,
        optional: true,
      },
    },
  },
  run: async (context, { output: file }) => {
    const sha256 = pythonClientChecksum();
    if (file === undefined) {
      const source = PYTHON_CLIENT_SOURCE;
      await context.output.show({ sha256, source }, () => source.trimEnd());
      return;
    }
    write(file);
    await context.output.show({ file, sha256 }, () => `${sha256}  ${file}`);
  },
});

function write(file: string): void {
  try {
    Deno.writeTextFileSync(file, PYTHON_CLIENT_SOURCE);
  } catch (cause) {
    throw new FuncxError({
      code: "INPUT_INVALID",
      message: `${file} cannot be written: ${messageOf(cause)}`,
      hint: "Name a file in a folder that exists and is yours.",
    }, { cause });
  }
}
