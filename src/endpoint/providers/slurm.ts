/** Slurm: sbatch, squeue, sacct, scancel; options and states as in the manual pages of 22.05. */
import type { SlurmSettings } from "../../profile/resolved_provider.ts";
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
import { hoursMinutesSeconds, jobName, option, outputPath, submitScript } from "./submit_script.ts";

export function slurmProvider(settings: SlurmSettings, run: RunCommand): Provider {
  return batchProvider({
    type: "slurm",
    script: (request) => script(settings, request),
    // Where the output goes is a path of any characters, which a directive cannot have.
    submit: (file, request) => ({
      argv: [
        "sbatch",
        "--parsable",
        "--open-mode=append",
        `--output=${fileNamePattern(outputPath(request))}`,
        `--chdir=${request.folder}`,
        file,
      ],
      isBusy,
    }),
    // With several clusters it is `id;cluster`.
    jobId: (stdout) => /^(\d+)(;|$)/m.exec(stdout)?.[1],
    status: (jobIds) => ({
      argv: [
        "squeue",
        "--noheader",
        "--states=all",
        `--jobs=${jobIds.join(",")}`,
        `--Format=${COLUMNS.map(({ name, width }) => `${name}:${width}`).join(",")}`,
      ],
      accepts: saysUnknown,
      isBusy,
    }),
    states: parseSqueue,
    history: (jobIds) => ({
      argv: [
        "sacct",
        "--noheader",
        "--allocations",
        "--parsable2",
        "--format=JobIDRaw,State,ExitCode,Reason",
        `--jobs=${jobIds.join(",")}`,
      ],
    }),
    endings: parseSacct,
    cancel: (jobIds) => ({ argv: ["scancel", ...jobIds], accepts: saysUnknown, isBusy }),
  }, run);
}

function script(settings: SlurmSettings, request: BlockRequest): string {
  const { node, blocks, launcher } = settings;
  const { nodes, manager } = request;
  return submitScript({
    request,
    writesOutput: isNameable(outputPath(request)),
    directives: [
      `--job-name=${jobName(request)}`,
      `--nodes=${nodes}`,
      `--time=${hoursMinutesSeconds(blocks.walltimeSeconds)}`,
      // A job that starts a second time would be another block under the same id.
      "--no-requeue",
      "--ntasks-per-node=1",
      // A node that fails leaves the managers on the others running.
      ...(nodes > 1 ? ["--no-kill"] : []),
      ...option("--partition=", settings.partition),
      ...option("--account=", settings.account),
      ...option("--qos=", settings.qos),
      ...option("--constraint=", settings.constraint),
      ...option("--reservation=", settings.reservation),
      ...option("--gres=", settings.gres),
      ...option("--cpus-per-task=", node.cores),
      ...option("--mem=", node.memoryMebibytes === null ? null : `${node.memoryMebibytes}M`),
      ...option("--gpus-per-node=", node.gpus || null),
      ...(settings.exclusive ? ["--exclusive"] : []),
    ].map((line) => `#SBATCH ${line}`).concat(settings.schedulerOptions),
    launch: launchLines({
      launcher,
      nodes,
      cores: node.cores,
      manager,
      hosts: 'scontrol show hostnames "$SLURM_JOB_NODELIST"',
    }),
  });
}

/** In a name for output `%` introduces a replacement, and `\` turns all of them off and is lost. */
function fileNamePattern(path: string): string {
  return isNameable(path) ? path.replaceAll("%", "%%") : "/dev/null";
}

function isNameable(path: string): boolean {
  return !path.includes("\\");
}

function saysUnknown({ stderr }: CommandOutput): boolean {
  return stderr !== "" && stderr.split("\n").every((line) => /Invalid job id/i.test(line));
}

/** As its programs say it when slurmctld is away, overrun or starting. */
function isBusy(words: string): boolean {
  return /Unable to contact slurm controller|Socket timed out|Connection (refused|timed out)|Zero Bytes|controller is (busy|not responding)|temporarily unable to accept|Transport endpoint|Slurm backup controller|Unable to (establish|confirm)|Communication connection failure|Protocol authentication error/i
    .test(words);
}

/** A column cuts off what is longer. The reason is last, since it may have spaces. */
const COLUMNS = [
  { name: "JobID", width: 16 },
  { name: "State", width: 20 },
  { name: "exit_code", width: 12 },
  { name: "NodeList", width: 1_000 },
  { name: "Reason", width: 200 },
] as const;

/** `squeue --noheader` with {@link COLUMNS}; `exit_code` is what wait(2) gives. */
export function parseSqueue(stdout: string): JobStates {
  const states = new Map<string, JobState>();
  for (const line of stdout.split("\n").filter((text) => text.trim() !== "")) {
    const [id, state, status, nodes, reason] = columnsOf(line);
    states.set(id, stateOf(state, nodes, exitOf(Number(status)), reason));
  }
  return states;
}

function columnsOf(line: string): string[] {
  let start = 0;
  return COLUMNS.map(({ width }) => line.slice(start, start += width).trim());
}

function exitOf(waitStatus: number): number | null {
  return (waitStatus & 0x7f) === 0 ? (waitStatus >> 8) & 0xff : null;
}

/** `sacct --parsable2`: `12|CANCELLED by 1000|0:15|None`. */
export function parseSacct(stdout: string): JobStates {
  const states = new Map<string, JobState>();
  for (const line of stdout.split("\n")) {
    const [id, state = "", exit = "", reason = ""] = line.split("|");
    const [code, signal] = exit.split(":").map(Number);
    if (/^\d+$/.test(id)) {
      states.set(id, stateOf(state.split(" ")[0], "", signal === 0 ? code : null, reason));
    }
  }
  return states;
}

const ENDINGS: Readonly<Record<string, JobEnding>> = {
  COMPLETED: "completed",
  FAILED: "failed",
  CANCELLED: "cancelled",
  REVOKED: "cancelled",
  PREEMPTED: "node-lost",
  TIMEOUT: "timed-out",
  DEADLINE: "timed-out",
  OUT_OF_MEMORY: "out-of-memory",
  NODE_FAIL: "node-lost",
  BOOT_FAIL: "node-lost",
};

/** Reasons that time does not mend; those with a space are sentences about an account. */
const STUCK =
  /^(BadConstraints|PartitionTimeLimit|PartitionNodeLimit|AccountNotAllowed|Invalid(Account|QOS)|QOSNotAllowed|JobHeld(User|Admin)|JobLaunchFailure|DependencyNeverSatisfied)$|^launch failed requeued held|account .*can't use this partition/;

function stateOf(
  state: string,
  nodes: string,
  exitCode: number | null,
  given: string,
): JobState {
  const reason = given === "None" ? "" : given;
  const ending = ENDINGS[state];
  if (ending !== undefined) {
    // A job that was never begun has the code 0 as well.
    const isOver = ending === "completed" || ending === "failed" || exitCode !== 0;
    return ended(ending, isOver ? exitCode : null, reason || state);
  }
  switch (state) {
    case "PENDING":
    case "REQUEUED":
      return STUCK.test(reason) ? { kind: "stuck", reason } : { kind: "queued", reason };
    case "CONFIGURING":
      return { kind: "queued", reason: reason || "its nodes are being prepared" };
    case "REQUEUE_HOLD":
    case "SPECIAL_EXIT":
      return { kind: "stuck", reason: reason || state };
    case "RUNNING":
    case "COMPLETING":
    case "STAGE_OUT":
    case "SUSPENDED":
    case "STOPPED":
    case "SIGNALING":
    case "RESIZING":
      return { kind: "running", nodes: expandHosts(nodes) };
    default:
      return { kind: "unknown", reason: state };
  }
}

/** Names above which a list is left as it is: nobody shows more. */
const MAX_HOSTS = 10_000;

/** `gpu[01-03,7],login1` to names; what is of another form, or cut off, stays as it is. */
export function expandHosts(list: string): string[] {
  const parts = list.match(/(?:[^,[\]]|\[[^\]]*\])+/g) ?? [];
  return parts.flatMap(expandOne).slice(0, MAX_HOSTS);
}

function expandOne(part: string): string[] {
  const [, prefix, ranges, rest] = /^([^[]*)\[([\d,-]+)\](.*)$/.exec(part) ?? [];
  if (ranges === undefined) return [part];
  return ranges.split(",").flatMap((range) => {
    const [first, last = first] = range.split("-");
    const count = Math.min(Number(last) - Number(first) + 1, MAX_HOSTS);
    return Array.from({ length: Math.max(0, count) }, (_, index) => {
      const number = String(Number(first) + index).padStart(first.length, "0");
      return expandOne(rest).map((tail) => `${prefix}${number}${tail}`);
    }).flat();
  });
}
