/** Grid Engine (8.1, Univa, Open): qsub, qstat, qacct, qdel, as in their manual pages. */
import { userName } from "../../profile/site.ts";
import type { SgeSettings } from "../../profile/resolved_provider.ts";
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

export function sgeProvider(settings: SgeSettings, run: RunCommand): Provider {
  return batchProvider({
    type: "sge",
    script: (request) => script(settings, request),
    submit: (file) => ({ argv: ["qsub", "-terse", file], isBusy }),
    jobId: (stdout) => /^\d+$/m.exec(stdout)?.[0],
    // It cannot be asked about some jobs without failing for one that has ended; -g t tells of all
    // hosts of a parallel one.
    status: () => ({ argv: ["qstat", "-xml", "-g", "t", "-u", owner()], isBusy }),
    states: parseQstatXml,
    // It takes one job or a pattern, so this looks at the last day of all blocks at once.
    history: () => ({ argv: ["qacct", "-d", "1", "-o", owner(), "-j"] }),
    endings: parseQacct,
    cancel: (jobIds) => ({ argv: ["qdel", ...jobIds], accepts: saysOver, isBusy }),
  }, run);
}

function owner(): string {
  return userName((name) => Deno.env.get(name));
}

function script(settings: SgeSettings, request: BlockRequest): string {
  const { node, blocks, launcher, parallelEnvironment } = settings;
  const { nodes, manager } = request;
  const slots = nodes * (node.cores ?? 1);
  return submitScript({
    request,
    directives: [
      `-N ${jobName(request)}`,
      "-S /bin/sh",
      "-j y",
      "-o /dev/null",
      // A job that starts a second time would be another block under the same id.
      "-r n",
      `-l h_rt=${hoursMinutesSeconds(blocks.walltimeSeconds)}`,
      ...option(
        "-l mem_free=",
        node.memoryMebibytes === null ? null : `${node.memoryMebibytes}M`,
      ),
      ...option("-q ", settings.queue),
      ...option("-A ", settings.account),
      ...option("-ar ", settings.reservation),
      ...(parallelEnvironment === null ? [] : [`-pe ${parallelEnvironment} ${slots}`]),
    ].map((line) => `#$ ${line}`).concat(settings.schedulerOptions),
    launch: launchLines({ launcher, nodes, cores: node.cores, manager, hosts: HOSTS }),
  });
}

/** A job of one slot has no file. */
const HOSTS = 'if [ -n "$PE_HOSTFILE" ]; then cut -d " " -f 1 "$PE_HOSTFILE" | sort -u; ' +
  "else hostname; fi";

function saysOver({ stdout, stderr }: CommandOutput): boolean {
  return `${stdout}\n${stderr}`.split("\n")
    .every((line) =>
      line === "" || /does not exist|has (registered|deleted)|already in deletion/.test(line)
    );
}

function isBusy(words: string): boolean {
  return /unable to (contact|send message to) qmaster|commlib error|got no response from|can't connect|qmaster is down/i
    .test(words);
}

/** `qstat -xml -g t`: an element for each job, or for each of its tasks. */
export function parseQstatXml(stdout: string): JobStates {
  const states = new Map<string, JobState>();
  for (const [, job] of stdout.matchAll(/<job_list[^>]*>(.*?)<\/job_list>/gs)) {
    const text = (name: string): string =>
      plain(new RegExp(`<${name}>(.*?)</${name}>`, "s").exec(job)?.[1] ?? "");
    const id = text("JB_job_number");
    const host = /@(.+)$/.exec(text("queue_name"))?.[1];
    states.set(id, joined(states.get(id), stateOf(text("state"), host)));
  }
  return states;
}

function plain(xml: string): string {
  return xml.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&").trim();
}

/** Letters as in qstat(1). */
function stateOf(letters: string, host: string | undefined): JobState {
  if (/E/.test(letters)) {
    return { kind: "stuck", reason: `state ${letters}: \`qstat -j\` says which start failed` };
  }
  if (/h/.test(letters)) return { kind: "stuck", reason: `state ${letters}: the job is held` };
  if (/[qw]/.test(letters)) return { kind: "queued", reason: "" };
  if (/[rtsSTdR]/.test(letters)) {
    return { kind: "running", nodes: host === undefined ? [] : [host] };
  }
  return { kind: "unknown", reason: letters };
}

function joined(before: JobState | undefined, state: JobState): JobState {
  if (before?.kind !== "running" || state.kind !== "running") return state;
  return { kind: "running", nodes: [...new Set([...before.nodes, ...state.nodes])] };
}

/** `qacct -j`: paragraphs between lines of `=`, a name and a value in each line. */
export function parseQacct(stdout: string): JobStates {
  const states = new Map<string, JobState>();
  for (const paragraph of stdout.split(/^=+$/m)) {
    const value = (name: string): string =>
      new RegExp(`^${name}\\s+(.*?)\\s*$`, "m").exec(paragraph)?.[1] ?? "";
    const id = value("jobnumber");
    if (id !== "") states.set(id, endOf(value("failed"), Number(value("exit_status"))));
  }
  return states;
}

/** `failed` is a number, and words behind it unless it is 0; see sge_status(5). */
function endOf(failed: string, status: number): JobState {
  const [, code, words] = /^(\d+)\s*:?\s*(.*)$/.exec(failed) ?? [];
  if (code === "0" || code === undefined) {
    return ended(status === 0 ? "completed" : "failed", status);
  }
  const how: JobEnding = /h_rt|s_rt|wallclock/.test(words) ? "timed-out" : code === "100"
    // A signal through Grid Engine: a deletion, or a limit that it does not tell.
    ? "cancelled"
    : "failed";
  return ended(how, how === "failed" ? status : null, words);
}
