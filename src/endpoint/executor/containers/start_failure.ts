/** What it means that a container does not start, by the words of the program. Pure. */
import type { TaskError } from "../../../contract/errors.ts";
import { manageError } from "../assignment.ts";

export interface FailedStart {
  /** First word of the command line. */
  readonly program: string;
  readonly image: string;
  /** What was to be run inside: a path or a name. */
  readonly inside: string;
  /** How it ended, for people. */
  readonly how: string;
  /** The end of its stderr. */
  readonly lastWords: string;
}

export function containerNotStarted(failed: FailedStart): TaskError {
  const { program, image, how, lastWords } = failed;
  const words = lastLine(lastWords);
  return manageError(
    "CouldNotExecuteUserTaskError",
    `the container does not start (${program} with ${image}: ${how})` +
      (words === undefined ? "" : `: ${words}`),
    hintFor(failed),
    lastWords,
  );
}

function hintFor({ program, image, inside, how, lastWords }: FailedStart): string {
  const words = `${how}\n${lastWords}`;
  const name = program.slice(program.lastIndexOf("/") + 1);
  if (isMissing(program, words)) {
    return `Install ${name} on each node, load its module in executor.workerInit, or name another ` +
      "executor.container.type.";
  }
  const lacksInside = words.split("\n").some((line) =>
    line.includes(inside) && /no such file|not found|can't execute/i.test(line)
  );
  if (lacksInside) {
    return `The image needs ${inside}: Python functions take Python 3.6 or later, commands a shell; ` +
      "executor.runtimes names them.";
  }
  if (/unauthorized|denied: requested access|authentication required|401/i.test(words)) {
    return `Log in to the registry of ${image} with ${name}, as the user of the endpoint.`;
  }
  if (/permission denied|not permitted|cannot connect to the docker daemon/i.test(words)) {
    return `See that this user may run ${name} on the nodes: try \`${name}\` with ${image} there.`;
  }
  if (
    /no such file|not found|manifest|unknown|no such image|could not open|failed to find|pull/i
      .test(words)
  ) {
    return `See that ${image} is there: its name, and whether nodes reach its registry. Where they do ` +
      `not, fetch it with ${name} beforehand.`;
  }
  return "Check executor.container in the endpoint's profile.";
}

/** In the words of the shell before it, or of the system. */
function isMissing(program: string, words: string): boolean {
  return words.includes(`exec: ${program}: not found`) || words.includes(`spawn ${program} ENOENT`);
}

/** The last line that has text. */
function lastLine(text: string): string | undefined {
  return text.split("\n").map((line) => line.trim()).filter((line) => line !== "").at(-1);
}
