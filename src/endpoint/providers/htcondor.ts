/**
 * HTCondor: condor_submit, condor_q, condor_history, condor_rm, as in its manual. A block is a
 * cluster with a process for each node, so a submit description takes the place of a script.
 */
import * as v from "valibot";
import { FuncxError } from "../../contract/errors.ts";
import type { HtcondorSettings } from "../../profile/resolved_provider.ts";
import { basename } from "../../lib/path.ts";
import { batchProvider } from "./batch_provider.ts";
import {
  type BlockRequest,
  ended,
  type JobState,
  type JobStates,
  type Provider,
} from "./provider.ts";
import type { CommandOutput, RunCommand } from "./scheduler_command.ts";
import { parsedJson } from "./parsed_json.ts";
import { option, outputPath } from "./submit_script.ts";

const ATTRIBUTES = [
  "ClusterId",
  "JobStatus",
  "RemoteHost",
  "HoldReason",
  "RemoveReason",
  "ExitBySignal",
  "ExitCode",
  "ExitSignal",
].join(",");

export function htcondorProvider(settings: HtcondorSettings, run: RunCommand): Provider {
  return batchProvider({
    type: "htcondor",
    script: (request) => description(settings, request),
    submit: (file) => ({ argv: ["condor_submit", "-terse", file], isBusy }),
    // `12.0 - 12.1`, the first and the last process.
    jobId: (stdout) => /^(\d+)\.\d+ - \d+\.\d+$/m.exec(stdout)?.[1],
    status: (jobIds) => ({
      argv: ["condor_q", "-json", "-attributes", ATTRIBUTES, ...jobIds],
      isBusy,
    }),
    states: parseAds,
    history: (jobIds) => ({
      argv: ["condor_history", "-json", "-attributes", ATTRIBUTES, ...jobIds],
    }),
    endings: parseAds,
    cancel: (jobIds) => ({ argv: ["condor_rm", ...jobIds], accepts: saysOver, isBusy }),
  }, run);
}

function description(settings: HtcondorSettings, request: BlockRequest): string {
  const { node, blocks, transferFiles } = settings;
  const [program, ...args] = transferFiles ? carried(request) : request.manager;
  const output = outputPath(request) + (request.nodes > 1 ? "." : "");
  return [
    `# Block ${
      request.blockId.replace(/\p{Cc}/gu, " ")
    } of funcx-endpoint: a manager for each process.`,
    "universe = vanilla",
    `executable = ${literal(transferFiles ? request.manager[0] : program)}`,
    `arguments = "${args.map(argument).join(" ")}"`,
    `initialdir = ${literal(request.folder)}`,
    ...["output", "error"].map((name) =>
      `${name} = ${literal(output)}${request.nodes > 1 ? "$(ProcId)" : ""}`
    ),
    ...["stream_output", "stream_error"].map((name) => `${name} = True`),
    `log = ${literal(`${request.folder}/log`)}`,
    ...(transferFiles
      ? [
        "should_transfer_files = YES",
        `transfer_input_files = ${request.files.map(literal).join(", ")}`,
      ]
      : ["should_transfer_files = NO", "transfer_executable = False"]),
    ...option("request_cpus = ", node.cores),
    ...option("request_memory = ", node.memoryMebibytes),
    ...option("request_gpus = ", node.gpus || null),
    ...option("accounting_group = ", settings.account),
    ...option("requirements = ", settings.requirements),
    // A process that starts a second time would be another manager of a block that is over.
    `periodic_remove = (NumJobStarts > 1) || (JobStatus == 2 && ` +
    `(time() - EnteredCurrentStatus) > ${Math.ceil(blocks.walltimeSeconds)})`,
    ...settings.schedulerOptions,
    `queue ${request.nodes}`,
    "",
  ].join("\n");
}

/** On a node what was carried is in the folder where the process starts. */
function carried({ manager, files }: BlockRequest): string[] {
  return manager.map((word) => files.includes(word) ? basename(word) : word);
}

/** A value in a submit description, which is the rest of the line: `$` begins a macro. */
function literal(text: string): string {
  if (/[\p{Cc}]|\\$/u.test(text)) {
    throw new FuncxError({
      code: "DIRECTORY_UNUSABLE",
      message: `a submit description of HTCondor cannot have ${JSON.stringify(text)}`,
      hint: "Name a stateDir of usual characters in the profile.",
    });
  }
  return text.replaceAll("$", "$(DOLLAR)");
}

/** In the new syntax for arguments: in single quotes, which are doubled, as double ones are. */
function argument(word: string): string {
  return `'${literal(word).replaceAll("'", "''").replaceAll('"', '""')}'`;
}

function saysOver({ stdout, stderr }: CommandOutput): boolean {
  return `${stdout}\n${stderr}`.split("\n")
    .every((line) =>
      line === "" || /not found|find\/remove|marked for removal|have been marked/i.test(line)
    );
}

function isBusy(words: string): boolean {
  return /Failed to connect to|Can't (connect|find address)|Unable to (locate|contact)|timed out|SECMAN:2007|CEDAR:6001/i
    .test(words);
}

const Ad = v.looseObject({
  ClusterId: v.number(),
  JobStatus: v.number(),
  RemoteHost: v.optional(v.string()),
  HoldReason: v.optional(v.string()),
  RemoveReason: v.optional(v.string()),
  ExitBySignal: v.optional(v.boolean()),
  ExitCode: v.optional(v.number()),
  ExitSignal: v.optional(v.number()),
});
const Ads = v.array(Ad);
type Ad = v.InferOutput<typeof Ad>;

/** `-json`: an array with an ad for each process, and nothing at all where there is none. */
export function parseAds(stdout: string): JobStates | undefined {
  if (stdout.trim() === "") return new Map();
  const ads = parsedJson(Ads, stdout);
  if (ads === undefined) return undefined;
  const byCluster = Map.groupBy(ads, (ad) => String(ad.ClusterId));
  return new Map([...byCluster].map(([id, ads]) => [id, joined(ads)]));
}

/** A block runs while one of its processes does, and has ended when none is left. */
function joined(ads: readonly Ad[]): JobState {
  const states = ads.map(stateOf);
  const running = states.filter((state) => state.kind === "running");
  if (running.length > 0) {
    return { kind: "running", nodes: [...new Set(running.flatMap(({ nodes }) => nodes))] };
  }
  const rank = ["stuck", "queued", "unknown"] as const;
  return rank.map((kind) => states.find((state) => state.kind === kind)).find((state) =>
    state !== undefined
  ) ?? states.find((state) => state.kind === "ended" && state.how !== "completed") ?? states[0];
}

/** JobStatus as in the manual's appendix of job attributes. */
function stateOf(ad: Ad): JobState {
  switch (ad.JobStatus) {
    case 1:
      return { kind: "queued", reason: "" };
    case 2:
    case 6:
    case 7:
      return { kind: "running", nodes: hostsOf(ad.RemoteHost) };
    case 3:
      return ended(
        /PeriodicRemove|periodic_remove/i.test(ad.RemoveReason ?? "") ? "timed-out" : "cancelled",
        null,
        ad.RemoveReason,
      );
    case 4:
      if (ad.ExitBySignal) return ended("failed", null, `signal ${ad.ExitSignal}`);
      return ended(ad.ExitCode === 0 ? "completed" : "failed", ad.ExitCode ?? null);
    case 5:
      return { kind: "stuck", reason: ad.HoldReason ?? "the job is held" };
    default:
      return { kind: "unknown", reason: `JobStatus ${ad.JobStatus}` };
  }
}

/** `slot1_3@node7.example.org` to the host. */
function hostsOf(remote: string | undefined): string[] {
  return remote === undefined ? [] : [remote.replace(/^[^@]*@/, "")];
}
