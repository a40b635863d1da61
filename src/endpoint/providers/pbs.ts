/**
 * PBS Professional and OpenPBS: qsub, qstat, qdel, as in their reference guide. The status is read
 * from the long text form, which both have in all releases; what `-F json` prints is not always JSON.
 */
import type { PbsSettings } from "../../profile/resolved_provider.ts";
import { batchProvider } from "./batch_provider.ts";
import { launchLines } from "./launchers.ts";
import {
  type BlockRequest,
  ended,
  type JobEnding,
  type JobState,
  type JobStates,
  type Provider,
} from "./provider.ts";
import type { CommandOutput, RunCommand } from "./scheduler_command.ts";
import { hoursMinutesSeconds, jobName, option, submitScript } from "./submit_script.ts";

export function pbsProvider(settings: PbsSettings, run: RunCommand): Provider {
  return batchProvider({
    type: "pbs",
    script: (request) => script(settings, request),
    submit: (file) => ({ argv: ["qsub", file], isBusy }),
    jobId: (stdout) => /^\d+(\.[\w.-]+)?$/m.exec(stdout)?.[0],
    status: (jobIds) => ({ argv: ["qstat", "-f", ...jobIds], accepts: saysUnknown, isBusy }),
    states: parseQstat,
    // A server that keeps no history refuses all that is asked with -x, also about jobs that it has.
    history: (jobIds) => ({ argv: ["qstat", "-x", "-f", ...jobIds], accepts: saysUnknown, isBusy }),
    endings: parseQstat,
    cancel: (jobIds) => ({ argv: ["qdel", ...jobIds], accepts: saysUnknown, isBusy }),
  }, run);
}

function script(settings: PbsSettings, request: BlockRequest): string {
  const { node, blocks, launcher } = settings;
  const { nodes, manager } = request;
  return submitScript({
    request,
    directives: [
      `-N ${jobName(request)}`,
      // Else it is run by the user's login shell.
      "-S /bin/sh",
      "-j oe",
      "-o /dev/null",
      // A job that starts a second time would be another block under the same id.
      "-r n",
      `-l select=${select(settings, nodes)}`,
      `-l place=scatter${settings.exclusive ? ":excl" : ""}`,
      `-l walltime=${hoursMinutesSeconds(blocks.walltimeSeconds)}`,
      ...option("-q ", settings.queue),
      ...option("-A ", settings.account),
    ].map((line) => `#PBS ${line}`).concat(settings.schedulerOptions),
    launch: launchLines({
      launcher,
      nodes,
      cores: node.cores,
      manager,
      hosts: 'sort -u "$PBS_NODEFILE"',
    }),
  });
}

function select({ node, selectOptions }: PbsSettings, nodes: number): string {
  return [
    String(nodes),
    ...option("ncpus=", node.cores),
    ...option("mem=", node.memoryMebibytes === null ? null : `${node.memoryMebibytes}mb`),
    ...option("ngpus=", node.gpus || null),
    ...option("", selectOptions),
  ].join(":");
}

/** `Unknown Job Id`, or, of one that is in the history, `Job has finished`. */
function saysUnknown({ stderr }: CommandOutput): boolean {
  return stderr !== "" &&
    stderr.split("\n").every((line) => /Unknown Job Id|Job has finished/i.test(line));
}

function isBusy(words: string): boolean {
  return /cannot connect to server|Connection (refused|timed out)|Server shutting down|No Permission to (connect|contact)|End of File|server is down|errno=(111|110|15031|15033)/i
    .test(words);
}

/** `qstat -f`: a paragraph for each job, one attribute a line, continued after a tab. */
export function parseQstat(stdout: string): JobStates {
  const states = new Map<string, JobState>();
  for (const paragraph of stdout.replace(/\n\t/g, "").split(/^Job Id: /m).slice(1)) {
    const [id, ...lines] = paragraph.split("\n");
    const attributes = new Map(lines.map((line) => {
      const [, name = "", value = ""] = /^\s+([\w.]+) = (.*)$/.exec(line) ?? [];
      return [name, value.trim()];
    }));
    states.set(id.trim(), stateOf((name) => attributes.get(name) ?? ""));
  }
  return states;
}

function stateOf(attribute: (name: string) => string): JobState {
  const comment = attribute("comment");
  const state = attribute("job_state");
  switch (state) {
    case "Q":
    case "W":
    case "T":
    case "M":
      return { kind: "queued", reason: comment };
    case "H":
      return { kind: "stuck", reason: comment || "the job is held" };
    // Suspended for others by the scheduler, which resumes it.
    case "S":
    case "R":
    case "E":
    case "B":
    case "U":
      return { kind: "running", nodes: hostsOf(attribute("exec_host")) };
    case "F":
    case "X":
    // Torque's word for it.
    case "C":
      return endOf(attribute("Exit_status"), comment);
    default:
      return { kind: "unknown", reason: state };
  }
}

/** What PBS itself ends a job for, by its exit status; from its `job.h`. */
const KILLED: Readonly<Record<number, readonly [JobEnding, string]>> = {
  [-27]: ["out-of-memory", "more memory than asked for"],
  [-26]: ["out-of-memory", "more virtual memory than asked for"],
  [-28]: ["failed", "more processor time than it may have"],
  [-29]: ["timed-out", "the walltime is over"],
};

/** 256 is added where a signal ended it. A job that was deleted before it ran has no status. */
function endOf(status: string, reason: string): JobState {
  if (status === "") return ended("cancelled", null, reason);
  const code = Number(status);
  const [how, why] = KILLED[code] ?? [];
  if (how !== undefined) return ended(how, null, why);
  if (code < 0) return ended("failed", null, reason || `PBS could not run it, status ${code}`);
  if (code >= 256) {
    const signal = code - 256;
    return ended(signal === 15 || signal === 9 ? "cancelled" : "failed", null, `signal ${signal}`);
  }
  return ended(code === 0 ? "completed" : "failed", code, reason);
}

/** `node1/0*4+node2/0*4` to names. */
function hostsOf(execHost: string): string[] {
  const names = execHost.split("+").map((part) => part.split("/")[0]).filter((name) => name !== "");
  return [...new Set(names)];
}
