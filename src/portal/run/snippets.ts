/** A call as it is made from elsewhere: the command line, TypeScript, Python. */

export interface Call {
  /** Of the service. */
  readonly url: string;
  readonly functionId: string;
  readonly functionName: string;
  readonly endpointId: string;
  readonly args: readonly unknown[];
  readonly kwargs: Readonly<Record<string, unknown>>;
  readonly options: CallOptions;
}

/** As the REST API names them. */
export interface CallOptions {
  readonly walltime_seconds?: number;
  readonly priority?: number;
  readonly max_attempts?: number;
  readonly resource_specification?: Readonly<Record<string, unknown>>;
  readonly task_group_id?: string;
}

/** One word for a POSIX shell, taken literally. NUL has no place in one. */
export function shellWord(text: string): string {
  if (/^[A-Za-z0-9_./:,+@%-]+$/.test(text)) return text;
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** An argument as the command line takes it: JSON, or text that is none. */
export function argumentWord(value: unknown): string {
  const isText = typeof value === "string" && !value.includes("\0") && value.isWellFormed() &&
    !isJson(value);
  return isText ? value : JSON.stringify(value);
}

/**
 * Options that `run` does not have are left out; `unsaid` names them.
 */
export function commandOf(
  call: Call,
): { readonly text: string; readonly unsaid: readonly string[] } {
  const { priority, ...others } = call.options;
  const words = ["funcx-endpoint", "run", "-e", call.endpointId];
  if (priority !== undefined) words.push(`--priority=${priority}`);
  if (Object.keys(call.kwargs).length > 0) {
    words.push("--kwargs", shellWord(JSON.stringify(call.kwargs)));
  }
  const args = call.args.map(argumentWord);
  if (args.some((word) => word.startsWith("-"))) words.push("--");
  words.push(call.functionId, ...args.map(shellWord));
  const unsaid = Object.entries(others).filter(([, value]) => value !== undefined);
  return { text: words.join(" "), unsaid: unsaid.map(([name]) => name) };
}

export function typescriptOf(call: Call): string {
  const options = literalOptions({
    taskGroupId: call.options.task_group_id,
    walltimeSeconds: call.options.walltime_seconds,
    priority: call.options.priority,
    maxAttempts: call.options.max_attempts,
    resourceSpecification: call.options.resource_specification,
  });
  const fn = JSON.stringify({ functionId: call.functionId, name: call.functionName });
  const hasNames = Object.keys(call.kwargs).length > 0;
  const handed = hasNames
    ? [fn, JSON.stringify(call.args), JSON.stringify(call.kwargs)]
    : [fn, ...call.args.map((value) => JSON.stringify(value))];
  return `import { Client, Executor } from "./src/client/mod.ts";

const client = new Client({ url: ${JSON.stringify(call.url)}, token: process.env.FUNCX_TOKEN });
await using executor = new Executor(client, ${JSON.stringify(call.endpointId)}${options});
console.log(await executor.${hasNames ? "apply" : "submit"}(${handed.join(", ")}));
`;
}

function literalOptions(options: Readonly<Record<string, unknown>>): string {
  const text = JSON.stringify(options);
  return text === "{}" ? "" : `, ${text}`;
}

/** With `funcx.py`, which the service gives out; options that submit has are the executor's. */
export function pythonOf(call: Call): string {
  const options = Object.entries(call.options).filter(([, value]) => value !== undefined)
    .map(([name, value]) => `, ${name}=${pythonLiteral(value)}`).join("");
  return `# curl -O ${call.url}/client/funcx.py
import os
from funcx import Client, Executor

args = ${pythonLiteral(call.args)}
kwargs = ${pythonLiteral(call.kwargs)}
client = Client(${pythonLiteral(call.url)}, os.environ["FUNCX_TOKEN"])
with Executor(${pythonLiteral(call.endpointId)}, client${options}) as executor:
    # ${commentOf(call.functionName)}
    print(executor.submit(${pythonLiteral(call.functionId)}, *args, **kwargs).result())
`;
}

/** JSON's texts and numbers are Python's too; its three words are not. */
export function pythonLiteral(value: unknown): string {
  if (value === null || value === undefined) return "None";
  if (value === true) return "True";
  if (value === false) return "False";
  if (Array.isArray(value)) return `[${value.map(pythonLiteral).join(", ")}]`;
  if (typeof value !== "object") return asciiOf(JSON.stringify(value));
  const members = Object.entries(value).map(([key, item]) =>
    `${asciiOf(JSON.stringify(key))}: ${pythonLiteral(item)}`
  );
  return `{${members.join(", ")}}`;
}

/** Characters that hide or turn text, and lone surrogates, are escaped; Python reads the escapes. */
function asciiOf(json: string): string {
  return json.replace(
    /[\u007f-\u00a0\u00ad\u061c\u200b-\u200f\u2028-\u202f\u2060-\u206f\ufeff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** In a comment, where it can end no line. */
function commentOf(name: string): string {
  return name.replace(/[\p{Cc}\p{Zl}\p{Zp}\p{Cf}]/gu, " ");
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
