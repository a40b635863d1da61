/**
 * Commands for which no shell has to be started, as make(1) does it: a shell would do nothing but
 * load the program. A task `/bin/true` takes half the time this way.
 *
 * In any doubt it is the shell that runs the command, so this must never see a command where a shell
 * would do something else: what the shell has built in, functions that the environment brings along
 * for bash, lines of `worker_init`. A program that is not there, or that the system cannot load, goes
 * to the shell too, which says so in its own way.
 */
import type { ShellRuntime } from "./shell.ts";

/** Reserved words and built-in commands of sh, dash, bash, ksh and zsh that have no slash. */
const OF_SHELLS = new Set(
  `! . : [ [[ ]] alias autoload bg bind break builtin caller case cd chdir command compgen complete
  compopt continue coproc declare dirs disown do done echo elif else emulate enable esac eval exec
  exit export false fc fg fi float for foreach function getopts hash help hist history if in integer
  jobs kill let limit local logout mapfile nameref nocorrect noglob popd print printf pushd pwd read
  readarray readonly repeat return select set setopt shift shopt sleep source suspend test then time
  times trap true type typeset ulimit umask unalias unset unsetopt until vared wait whence where which
  while zmodload`.split(/\s+/),
);
/** What bash reads before a command, and the functions that it takes from the environment. */
const BASH = /^(?:BASH_ENV$|BASH_FUNC_)/;

/** Whether plain commands of the runtime do the same without its shell. */
export function allowsPlainCommands(
  { workerInit, environment }: Pick<ShellRuntime, "workerInit" | "environment">,
): boolean {
  return workerInit.trim() === "" && !Object.keys(environment).some((name) => BASH.test(name));
}

/**
 * The file of the program that the first word names; null where the shell has to decide.
 * @param path of the command's environment, with folders between colons
 */
export function programFile(
  word: string,
  path: string,
  isExecutable: (file: string) => boolean,
): string | null {
  if (word.startsWith("/")) return word;
  // Relative ones start in the task's folder, which is not that of this process.
  if (word.includes("/") || word.includes("=") || OF_SHELLS.has(word)) return null;
  for (const folder of path.split(":")) {
    if (!folder.startsWith("/")) return null;
    if (isExecutable(`${folder}/${word}`)) return `${folder}/${word}`;
  }
  return null;
}
