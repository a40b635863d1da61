/**
 * What a message says of each key of a profile: what is expected there, and how to mend it. Keys
 * are dotted; `*` stands for any name or position. A test holds this table, the schema and
 * `profile.d.ts` together.
 */
import {
  MAX_ATTEMPTS,
  MAX_BLOB_BYTES,
  MAX_DESCRIPTION_LENGTH,
  MAX_IDS_PER_REQUEST,
  MAX_IMAGE_LENGTH,
  MAX_NAME_LENGTH,
  MAX_PREFETCH,
  MAX_WORKERS_PER_NODE,
} from "../contract/limits.ts";
import { CONTAINER_TYPES } from "./container.ts";
import { PROVIDER_KEYS } from "./provider_keys.ts";

export interface KeyHelp {
  readonly expected: string;
  readonly mend: string;
}

const FOLDER: KeyHelp = {
  expected: "a path",
  mend: 'Write an absolute path, one in the home folder such as "~/scratch", or a relative one.',
};
const SWITCH: KeyHelp = { expected: "true or false", mend: "Write it without quotes." };
const SECTION: KeyHelp = { expected: "an object", mend: "Write it as { key: value }." };

function permission(example: string): KeyHelp {
  return {
    expected: "true, false or an array of strings",
    mend: `Write true for all of them, or name some, such as ["${example}"].`,
  };
}

function onePermission(example: string): KeyHelp {
  return { expected: "a string", mend: `Name one, such as "${example}".` };
}

const PERMISSION_EXAMPLES = {
  read: "/scratch/data",
  write: "/scratch/results",
  net: "example.org:443",
  env: "LANG",
  run: "/usr/bin/git",
  sys: "hostname",
};

function permissions(prefix: string): Record<string, KeyHelp> {
  return Object.fromEntries(
    Object.entries(PERMISSION_EXAMPLES).flatMap(([name, example]) => [
      [`${prefix}.${name}`, permission(example)],
      [`${prefix}.${name}.*`, onePermission(example)],
    ]),
  );
}

function under(prefix: string, keys: Readonly<Record<string, KeyHelp>>): Record<string, KeyHelp> {
  return Object.fromEntries(Object.entries(keys).map(([key, help]) => [`${prefix}.${key}`, help]));
}

export const KEYS: Readonly<Record<string, KeyHelp>> = {
  "": { expected: "an object", mend: "Export one: `export default { … };`." },
  displayName: {
    expected: `a string of 1 to ${MAX_NAME_LENGTH} characters`,
    mend: "Give it a short name in quotes, or leave it out for the endpoint's name.",
  },
  description: {
    expected: `a string of at most ${MAX_DESCRIPTION_LENGTH} characters`,
    mend: "Write a text in quotes, or leave it out.",
  },
  site: {
    expected: `one line of 1 to ${MAX_NAME_LENGTH} characters`,
    mend: 'Write the site\'s name in quotes, such as "Midway 3", or leave it out.',
  },
  service: {
    expected: "the base URL of a service",
    mend: 'Write it as "https://HOST" without user, "?" and "#", or leave it out for your own.',
  },
  stateDir: FOLDER,
  executor: SECTION,
  "executor.workersPerNode": {
    expected: `a whole number from 1 to ${MAX_WORKERS_PER_NODE}, or "auto"`,
    mend: 'Write "auto" for as many as the node has cores for.',
  },
  "executor.coresPerWorker": {
    expected: "a number of cores, more than 0",
    mend: "Leave it out for one, or for an even share where workersPerNode is a number.",
  },
  "executor.memPerWorker": {
    expected: 'gibibytes, or memory with a unit such as "512M", "4G" or "1T"',
    mend: "Leave it out for no limit.",
  },
  "executor.availableAccelerators": {
    expected: `a whole number from 0 to ${MAX_WORKERS_PER_NODE}, an array of ids, or "auto"`,
    mend: 'Write "auto" for all that the node has, or name them as ["0", "1"].',
  },
  "executor.availableAccelerators.*": {
    expected: "an accelerator's id, as its vendor's variable takes it",
    mend: 'Write it as 0, "GPU-8932f937" or "0.1".',
  },
  "executor.cpuAffinity": {
    expected: '"none", "block", "block-reverse", "alternating" or an array of lists of cores',
    mend: 'Write "block" for neighbouring cores, or a list for each worker as ["0-3", "4-7"].',
  },
  "executor.cpuAffinity.*": {
    expected: "a list of cores",
    mend: 'Write it as "0-3" or "0-3,64-67".',
  },
  "executor.prefetch": {
    expected: `a whole number from 0 to ${MAX_PREFETCH}`,
    mend: "Leave it out for 0.",
  },
  "executor.maxAttempts": {
    expected: `a whole number from 1 to ${MAX_ATTEMPTS}`,
    mend: "Write 1 to never run a task twice.",
  },
  "executor.maxResultBytes": {
    expected: `a whole number from 1 to ${MAX_BLOB_BYTES}`,
    mend: "Leave it out for all that the service takes.",
  },
  "executor.walltime": {
    expected: '"HH:MM:SS" or a number of seconds, more than 0',
    mend: 'Write one hour as "01:00:00", or leave it out for no end.',
  },
  "executor.idleTime": {
    expected: '"HH:MM:SS" or a number of seconds, more than 0',
    mend: 'Write one hour as "01:00:00", or leave it out for ten minutes.',
  },
  "executor.provider": { expected: "an object", mend: 'Write it as { type: "local" }.' },
  ...under("executor.provider", PROVIDER_KEYS),
  "executor.mpiLauncher": {
    expected: '"mpiexec", "srun" or "aprun"',
    mend: "Leave it out for srun inside jobs of Slurm and mpiexec elsewhere.",
  },
  "executor.address": {
    expected: '"auto", "service", an IP address or the name of a network interface',
    mend: 'Write it as "ib0" or "10.0.0.1", or leave it out for "auto".',
  },
  "executor.portRange": {
    expected: "two ports, the lower one first",
    mend: "Write it as [50000, 51000], or leave it out for any port.",
  },
  "executor.portRange.*": {
    expected: "a port from 1 to 65535",
    mend: "Write it as [50000, 51000], or leave it out for any port.",
  },
  "executor.reattachTimeout": {
    expected: '"HH:MM:SS" or a number of seconds, more than 0',
    mend: 'Write one hour as "01:00:00", or leave it out for ten minutes.',
  },
  "executor.runtimes": SECTION,
  "executor.runtimes.typescript": {
    expected: "false or an object",
    mend:
      "Write false to turn it off, { permissions: { … } } to grant permissions, or leave it out.",
  },
  "executor.runtimes.typescript.permissions": {
    expected: "an object",
    mend: 'Write it as { net: ["example.org:443"] }.',
  },
  ...permissions("executor.runtimes.typescript.permissions"),
  "executor.runtimes.python": {
    expected: "false or an object",
    mend: 'Write false to turn it off, { interpreter: "python3" }, or leave it out.',
  },
  "executor.runtimes.python.interpreter": {
    expected: "a program's name or path",
    mend: 'Write it as "python3" or "/opt/python/bin/python3".',
  },
  "executor.runtimes.shell": {
    expected: "false or an object",
    mend: 'Write false to turn it off, { shell: "/bin/sh" }, or leave it out.',
  },
  "executor.runtimes.shell.shell": {
    expected: "the path of a shell",
    mend: 'Write it as "/bin/sh" or "/bin/bash".',
  },
  "executor.container": {
    expected: "an object",
    mend: 'Write it as { type: "apptainer", image: "/images/python.sif" }.',
  },
  "executor.container.type": {
    expected: CONTAINER_TYPES.map((type) => JSON.stringify(type)).join(", "),
    mend: 'Name the program that the nodes have, or "custom" for another one.',
  },
  "executor.container.image": {
    expected: `an image of at most ${MAX_IMAGE_LENGTH} characters, without spaces and options`,
    mend: 'Write it as "docker.io/library/python:3.12" or "/images/python.sif".',
  },
  "executor.container.options": {
    expected: "an array of strings",
    mend: 'Write each word by itself, such as ["--network", "none"].',
  },
  "executor.container.options.*": {
    expected: "one word of a command line",
    mend: 'Write it as "--network" or "none".',
  },
  "executor.container.command": {
    expected: "an array of strings",
    mend: 'Write it as ["my-wrapper", "{image}", "{command}"].',
  },
  "executor.container.command.*": {
    expected: "one word of a command line",
    mend: 'Write it as "my-wrapper" or "{image}".',
  },
  "executor.container.mount": {
    expected: "an array of strings",
    mend: 'Write it as ["--bind", "{folder}"], and "{mounts}" in the command.',
  },
  "executor.container.mount.*": {
    expected: "one word of a command line",
    mend: 'Write it as "--bind" or "{folder}".',
  },
  "executor.container.allow": {
    expected: "an array of images",
    mend: 'Write it as ["docker.io/library/*"]; * stands for any characters.',
  },
  "executor.container.allow.*": {
    expected: `an image of at most ${MAX_IMAGE_LENGTH} characters, or a pattern with *`,
    mend: 'Write it as "docker.io/library/*".',
  },
  "executor.workerInit": {
    expected: "a string of shell lines",
    mend: 'Join several lines with "\\n", or use a `template`.',
  },
  "executor.environment": {
    expected: "an object of strings",
    mend: 'Write it as { NAME: "value" }; names have letters, digits and "_".',
  },
  "executor.environment.*": {
    expected: "a string",
    mend: 'Put the value in quotes, such as "8".',
  },
  "executor.sandbox": SWITCH,
  "executor.workingFolder": FOLDER,
  allowedFunctions: {
    expected: `an array of at most ${MAX_IDS_PER_REQUEST} function ids`,
    mend: 'Write it as ["ID", …], or leave it out to allow any function.',
  },
  "allowedFunctions.*": {
    expected: "a function's id, a lower-case UUID",
    mend: "Take it from `funcx-endpoint function list`.",
  },
  public: SWITCH,
  logLevel: {
    expected: '"debug", "info", "warning" or "error"',
    mend: 'Leave it out for "info".',
  },
};

/** The names that may stand under `parent`, which is dotted; `""` is the profile itself. */
export function keysUnder(parent: string): string[] {
  const prefix = parent === "" ? "" : `${parent}.`;
  return Object.keys(KEYS)
    .filter((key) => key !== "" && key.startsWith(prefix))
    .map((key) => key.slice(prefix.length))
    .filter((rest) => rest !== "*" && !rest.includes("."));
}
