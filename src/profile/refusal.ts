/** Turns what a profile threw inside the sandbox into a failure that says where, why and the mend. */
import { readIfPresent } from "../lib/files.ts";
import { basename, fromFileUrl, join } from "../lib/path.ts";
import type { ProfileFailure, SourcePlace } from "./failure.ts";
import type { ThrownError } from "./sandbox_messages.ts";

/** What the sandbox was; `folder` is absolute. */
export interface ProfileFile {
  readonly folder: string;
  readonly file: string;
}

export function failureOfThrown(profile: ProfileFile, raw: ThrownError): ProfileFailure {
  const error = withoutColors(raw);
  const request = requestOf(error);
  const place = placeOf(profile, error) ?? placeOfText(profile, request?.resource);
  if (request === undefined) return failureOfError(profile, error, place);
  const { asks, anything, mend } = EXPLANATIONS[request.permission];
  const what = request.resource === undefined ? anything : `${asks} "${request.resource}"`;
  const key = place === undefined ? undefined : keyOn(place.text);
  return {
    code: "PROFILE_FORBIDDEN",
    message: `${positionOf(profile, place)}: a profile may not ${what}` +
      (key === undefined ? "" : ` (for the key ${key})`),
    hint: mend(profile, request.resource),
    problems: [],
    place,
  };
}

function failureOfError(
  profile: ProfileFile,
  error: ThrownError,
  place: SourcePlace | undefined,
): ProfileFailure {
  const isSyntax = /\bSyntaxError\b/.test(`${error.name} ${error.message}`);
  const message = firstLine(error.message)
    .replace(/^(\w*Error: )+/, "")
    .replace(/ at file:\/\/\S*$/, "");
  const kind = error.name === "" ? "a value that is not an Error" : error.name;
  return {
    code: "PROFILE_INVALID",
    message: `${positionOf(profile, place)}: ` +
      (isSyntax ? `syntax error: ${message}` : `threw ${kind}: ${message}`),
    hint: isSyntax ? "Mend the syntax there." : hintOf(profile, error),
    problems: [],
    place,
  };
}

function hintOf({ folder }: ProfileFile, { message }: ThrownError): string {
  if (/Module not found|not a dependency|not found/i.test(message)) {
    return `Put the module or file into ${folder} and import it by a relative path.`;
  }
  return "Mend the profile so that it gives an object for this machine too.";
}

// -- permissions -----------------------------------------------------------------------------------

type Permission = "read" | "write" | "net" | "env" | "run" | "sys" | "ffi" | "import";

interface Request {
  readonly permission: Permission;
  readonly resource?: string;
}

interface Explanation {
  /** After "a profile may not", before what was asked for. */
  readonly asks: string;
  /** The same where that is not known. */
  readonly anything: string;
  readonly mend: (profile: ProfileFile, resource: string | undefined) => string;
}

const EXPLANATIONS: Readonly<Record<Permission, Explanation>> = {
  read: {
    asks: "read the file",
    anything: "read files outside its folder",
    mend: ({ folder }, resource) =>
      basename(resource ?? "") === "profile.d.ts"
        ? 'Write `import type { … } from "../profile.d.ts";`, which loads nothing.'
        : `Put the file into ${folder}, or write its content into the profile.`,
  },
  write: {
    asks: "write the file",
    anything: "write files",
    mend: () => "Remove that; a profile only describes the endpoint.",
  },
  net: {
    asks: "connect to the host",
    anything: "use the network",
    mend: () => "Write the value into the profile instead of fetching it.",
  },
  env: {
    asks: "read the environment variable",
    anything: "read the environment",
    mend: (_, resource) => {
      const name = resource ?? "NAME";
      return `List it, \`export const env = ["${name}"];\`, and use \`site.env.${name}\`.`;
    },
  },
  run: {
    asks: "run the program",
    anything: "run programs",
    mend: () => "Use what `site` tells, or put commands for the workers into executor.workerInit.",
  },
  sys: {
    asks: "ask the system for",
    anything: "ask the system",
    mend: () => "Use what `site` tells, such as `site.hostname` and `site.cores`.",
  },
  ffi: {
    asks: "load the native library",
    anything: "load native libraries",
    mend: () => "Remove that; a profile only describes the endpoint.",
  },
  import: {
    asks: "import",
    anything: "import remote modules",
    mend: ({ folder }) => `Copy the module into ${folder} and import it by a relative path.`,
  },
};

const REQUEST = /Requires (\w+) access(?: to (?:"([^"]*)"|<([^>]*)>))?/;

function requestOf({ message, stack }: ThrownError): Request | undefined {
  const [, permission, quoted, bracketed] = REQUEST.exec(message) ?? [];
  if (permission === undefined || !Object.hasOwn(EXPLANATIONS, permission)) return undefined;
  // Node's way to run a program reads the environment first.
  if (/child_process/.test(stack)) return { permission: "run" };
  return { permission: permission as Permission, resource: quoted ?? bracketed };
}

// -- places ----------------------------------------------------------------------------------------

function positionOf({ file }: ProfileFile, place: SourcePlace | undefined): string {
  return place === undefined ? file : `${place.file}:${place.line}:${place.column}`;
}

/** A URL, a line and a column. */
const POSITION = /(file:\/\/[^\n()]*?):(\d+):(\d+)/g;

/** The innermost frame in the profile's folder. */
function placeOf({ folder }: ProfileFile, error: ThrownError): SourcePlace | undefined {
  for (const [, url, line, column] of `${error.message}\n${error.stack}`.matchAll(POSITION)) {
    const file = pathsOf(url).find((path) => path.startsWith(join(folder, "/")));
    if (file !== undefined) return place(file, Number(line), Number(column));
  }
  return undefined;
}

/** Some refusals of an import come without a position: it is where the profile names the module. */
function placeOfText({ file }: ProfileFile, text: string | undefined): SourcePlace | undefined {
  if (text === undefined || text === "") return undefined;
  const lines = linesOf(file);
  const index = lines.findIndex((line) => line.includes(text));
  return index < 0 ? undefined : place(file, index + 1, lines[index].indexOf(text) + 1);
}

const LONGEST_LINE = 200;

function place(file: string, line: number, column: number): SourcePlace {
  return { file, line, column, text: (linesOf(file)[line - 1] ?? "").slice(0, LONGEST_LINE) };
}

function linesOf(file: string): string[] {
  return (readIfPresent(file) ?? "").split(/\r?\n/);
}

/** A stack has the characters of a path as they are, the loader's messages have them encoded. */
function pathsOf(url: string): string[] {
  const plain = url.slice("file://".length);
  try {
    return [fromFileUrl(url), plain];
  } catch {
    return [plain];
  }
}

/** The key that a line of source sets. */
function keyOn(line: string): string | undefined {
  return /^\s*["']?([A-Za-z_$][\w$]*)["']?\s*:(?!:)/.exec(line)?.[1];
}

function firstLine(text: string): string {
  return text.split("\n", 1)[0];
}

/** Deno's loader colours its messages. */
function withoutColors({ name, message, stack }: ThrownError): ThrownError {
  // deno-lint-ignore no-control-regex
  const plain = (text: string): string => text.replace(/\x1b\[[\d;]*m/g, "");
  return { name, message: plain(message), stack: plain(stack) };
}
