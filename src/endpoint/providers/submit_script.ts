/**
 * The shell scripts that are handed to a scheduler. Whatever comes from a profile, a path or a name
 * is one word of the shell, or stands in a directive, where the profile's schema allows nothing that
 * could end it. Pure; no secret gets in here.
 */
import type { BlockRequest } from "./provider.ts";

/** One word of a POSIX shell, whatever is in it. */
export function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

export function shellWords(words: readonly string[]): string {
  return words.map(shellWord).join(" ");
}

/** What all schedulers take as a job's name: letters, digits, `_` and `-`, a letter first. */
export function jobName({ name }: BlockRequest): string {
  const plain = name.replace(/[^\w-]/g, "_");
  return (/^[A-Za-z]/.test(plain) ? plain : `b${plain}`).slice(0, LONGEST_NAME);
}

/** All take as many in their present releases. */
const LONGEST_NAME = 63;

/** The names of a block's files, in its folder. */
export const SCRIPT_FILE = "submit.sh";
export const OUTPUT_FILE = "output";

export function outputPath({ folder }: BlockRequest): string {
  return `${folder}/${OUTPUT_FILE}`;
}

/** A directive with a value is left out without one. */
export function option(text: string, value: string | number | null): string[] {
  return value === null ? [] : [`${text}${value}`];
}

export interface ScriptParts {
  readonly request: BlockRequest;
  /** Whole lines for the head, such as `#PBS -q debug`. */
  readonly directives: readonly string[];
  /** Lines that start the managers; see `launchers.ts`. */
  readonly launch: readonly string[];
  /** Whether the scheduler itself writes into the block's output file while it runs. */
  readonly writesOutput?: boolean;
}

export function submitScript({ request, directives, launch, writesOutput }: ScriptParts): string {
  return [
    "#!/bin/sh",
    ...directives,
    `# Block ${oneLine(request.blockId)} of funcx-endpoint: one manager on each node.`,
    "umask 077",
    ...(writesOutput ? [] : [`exec >>${shellWord(outputPath(request))} 2>&1`]),
    `cd ${shellWord(request.folder)} || exit 1`,
    ...launch,
    "",
  ].join("\n");
}

function oneLine(text: string): string {
  return text.replace(/\p{Cc}/gu, " ");
}

/** `HH:MM:SS`, with as many hours as it takes. */
export function hoursMinutesSeconds(seconds: number): string {
  const whole = Math.ceil(seconds);
  const parts = [Math.floor(whole / 3_600), Math.floor(whole / 60) % 60, whole % 60];
  return parts.map((part) => String(part).padStart(2, "0")).join(":");
}
