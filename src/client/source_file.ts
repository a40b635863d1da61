/** The text of a FUNCTION file as a function: `.ts`, `.js`, `.py` or `.sh`. */
import { FuncxError } from "../contract/errors.ts";
import { MAX_FUNCTION_BYTES } from "../contract/limits.ts";
import { type FunctionSource, python, type Runtime, shell, typescript } from "./functions.ts";
import { exportedNames, importedModules, pythonFunctions } from "./source_scan.ts";

const RUNTIME_OF_EXTENSION: Readonly<Record<string, Runtime>> = {
  ts: "typescript",
  mts: "typescript",
  js: "typescript",
  mjs: "typescript",
  py: "python",
  sh: "shell",
};

/** A file, and the function in it that is meant. */
export interface SourceReference {
  readonly path: string;
  /** After the colon in `file.py:name`. */
  readonly entry?: string;
  readonly runtime: Runtime;
}

/** Reads `file.ts`, `dir/file.py:name`; undefined when the extension is not one of a function file. */
export function parseSourceReference(text: string): SourceReference | undefined {
  const match = /^(.*\.(\w+))(?::([\p{L}_$][\p{L}\p{N}_$]*))?$/su.exec(text);
  const runtime = match === null ? undefined : RUNTIME_OF_EXTENSION[match[2]!.toLowerCase()];
  if (match === null || runtime === undefined) return undefined;
  return { path: match[1]!, entry: match[3], runtime };
}

export interface SourceText {
  readonly text: string;
  readonly runtime: Runtime;
  /** For messages: a path, or `standard input`. */
  readonly origin: string;
  /** The function in it; needed when there is more than one to choose from. */
  readonly entry?: string;
  /** What it is registered as; by default its function's name, or `fallbackName`. */
  readonly name?: string;
  /** For a default export and a shell template, which have no name: that of the file. */
  readonly fallbackName: string;
}

/** Throws {@link FuncxError} `INPUT_INVALID` when there is no such function in the text. */
export function functionFromSource(source: SourceText): FunctionSource {
  if (source.text.trim() === "") {
    throw refuse(`${source.origin} is empty`, "write a function into it");
  }
  const made = MAKERS[source.runtime](source);
  if (new TextEncoder().encode(made.code).length > MAX_FUNCTION_BYTES) {
    throw new FuncxError({
      code: "FUNCTION_TOO_LARGE",
      message: `${source.origin} is larger than ${MAX_FUNCTION_BYTES} bytes`,
      hint: "pass the data as arguments, or keep it in a file at the endpoint",
    });
  }
  return { ...made, name: source.name ?? made.name };
}

const MAKERS: Readonly<Record<Runtime, (source: SourceText) => FunctionSource>> = {
  typescript: (source) => {
    refuseImports(source);
    const entry = chooseEntry(source, exportedNames(source.text), "default", "export");
    return typescript(source.text, entry, entry === "default" ? source.fallbackName : entry);
  },
  python: (source) => {
    const entry = chooseEntry(
      source,
      pythonFunctions(source.text),
      undefined,
      "top-level function",
    );
    return python(source.text, entry);
  },
  shell: (source) => {
    if (source.entry !== undefined) {
      throw refuse(
        `${source.origin} is a shell template and has no functions`,
        "leave out the :name",
      );
    }
    return shell(source.text, source.fallbackName);
  },
};

/** The named one, the preferred one, or the only one. */
function chooseEntry(
  source: SourceText,
  names: readonly string[],
  preferred: string | undefined,
  noun: string,
): string {
  const { origin, entry } = source;
  const listed = names.length === 0 ? `it has no ${noun}` : `it has ${names.join(", ")}`;
  if (entry !== undefined) {
    if (names.includes(entry)) return entry;
    throw refuse(`${origin} has no ${noun} ${entry}`, listed);
  }
  if (preferred !== undefined && names.includes(preferred)) return preferred;
  if (names.length === 1) return names[0]!;
  if (names.length > 1) {
    throw refuse(
      `${origin} has ${names.length} of them, so it is not clear which ${noun} is meant: ${
        names.join(", ")
      }`,
      `name one: ${origin}:${names[0]}`,
    );
  }
  const example = source.runtime === "python" ? "def f(x): …" : "export default (x) => …";
  throw refuse(`${origin} has no ${noun}`, `write one: ${example}`);
}

function refuseImports(source: SourceText): void {
  const foreign = importedModules(source.text).filter((module) => !module.startsWith("node:"));
  if (foreign.length === 0) return;
  throw refuse(
    `${source.origin} imports ${foreign.join(", ")}, which the endpoint does not have`,
    "a function file stands alone: bundle it first, for instance with `deno bundle` or esbuild " +
      "(only node: modules and types can be imported)",
  );
}

function refuse(message: string, hint: string): FuncxError {
  return new FuncxError({ code: "INPUT_INVALID", message, hint });
}
