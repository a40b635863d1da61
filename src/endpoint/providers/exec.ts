/**
 * Blocks from any commands that the profile names; what they have to print is explained in
 * `profile.d.ts`. Each command is a list of words, of which placeholders are replaced; no shell
 * reads it.
 */
import type { ExecSettings } from "../../profile/resolved_provider.ts";
import { batchProvider } from "./batch_provider.ts";
import { launchLines } from "./launchers.ts";
import {
  type BlockRequest,
  ended,
  type JobState,
  type JobStates,
  type Provider,
} from "./provider.ts";
import type { RunCommand } from "./scheduler_command.ts";
import { jobName, outputPath, submitScript } from "./submit_script.ts";

export function execProvider(settings: ExecSettings, run: RunCommand): Provider {
  return batchProvider({
    type: "exec",
    script: (request) => script(settings, request),
    submit: (file, request) => ({ argv: fill(settings.submit, values(settings, file, request)) }),
    jobId: (stdout) => /^\S+$/.exec(stdout.split("\n").at(-1)?.trim() ?? "")?.[0],
    status: (jobIds) => ({ argv: spread(settings.status, jobIds) }),
    states: parseStates,
    cancel: (jobIds) => ({ argv: spread(settings.cancel, jobIds) }),
  }, run);
}

function script(settings: ExecSettings, request: BlockRequest): string {
  const { launcher, schedulerOptions } = settings;
  const { nodes, manager } = request;
  return submitScript({
    request,
    directives: schedulerOptions,
    // The profile refuses a launcher that would need them.
    launch: launchLines({ launcher, nodes, cores: null, manager, hosts: "false" }),
  });
}

function values(
  { blocks }: ExecSettings,
  file: string,
  request: BlockRequest,
): Readonly<Record<string, string>> {
  return {
    script: file,
    name: jobName(request),
    folder: request.folder,
    output: outputPath(request),
    nodes: String(request.nodes),
    walltime: String(Math.ceil(blocks.walltimeSeconds)),
  };
}

function fill(
  command: readonly string[],
  values: Readonly<Record<string, string>>,
): readonly string[] {
  return command.map((word) =>
    word.replace(/\{(\w+)\}/g, (braces, name) => values[name] ?? braces)
  );
}

function spread(command: readonly string[], jobIds: readonly string[]): readonly string[] {
  return command.flatMap((word) => word === "{jobs}" ? jobIds : [word]);
}

/** Lines `ID STATE REASON…`. */
export function parseStates(stdout: string): JobStates {
  const states = new Map<string, JobState>();
  for (const line of stdout.split("\n")) {
    const [, id, state, reason] = /^\s*(\S+)\s+(\S+)\s*(.*?)\s*$/.exec(line) ?? [];
    if (id !== undefined) states.set(id, stateOf(state, reason));
  }
  return states;
}

function stateOf(state: string, reason: string): JobState {
  switch (state) {
    case "queued":
      return { kind: "queued", reason };
    case "running":
      return { kind: "running", nodes: [] };
    case "completed":
      return ended(state, 0, reason);
    case "failed":
    case "cancelled":
      return ended(state, null, reason);
    default:
      return { kind: "unknown", reason: `${state} ${reason}`.trim() };
  }
}
