/** Lines for the head of a job's script: what a profile takes, and where the rest belongs. */
import type { ProviderType } from "../provider_schema.ts";
import type { Draft, Entry } from "./draft.ts";

const TARGET = "executor.provider.schedulerOptions";

const DIRECTIVES: Partial<Record<ProviderType, string>> = {
  slurm: "#SBATCH",
  pbs: "#PBS",
  lsf: "#BSUB",
  sge: "#$",
  exec: "#",
};

/** Adds `scheduler_options` of a provider. */
export function takeSchedulerOptions(draft: Draft, entry: Entry, type: ProviderType): void {
  const { value } = entry;
  if (value.kind !== "scalar" || typeof value.value !== "string") {
    draft.note("not-read", entry, `${TARGET} is a text. Write it there.`);
    return;
  }
  const lines = value.value.split("\n").map((line) => line.trim()).filter((line) => line !== "");
  if (lines.length === 1 && /^<[A-Z][A-Z0-9_]*>$/.test(lines[0])) {
    draft.note("not-read", entry, `Only you know it. Write it as ${TARGET}, if you need it.`);
    return;
  }
  const kept = lines.filter((line) =>
    type === "htcondor" ? condorLine(draft, entry, line) : directive(draft, entry, line, type)
  );
  addOptions(draft, kept, entry);
}

/** Adds lines below those that are there. */
export function addOptions(draft: Draft, lines: readonly string[], { key, value }: Entry): void {
  if (lines.length === 0) return;
  const present = draft.get(TARGET) as string | undefined;
  const all = [...(present === undefined ? [] : [present]), ...lines];
  draft.set(TARGET, all.join("\n"), { key, place: value.place });
}

function directive(draft: Draft, entry: Entry, line: string, type: ProviderType): boolean {
  const prefix = DIRECTIVES[type];
  if (prefix === undefined) {
    draft.note("no-equivalent", entry, `"${line}": there are no lines for a scheduler here.`);
    return false;
  }
  if (type === "exec" ? /^#[^!\s]+\s/.test(line) : line.startsWith(`${prefix} `)) return true;
  if (line.startsWith("#")) {
    draft.note(
      "not-needed",
      entry,
      `"${line}" is a comment to the scheduler, which reads lines of ${prefix}.`,
    );
  } else {draft.note(
      "no-equivalent",
      entry,
      `"${line}" is no line of ${prefix}. What nodes need goes into executor.workerInit.`,
    );}
  return false;
}

/** `requirements` has a key of its own; comments say nothing to HTCondor. */
function condorLine(draft: Draft, entry: Entry, line: string): boolean {
  const [, requirements] = /^requirements\s*=\s*(.+)$/i.exec(line) ?? [];
  if (requirements === undefined) return !line.startsWith("#");
  draft.set("executor.provider.requirements", requirements, {
    key: entry.key,
    place: entry.value.place,
  });
  return false;
}
