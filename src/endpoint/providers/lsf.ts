/** IBM Spectrum LSF 10: bsub, bjobs, bkill, as in its command reference. */
import type { LsfSettings } from "../../profile/resolved_provider.ts";
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
import { jobName, option, submitScript } from "./submit_script.ts";

const FIELDS = "jobid stat exit_code exec_host exit_reason pend_reason delimiter='|'";

export function lsfProvider(settings: LsfSettings, run: RunCommand): Provider {
  const scriptOf = (request: BlockRequest): string => script(settings, request);
  return batchProvider({
    type: "lsf",
    script: scriptOf,
    // Directives count in a script that comes on standard input.
    submit: (_, request) => ({ argv: ["bsub"], input: scriptOf(request), isBusy }),
    jobId: (stdout) => /Job <(\d+)> is submitted/.exec(stdout)?.[1],
    status: (jobIds) => ({
      argv: ["bjobs", "-noheader", "-o", FIELDS, ...jobIds],
      accepts: saysUnknown,
      isBusy,
    }),
    states: parseBjobs,
    cancel: (jobIds) => ({ argv: ["bkill", ...jobIds], accepts: saysOver, isBusy }),
  }, run);
}

function script(settings: LsfSettings, request: BlockRequest): string {
  const { node, blocks, launcher, exclusive } = settings;
  const { nodes, manager } = request;
  const slots = node.cores ?? 1;
  return submitScript({
    request,
    directives: [
      `-J ${jobName(request)}`,
      "-o /dev/null",
      // A job that starts a second time would be another block under the same id.
      "-rn",
      `-W ${hoursMinutes(blocks.walltimeSeconds)}`,
      // Clusters with jsrun give whole nodes and count those, others count slots.
      ...(launcher.type === "jsrun"
        ? [`-nnodes ${nodes}`]
        : [`-n ${nodes * slots}`, `-R "span[ptile=${slots}]"`]),
      ...(node.memoryMebibytes === null ? [] : [`-R "rusage[mem=${node.memoryMebibytes}MB/host]"`]),
      ...(!node.gpus ? [] : [`-gpu "num=${node.gpus}/host"`]),
      ...option("-q ", settings.queue),
      ...option("-P ", settings.account),
      ...option("-U ", settings.reservation),
      ...(exclusive ? ["-x"] : []),
    ].map((line) => `#BSUB ${line}`).concat(settings.schedulerOptions),
    launch: launchLines({
      launcher,
      nodes,
      cores: node.cores,
      manager,
      hosts: 'sort -u "$LSB_DJOB_HOSTFILE"',
    }),
  });
}

/** A time limit of LSF has no seconds. */
function hoursMinutes(seconds: number): string {
  const minutes = Math.ceil(seconds / 60);
  return `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, "0")}`;
}

function saysUnknown({ stderr }: CommandOutput): boolean {
  return stderr !== "" && stderr.split("\n").every((line) => /Job <\d+> is not found/.test(line));
}

function saysOver({ stdout, stderr }: CommandOutput): boolean {
  const line =
    /Job <\d+>( is not found|: (No matching job found|Job has already finished)| is being)/;
  return `${stdout}\n${stderr}`.split("\n").every((text) => text === "" || line.test(text));
}

function isBusy(words: string): boolean {
  return /Cannot connect to LSF|LSF is down|batch daemon not responding|Please wait|LIM is down|Communication time out|mbatchd is (down|busy)|Batch system (daemon|concurrent query)/i
    .test(words);
}

/** `bjobs -noheader -o` with {@link FIELDS}; `-` stands for a field that has no value. */
export function parseBjobs(stdout: string): JobStates {
  const states = new Map<string, JobState>();
  for (const line of stdout.split("\n")) {
    const [id, stat, code, hosts, exitReason, ...pending] = line.split("|")
      .map((field) => field.trim() === "-" ? "" : field.trim());
    if (/^\d+$/.test(id)) {
      states.set(id, stateOf({ stat, code, hosts, exitReason, pending: pending.join("|") }));
    }
  }
  return states;
}

interface Fields {
  readonly stat: string;
  readonly code: string;
  readonly hosts: string;
  readonly exitReason: string;
  readonly pending: string;
}

function stateOf({ stat, code, hosts, exitReason, pending }: Fields): JobState {
  switch (stat) {
    case "PEND":
    case "PROV":
    case "WAIT":
      return { kind: "queued", reason: pending };
    case "PSUSP":
      return { kind: "stuck", reason: pending || "the job is suspended" };
    case "RUN":
    case "USUSP":
    case "SSUSP":
      return { kind: "running", nodes: hostsOf(hosts) };
    case "DONE":
      return ended("completed", 0);
    case "EXIT":
      return ended(endingOf(exitReason), code === "" ? null : Number(code), exitReason);
    default:
      return { kind: "unknown", reason: stat };
  }
}

/** The names at the beginning of a reason; see bacct(1). */
function endingOf(reason: string): JobEnding {
  if (/TERM_(RUNLIMIT|DEADLINE|WINDOW)/.test(reason)) return "timed-out";
  if (/TERM_(MEMLIMIT|SWAP)/.test(reason)) return "out-of-memory";
  if (/TERM_(OWNER|FORCE_OWNER|ADMIN|FORCE_ADMIN|REMOVE_HUNG_JOB)/.test(reason)) return "cancelled";
  return /TERM_(PREEMPT|REQUEUE|ZOMBIE|EXTERNAL_SIGNAL)/.test(reason) ? "node-lost" : "failed";
}

/** `4*nodeA:4*nodeB` to names. */
function hostsOf(execHost: string): string[] {
  const names = execHost.split(":").map((part) => part.replace(/^\d+\*/, ""));
  return [...new Set(names)].filter((name) => name !== "");
}
