/** The accelerators that tasks may use, and the variables by which a process is told of them. */
import type { Accelerator } from "../../../profile/profile.d.ts";
import type { ResolvedSlot } from "../../../profile/schema.ts";

/**
 * What each vendor's runtime reads. Of AMD's several it is the lowest: HIP reads CUDA_VISIBLE_DEVICES
 * as well and counts within ROCR_VISIBLE_DEVICES, so that both at once would hide devices.
 */
const VARIABLES: Readonly<Record<Accelerator["vendor"], string>> = {
  nvidia: "CUDA_VISIBLE_DEVICES",
  amd: "ROCR_VISIBLE_DEVICES",
  intel: "ZE_AFFINITY_MASK",
};

export const ACCELERATOR_VARIABLES: readonly string[] = Object.values(VARIABLES);

/** What schedulers write for none. */
const NO_DEVICE = new Set(["", "-1", "NoDevFiles"]);

export interface Devices {
  readonly ids: readonly string[];
  readonly variables: readonly string[];
  /** What the profile asks for and is not there, in words. */
  readonly note: string | null;
}

/**
 * @param asked of the profile
 * @param found by the drivers' files
 * @param environment of this process; a scheduler may have written there what the job was given
 */
export function devicesFor(
  asked: ResolvedSlot["accelerators"],
  found: readonly Accelerator[],
  environment: Readonly<Record<string, string | undefined>>,
): Devices {
  const variables = variablesFor(found, environment);
  const ofJob = variables.map((name) => environment[name]).find((text) => text !== undefined);
  if (ofJob !== undefined) return { ...choose(asked, idsIn(ofJob)), variables };
  if (typeof asked === "object") return { ids: asked, variables, note: null };
  const count = found.filter(({ vendor }) => vendor === found[0]?.vendor).length;
  const ids = Array.from({ length: asked === "auto" ? count : asked }, (_, id) => String(id));
  return { ids, variables, note: null };
}

/** Of the vendor that is here; where no driver shows one, of the job, or of all vendors. */
function variablesFor(
  found: readonly Accelerator[],
  environment: Readonly<Record<string, string | undefined>>,
): string[] {
  if (found[0] !== undefined) return [VARIABLES[found[0].vendor]];
  const all = [...ACCELERATOR_VARIABLES];
  const set = all.filter((name) => environment[name] !== undefined);
  return set.length > 0 ? set : all;
}

function idsIn(text: string): string[] {
  return text.split(",").map((id) => id.trim()).filter((id) => !NO_DEVICE.has(id));
}

/** Of those that the job was given. */
function choose(
  asked: ResolvedSlot["accelerators"],
  ofJob: readonly string[],
): Pick<Devices, "ids" | "note"> {
  if (asked === "auto") return { ids: ofJob, note: null };
  const wanted = typeof asked === "number" ? ofJob.slice(0, asked) : asked.filter(isGiven(ofJob));
  const isShort = wanted.length < (typeof asked === "number" ? asked : asked.length);
  if (!isShort) return { ids: wanted, note: null };
  const ids = wanted.length > 0 ? wanted : ofJob;
  const names = typeof asked === "number" ? asked : asked.join(", ");
  const note = `availableAccelerators is ${names} and the job was given ` +
    `${ofJob.join(", ") || "none"}: workers use ${ids.join(", ") || "none"}`;
  return { ids, note };
}

/** An id may name several at once, such as "0,1". */
function isGiven(ofJob: readonly string[]): (id: string) => boolean {
  return (id) => id.split(",").every((part) => ofJob.includes(part.trim()));
}
