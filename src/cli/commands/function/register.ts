import { functionFromSource } from "../../../client/source_file.ts";
import type { FunctionSource, Runtime } from "../../../client/functions.ts";
import { FuncxError } from "../../../contract/errors.ts";
import { MAX_FUNCTION_BYTES } from "../../../contract/limits.ts";
import { connect } from "../../client.ts";
import { defineCommand } from "../../command.ts";
import type { CliContext } from "../../context.ts";
import { readFunctionFile } from "../../tasks/function_choice.ts";
import { readAll } from "../../tasks/input.ts";

interface Flags {
  readonly runtime?: Runtime;
  readonly name?: string;
  readonly description?: string;
  readonly container?: string;
  readonly public: boolean;
}

const RUNTIMES = ["typescript", "python", "shell"] as const;

export const command = defineCommand<Flags, [file: string]>({
  description:
    "A .ts or .js file exports the function, as default or by the name after a colon; a " +
    ".py file has it at its top level; a .sh file is a template whose {name} fields are filled from " +
    "keyword arguments. Prints the function's id.",
  parameters: {
    flags: {
      runtime: {
        kind: "enum",
        values: RUNTIMES,
        brief: "What runs it (default: by the file's extension)",
        optional: true,
      },
      name: {
        kind: "parsed",
        brief: "Name to register it as (default: that of the function or the file)",
        parse: String,
        optional: true,
      },
      description: {
        kind: "parsed",
        brief: "What it does",
        placeholder: "text",
        parse: String,
        optional: true,
      },
      container: {
        kind: "parsed",
        brief: "Image of the container that it runs in; the endpoint's profile has to allow it",
        placeholder: "image",
        parse: String,
        optional: true,
      },
      public: {
        kind: "boolean",
        brief: "Let everybody who can use the service see and run it",
        withNegated: false,
      },
    },
    positional: {
      kind: "tuple",
      parameters: [{
        placeholder: "FILE",
        brief: "f.ts, f.js, f.py, f.sh or f.py:name; - or -:name for standard input",
        parse: String,
      }],
    },
  },
  run: async (context, { runtime, name, description, container, public: isPublic }, file) => {
    const piped = /^-(?::(.+))?$/.exec(file);
    const source = piped === null
      ? readFunctionFile(file, { runtime, name })
      : await readStandardInput(context, { runtime, name, entry: piped[1] });
    if (source === undefined) throw unknownKind(file);
    const client = await connect(context);
    const { functionId } = await client.register(source, {
      description,
      container,
      public: isPublic,
    });
    const document = { function_id: functionId, name: source.name, runtime: source.runtime };
    await context.output.show(document, () => functionId);
  },
});

async function readStandardInput(
  { stdin }: CliContext,
  { runtime, name, entry }: {
    readonly runtime?: Runtime;
    readonly name?: string;
    readonly entry?: string;
  },
): Promise<FunctionSource> {
  if (runtime === undefined) {
    throw new FuncxError({
      code: "USAGE",
      message: "the kind of a function from standard input is not known",
      hint: `Give --runtime ${RUNTIMES.join(", --runtime ")}.`,
    });
  }
  return functionFromSource({
    text: await readAll(stdin, MAX_FUNCTION_BYTES),
    runtime,
    origin: "standard input",
    entry,
    name,
    fallbackName: "stdin",
  });
}

function unknownKind(file: string): FuncxError {
  return new FuncxError({
    code: "INPUT_INVALID",
    message: `the kind of ${file} is not known by its name`,
    hint: "Name it .ts, .js, .py or .sh, or give --runtime.",
  });
}
