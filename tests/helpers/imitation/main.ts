/**
 * `main.ts PROGRAM ARGUMENT…`: a program of PBS, LSF or HTCondor as far as a provider talks to it. It
 * takes only what the real one takes, on its command line and in scripts, and answers with recorded
 * texts. What jobs there are and how they are is in `$IMITATION_FOLDER/jobs.json`, which a test writes.
 */
import { adsText, HTCONDOR } from "../../../src/endpoint/providers/testing/recorded/htcondor.ts";
import { LSF } from "../../../src/endpoint/providers/testing/recorded/lsf.ts";
import { PBS } from "../../../src/endpoint/providers/testing/recorded/pbs.ts";
import { parse, type Parsed, PROGRAM_OPTIONS, SCRIPT_OPTIONS } from "./options.ts";
import { type ImitatedState, Jobs } from "./jobs.ts";

interface Answer {
  readonly stdout?: string;
  readonly stderr?: string;
  readonly code?: number;
}

const [program, ...args] = Deno.args;
const jobs = new Jobs(Deno.env.get("IMITATION_FOLDER") ?? ".");
const KNOWN_QUEUES = ["workq", "debug", "normal"];

function refuse(text: string, code = 1): Answer {
  return { stderr: `${text}\n`, code };
}

/** Words of a directive; only double quotes group them here. */
function directives(script: string, prefix: string): string[] {
  return script.split("\n").filter((line) => line.startsWith(`${prefix} `)).flatMap((line) =>
    (line.slice(prefix.length).match(/"[^"]*"|\S+/g) ?? []).map((word) =>
      word.replace(/^"(.*)"$/, "$1")
    )
  );
}

/** One line for each job, what is known to stdout, what is not to stderr. */
function each(
  ids: readonly string[],
  known: (id: string, state: ImitatedState) => string | undefined,
  unknown: (id: string) => string,
  code: number,
): Answer {
  const answers = ids.map((id) => {
    const state = jobs.stateOf(id);
    const stdout = state === undefined ? undefined : known(id, state);
    return stdout === undefined ? { stderr: unknown(id) } : { stdout };
  });
  return {
    stdout: answers.map(({ stdout = "" }) => stdout).join(""),
    stderr: answers.map(({ stderr = "" }) => stderr).join(""),
    code: answers.some(({ stderr }) => stderr !== undefined) ? code : 0,
  };
}

// -- PBS -------------------------------------------------------------------------------------------

function qsub({ operands }: Parsed): Answer {
  const script = Deno.readTextFileSync(operands[0]);
  const { options } = parse(SCRIPT_OPTIONS.pbs, directives(script, "#PBS"));
  const queue = options.get("-q")?.[0] ?? "workq";
  if (!KNOWN_QUEUES.includes(queue)) return refuse("qsub: Unknown queue", 170);
  if (options.get("-A")?.[0] === "nobody") return refuse("qsub: Invalid account", 17);
  return { stdout: `${jobs.add(script, ".pbs")}\n` };
}

function qstat({ options, operands }: Parsed): Answer {
  const { hasHistory } = jobs;
  if (options.has("-x") && !hasHistory) {
    return refuse("qstat: PBS is not configured to maintain job history 0.scheduler", 150);
  }
  const paragraph = (id: string, state: ImitatedState): string | undefined => {
    if (state === "queued" || state === "running") return `${PBS[state](id)}\n`;
    if (!options.has("-x")) return undefined;
    const status = { completed: "0", failed: "3", cancelled: "271" };
    return `${PBS.finished(id, status[state])}\n`;
  };
  const absent = (id: string): string =>
    jobs.stateOf(id) === undefined || !hasHistory
      ? `qstat: Unknown Job Id ${id}\n`
      : `qstat: ${id} Job has finished, use -x or -H to obtain historical job information\n`;
  return each(operands, paragraph, absent, 153);
}

function qdel({ operands }: Parsed): Answer {
  const end = (id: string, state: ImitatedState): string | undefined =>
    jobs.cancel(id, state) ? "" : undefined;
  const over = (id: string): string =>
    jobs.stateOf(id) === undefined
      ? `qdel: Unknown Job Id ${id}\n`
      : `qdel: Job has finished ${id}\n`;
  return each(operands, end, over, 35);
}

// -- LSF -------------------------------------------------------------------------------------------

async function bsub(): Promise<Answer> {
  const script = await new Response(Deno.stdin.readable).text();
  const { options } = parse(SCRIPT_OPTIONS.lsf, directives(script, "#BSUB"));
  const queue = options.get("-q")?.[0] ?? "normal";
  if (!KNOWN_QUEUES.includes(queue)) {
    return refuse(`${queue}: No such queue. Job not submitted.`, 255);
  }
  return { stdout: `Job <${jobs.add(script)}> is submitted to queue <${queue}>.\n` };
}

function bjobs({ operands }: Parsed): Answer {
  const recorded = {
    queued: LSF.queued,
    running: LSF.running,
    completed: LSF.done,
    failed: LSF.failed,
    cancelled: LSF.killed,
  };
  const line = (id: string, state: ImitatedState): string => `${recorded[state](id)}\n`;
  return each(operands, line, (id) => `Job <${id}> is not found\n`, 255);
}

function bkill({ operands }: Parsed): Answer {
  const end = (id: string, state: ImitatedState): string | undefined =>
    jobs.cancel(id, state) ? `Job <${id}> is being terminated\n` : undefined;
  const over = (id: string): string =>
    `Job <${id}>: ${
      jobs.stateOf(id) === undefined ? "No matching job found" : "Job has already finished"
    }\n`;
  return each(operands, end, over, 255);
}

// -- HTCondor --------------------------------------------------------------------------------------

function condorSubmit({ operands }: Parsed): Answer {
  const text = Deno.readTextFileSync(operands[0]);
  const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  const [, count] = /^queue (\d+)$/.exec(lines.at(-1) ?? "") ?? [];
  if (count === undefined) return refuse("ERROR: no queue statement");
  const words = lines.slice(0, -1).filter((line) => !line.startsWith("+")).map((line) => {
    const [, name = line, value = ""] = /^(\w+) = (.*)$/.exec(line) ?? [];
    return { name, value };
  });
  for (const { name, value } of words) {
    const form = SCRIPT_OPTIONS.htcondor.values[name];
    if (!form?.test(value)) return refuse(`ERROR: on Line: ${name} = ${value}`);
  }
  const group = words.find(({ name }) => name === "accounting_group")?.value;
  if (group === "nobody") return refuse("ERROR: Failed to commit job submission into the queue.");
  const id = jobs.add(text);
  return { stdout: `${id}.0 - ${id}.${Number(count) - 1}\n` };
}

function ads(ids: readonly string[], wanted: readonly ImitatedState[]): Answer {
  const recorded = {
    queued: HTCONDOR.idle,
    running: HTCONDOR.running,
    completed: HTCONDOR.completed,
    failed: (id: number) => HTCONDOR.completed(id, 3),
    cancelled: HTCONDOR.removed,
  };
  const found = ids.flatMap((id) => {
    const state = jobs.stateOf(id);
    return state !== undefined && wanted.includes(state) ? [recorded[state](Number(id))] : [];
  });
  return { stdout: adsText(found) };
}

function condorRm({ operands }: Parsed): Answer {
  const end = (id: string, state: ImitatedState): string | undefined =>
    jobs.cancel(id, state) ? `All jobs in cluster ${id} have been marked for removal\n` : undefined;
  return each(operands, end, (id) => `Couldn't find/remove all jobs in cluster ${id}\n`, 1);
}

const PROGRAMS: Readonly<Record<string, (parsed: Parsed) => Answer | Promise<Answer>>> = {
  qsub,
  qstat,
  qdel,
  bsub,
  bjobs,
  bkill,
  condor_submit: condorSubmit,
  condor_q: ({ operands }) => ads(operands, ["queued", "running"]),
  condor_history: ({ operands }) => ads(operands, ["completed", "failed", "cancelled"]),
  condor_rm: condorRm,
};

async function main(): Promise<Answer> {
  try {
    jobs.called(program, args);
    return await PROGRAMS[program](parse(PROGRAM_OPTIONS[program], args));
  } catch (thrown) {
    return refuse(`${program}: ${(thrown as Error).message}`, 2);
  }
}

const { stdout = "", stderr = "", code = 0 } = await main();
await new Blob([stdout]).stream().pipeTo(Deno.stdout.writable);
await new Blob([stderr]).stream().pipeTo(Deno.stderr.writable);
Deno.exit(code);
