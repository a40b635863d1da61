/** Functions as a client names them, and what of them is sent to an endpoint. */
import { FuncxError } from "../contract/errors.ts";
import { imageProblem } from "../contract/container_image.ts";
import { HEADERS, sourceFunction, withContainer } from "../contract/envelope.ts";
import type { FunctionId } from "../contract/ids.ts";
import { pythonFunctions } from "./source_scan.ts";

/** A TypeScript or JavaScript function that is run elsewhere. */
// deno-lint-ignore no-explicit-any -- only `any` lets every function be assigned to it
export type TaskFunction<A extends any[] = any[], R = any> = (...args: A) => R;

export type Runtime = "typescript" | "python" | "shell";

/** Source that is not registered yet. */
export interface FunctionSource {
  readonly runtime: Runtime;
  /** What it is registered as. */
  readonly name: string;
  /** One packed buffer, see `contract/envelope.ts`. */
  readonly code: string;
}

/** A registered function. */
export interface FunctionHandle {
  readonly functionId: FunctionId;
  readonly name: string;
}

/** What a shell function's task gives. */
export interface ShellResult {
  readonly returncode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * A TypeScript or JavaScript module. It has to stand alone: no imports but of types and of `node:`
 * modules.
 * @param entry the export that is called; `default` allowed.
 */
export function typescript(source: string, entry = "default", name = entry): FunctionSource {
  return {
    runtime: "typescript",
    name,
    code: sourceFunction(HEADERS.typescriptSource, entry, source),
  };
}

/**
 * Python source with a function at its top level. Indentation that all its lines share is taken
 * away, so it may stand indented in a template literal.
 * @param entry the function that is called; needed when the source has more than one. Throws
 * {@link FuncxError} `INPUT_INVALID` when there is no such function.
 */
export function python(source: string, entry?: string): FunctionSource {
  const text = dedent(source);
  const called = entry ?? onlyFunction(pythonFunctions(text));
  return {
    runtime: "python",
    name: called,
    code: sourceFunction(HEADERS.pythonSource, called, text),
  };
}

/**
 * A command line for `/bin/sh`. Its `{name}` fields are filled from keyword arguments, quoted for
 * the shell; `{{` and `}}` are braces. Its tasks give a {@link ShellResult}.
 */
export function shell(template: string, name = "shell"): FunctionSource {
  return { runtime: "shell", name, code: sourceFunction(HEADERS.shellTemplate, name, template) };
}

/**
 * A Python or shell function, to be run in a container with the image, such as
 * `"docker.io/library/python:3.12"`: by the program that the endpoint's profile names, if it allows the
 * image. Throws {@link FuncxError} `INPUT_INVALID` for what is no image, and for TypeScript, which has
 * a sandbox of its own.
 */
export function inContainer(source: FunctionSource, image: string): FunctionSource {
  const problem = imageProblem(image);
  if (problem !== null) {
    throw new FuncxError({
      code: "INPUT_INVALID",
      message: `the image ${problem}: ${JSON.stringify(image.slice(0, 100))}`,
      hint:
        "name it as the endpoint's container program does, such as docker.io/library/python:3.12",
    });
  }
  if (source.runtime === "typescript") {
    throw new FuncxError({
      code: "INPUT_INVALID",
      message: "TypeScript functions do not run in containers",
      hint: "leave the image out: they see nothing of the machine but what its profile permits",
    });
  }
  return { ...source, code: withContainer(source.code, image) };
}

/**
 * The source of a function of this program, as `Function.prototype.toString` gives it. Only that text
 * travels: what it takes from around it, variables, imports, `this`, is not there on the worker. Give
 * it what it needs as arguments, or import `node:` modules inside it with `await import()`.
 *
 * Throws {@link FuncxError} `INPUT_INVALID` for functions that have no source.
 */
export function sourceOf(fn: TaskFunction): FunctionSource {
  const text = Function.prototype.toString.call(fn);
  if (/\{\s*\[native code\]\s*\}$/.test(text)) {
    throw new FuncxError({
      code: "INPUT_INVALID",
      message: `the source of ${
        fn.name || "this function"
      } is not to be had: it is native or bound`,
      hint: "wrap it into a function of its own: (x) => Math.sqrt(x)",
    });
  }
  return typescript(`export default ${asExpression(text)};\n`, "default", fn.name || "function");
}

/** Methods in short form, `name() {}`, are no expressions by themselves. */
function asExpression(text: string): string {
  if (
    /^(async\s+)?function\b|^(async\s*)?\(|^(async\s+)?[\p{ID_Start}$_][\p{ID_Continue}$]*\s*=>/u
      .test(text)
  ) {
    return `(${text})`;
  }
  if (/^class\b/.test(text)) {
    throw new FuncxError({
      code: "INPUT_INVALID",
      message: "a class cannot be run as a task",
      hint: "give a function",
    });
  }
  return `Object.values({ ${text} })[0]`;
}

function onlyFunction(names: readonly string[]): string {
  if (names.length === 1) return names[0]!;
  throw new FuncxError({
    code: "INPUT_INVALID",
    message: names.length === 0
      ? "the Python source has no function at its top level"
      : `the Python source has ${names.length} functions: ${names.join(", ")}`,
    hint: "name the one to call",
  });
}

/** As Python's `textwrap.dedent`. */
function dedent(text: string): string {
  const lines = text.split("\n");
  const indents = lines.filter((line) => line.trim() !== "").map((line) =>
    /^[ \t]*/.exec(line)![0]
  );
  const shared = indents.reduce(
    (common, indent) => commonPrefix(common, indent),
    indents[0] ?? "",
  );
  return lines.map((line) => line.startsWith(shared) ? line.slice(shared.length) : line.trimStart())
    .join("\n").replace(/^\n/, "");
}

function commonPrefix(one: string, other: string): string {
  let length = 0;
  while (length < one.length && one[length] === other[length]) length++;
  return one.slice(0, length);
}
