/**
 * The only place that runs programs of a scheduler. One that does not end in time is ended with all
 * that it has started, what it prints is bounded, and the environment is the agent's own, since
 * sites set it up for their programs.
 */
import { MAX_SCHEDULER_OUTPUT_BYTES, MAX_SCHEDULER_WORDS } from "../../contract/limits.ts";
import { fatal, ok, retryable } from "../../lib/outcome.ts";
import { type ProgramFailure, runProgram } from "../../lib/run_program.ts";
import type { SchedulerFailure, SchedulerOutcome } from "./provider.ts";

/** What a program printed, trimmed. */
export interface CommandOutput {
  readonly stdout: string;
  readonly stderr: string;
}

export interface SchedulerCommand {
  /** The program, by name or path, and its arguments. */
  readonly argv: readonly string[];
  /** For its standard input. */
  readonly input?: string;
  /** Whether such an answer with another exit code than 0 is an answer all the same. */
  readonly accepts?: (output: CommandOutput) => boolean;
  /** Whether such words mean that the scheduler is not there at the moment, rather than a refusal. */
  readonly isBusy?: (words: string) => boolean;
}

export type RunCommand = (command: SchedulerCommand) => Promise<SchedulerOutcome<CommandOutput>>;

/** @param env added to the environment, for tests */
export function commandRunner(
  { seconds, env }: { readonly seconds: number; readonly env?: Readonly<Record<string, string>> },
): RunCommand {
  return async (command) => {
    const [program, ...args] = command.argv;
    const answer = await runProgram(program, args, {
      env,
      input: command.input,
      patience: seconds * 1_000,
      maxOutputBytes: MAX_SCHEDULER_OUTPUT_BYTES,
    });
    if (answer.kind === "answered") return ok({ stdout: answer.stdout, stderr: answer.stderr });
    const output = answer.ended;
    if (output !== undefined && command.accepts?.(output)) return ok(output);
    return failureOf(program, answer, command.isBusy);
  };
}

function failureOf(
  program: string,
  { why, ended, missing }: ProgramFailure,
  isBusy: SchedulerCommand["isBusy"],
): SchedulerOutcome<never> {
  const words = bounded(ended === undefined ? why : ended.stderr || ended.stdout || why);
  if (missing) {
    return fatal({
      code: "SCHEDULER_MISSING",
      message: `${program} cannot be run: ${oneLine(why)}`,
      hint: `Start the endpoint where ${program} is on PATH, or choose another provider.`,
      words,
      mayBeDone: false,
    });
  }
  if (ended === undefined || isBusy?.(words)) {
    // The scheduler may have got it, and only its answer be lost.
    const mayBeDone = ended === undefined || /timed out|timeout/i.test(words);
    return retryable(unavailable(program, words, mayBeDone));
  }
  return fatal(refused(program, words));
}

/** Of a scheduler that said no, or whose answer cannot be understood. */
export function refused(program: string, said: string, mayBeDone = false): SchedulerFailure {
  const words = bounded(said);
  return {
    code: "SCHEDULER_REFUSED",
    message: `${program} refused: ${oneLine(words)}`,
    hint: "Correct executor.provider in the profile; `start --dry-run` shows what is submitted.",
    words,
    mayBeDone,
  };
}

export function unavailable(program: string, said: string, mayBeDone: boolean): SchedulerFailure {
  const words = bounded(said);
  return {
    code: "SCHEDULER_UNAVAILABLE",
    message: `${program} gave no answer: ${oneLine(words)}`,
    hint: "It is asked again; the site's status page may say more.",
    words,
    mayBeDone,
  };
}

/** Trimmed and cut off, without the characters that would change a terminal. */
export function bounded(said: string): string {
  const plain = said.replace(/[^\P{Cc}\n\t]/gu, "").trim();
  return plain.length <= MAX_SCHEDULER_WORDS ? plain : `${plain.slice(0, MAX_SCHEDULER_WORDS)}…`;
}

function oneLine(words: string): string {
  return words.split("\n").map((line) => line.trim()).filter((line) => line !== "").join("; ");
}
