/** Which schedulers are here, and whether the profile's provider is one of them. */
import { runProgram } from "../../lib/run_program.ts";
import type { Scheduler } from "../../profile/profile.d.ts";
import type { ResolvedProvider } from "../../profile/resolved_provider.ts";
import {
  findProgram,
  findSchedulers,
  isProgram,
  SCHEDULER_TITLES,
  SUBMIT_PROGRAMS,
} from "../../profile/schedulers.ts";
import { type Check, failed, fine, type Patient, warning } from "./check.ts";

/** What makes each program tell its version without doing anything. */
const VERSION_QUESTIONS: Readonly<
  Record<Scheduler, readonly [program: string, ...args: string[]]>
> = {
  slurm: ["sbatch", "--version"],
  pbs: ["qsub", "--version"],
  lsf: ["bsub", "-V"],
  sge: ["qsub", "-help"],
  htcondor: ["condor_version"],
  kubernetes: ["kubectl", "version", "--client"],
};

export async function* schedulerChecks({ context, profile }: Patient): AsyncGenerator<Check> {
  const found = findSchedulers(context.env);
  if (found.length === 0) yield fine("scheduler", "none found on PATH");
  for (const scheduler of found) yield await schedulerCheck(scheduler, context);
  if (profile !== undefined) yield providerCheck(profile.executor.provider, found, context.env);
}

async function schedulerCheck(
  scheduler: Scheduler,
  { env, signal }: Patient["context"],
): Promise<Check> {
  const [program, ...args] = VERSION_QUESTIONS[scheduler];
  const path = findProgram(SUBMIT_PROGRAMS[scheduler], env);
  const title = SCHEDULER_TITLES[scheduler];
  const answer = await runProgram(program, args, { signal });
  if (answer.kind === "answered") {
    return fine(
      "scheduler",
      `${title}, ${path}: ${(answer.stdout || answer.stderr).split("\n", 1)[0]}`,
    );
  }
  return warning(
    "scheduler",
    `${title}, ${path} does not answer: ${answer.why}`,
    `Try \`${VERSION_QUESTIONS[scheduler].join(" ")}\`, and ask the site if it fails there too.`,
  );
}

// -- the provider ----------------------------------------------------------------------------------

type Environment = Patient["context"]["env"];

/** @param found what {@link findSchedulers} gives */
export function providerCheck(
  provider: ResolvedProvider,
  found: readonly Scheduler[],
  env: Environment,
): Check {
  switch (provider.type) {
    case "local":
      return localCheck(found);
    case "exec":
      return commandsCheck([provider.submit[0], provider.status[0], provider.cancel[0]], env);
    default:
      return found.includes(provider.type)
        ? fine(
          "provider",
          `the profile submits to ${SCHEDULER_TITLES[provider.type]}, which is here`,
        )
        : missing(provider.type, found);
  }
}

/** A choice that may well be meant, also beside a scheduler. */
function localCheck(found: readonly Scheduler[]): Check {
  const [scheduler] = found;
  const here = "the profile runs workers on this machine";
  return scheduler === undefined ? fine("provider", here) : fine(
    "provider",
    `${here}; \`configure NAME --template ${scheduler}\` makes one for jobs of ` +
      SCHEDULER_TITLES[scheduler],
  );
}

function missing(wanted: Scheduler, found: readonly Scheduler[]): Check {
  const program = SUBMIT_PROGRAMS[wanted];
  const title = SCHEDULER_TITLES[wanted];
  const other = found.find((scheduler) => SUBMIT_PROGRAMS[scheduler] === program);
  if (other !== undefined) {
    return failed(
      "provider",
      `the profile submits to ${title}, and the ${program} here is that of ${
        SCHEDULER_TITLES[other]
      }`,
      `Write { type: "${other}" } as executor.provider.`,
    );
  }
  return failed(
    "provider",
    `the profile submits to ${title}, and there is no ${program} on PATH`,
    `Start the endpoint where ${program} is, such as on a login node; ` +
      "where it comes with a module, load that first.",
  );
}

function commandsCheck(programs: readonly string[], env: Environment): Check {
  const absent = programs.find((program) => !isThere(program, env));
  return absent === undefined
    ? fine("provider", `the profile submits by ${programs[0]}, which is here`)
    : failed(
      "provider",
      `the profile's provider runs ${absent}, which is not there`,
      "Write its absolute path, or put it on PATH.",
    );
}

function isThere(program: string, env: Environment): boolean {
  return program.includes("/") ? isProgram(program) : findProgram(program, env) !== undefined;
}
