/**
 * What a task asks of the node that it runs on, in its `resource_specification`: the names and units
 * of Parsl's Work Queue executor, `cores`, `memory` in MB (here 2^20 bytes) and `gpus`. Other names
 * are not looked at here. Pure.
 */
import type { TaskError } from "../../../contract/errors.ts";
import { fatal, ok, type Outcome } from "../../../lib/outcome.ts";
import { manageError } from "../assignment.ts";
import { type SlotResources, together } from "./slot_plan.ts";

export interface TaskNeeds {
  /** How many slots it takes at once. */
  readonly slots: number;
  /** Bytes, beyond which it is ended; null means no limit. */
  readonly memory: number | null;
}

const MEBIBYTE = 1024 ** 2;
const NAMES = ["cores", "memory", "gpus"] as const;
type Asked = Partial<Record<typeof NAMES[number], number>>;

/**
 * @param slots of the node, all alike but for shares of accelerators
 * @param limit memory of a task that fills one slot, bytes; null means no limit
 */
export function needsOf(
  specification: Readonly<Record<string, unknown>>,
  slots: readonly SlotResources[],
  limit: number | null,
): Outcome<TaskNeeds, TaskError> {
  const asked: Asked = {};
  for (const name of NAMES) {
    const value = specification[name];
    if (value === undefined || value === null) continue;
    if (!isAmount(value, name)) return fatal(notAnAmount(name, value));
    asked[name] = value;
  }
  const { cores = 0, gpus = 0 } = asked;
  const memory = (asked.memory ?? 0) * MEBIBYTE;
  const all = together(slots);
  const missing = [
    cores > all.cores ? [`${cores} cores`, `${all.cores}`] : null,
    memory > all.memory ? [inMegabytes(memory), inMegabytes(all.memory)] : null,
    gpus > all.accelerators.length ? [`${gpus} gpus`, `${all.accelerators.length}`] : null,
  ].filter((each) => each !== null);
  if (missing.length > 0) return fatal(tooMuch(missing as [string, string][]));
  const count = Math.min(slots.length, slotsFor(slots, { cores, memory, gpus }));
  const ownLimit = asked.memory === undefined ? null : memory;
  return ok({ slots: count, memory: ownLimit ?? (limit === null ? null : limit * count) });
}

function isAmount(value: unknown, name: typeof NAMES[number]): value is number {
  if (typeof value !== "number" || !Number.isFinite(value)) return false;
  return name === "gpus" ? Number.isInteger(value) && value >= 0 : value > 0;
}

/** Any so many slots have what is asked for. */
function slotsFor(
  slots: readonly SlotResources[],
  asked: { readonly cores: number; readonly memory: number; readonly gpus: number },
): number {
  const least = (of: (slot: SlotResources) => number): number => Math.min(...slots.map(of));
  return Math.max(
    1,
    Math.ceil(asked.cores / least((slot) => slot.cores)),
    Math.ceil(asked.memory / least((slot) => slot.memory)),
    asked.gpus <= 1 ? asked.gpus : slotsForAccelerators(slots, asked.gpus),
  );
}

/** Where slots share accelerators, several of them may have the same one. */
function slotsForAccelerators(slots: readonly SlotResources[], gpus: number): number {
  const own = Math.min(...slots.map((slot) => slot.accelerators.length));
  const all = together(slots).accelerators.length;
  if (all >= slots.length) return Math.ceil(gpus / own);
  return (gpus - 1) * Math.ceil(slots.length / all) + 1;
}

function inMegabytes(bytes: number): string {
  return `${Math.floor(bytes / MEBIBYTE)} MB of memory`;
}

function notAnAmount(name: string, value: unknown): TaskError {
  const expected = name === "gpus" ? "a whole number" : "a number above 0";
  const found = Deno.inspect(value, { depth: 0, breakLength: Infinity, strAbbreviateSize: 100 });
  return manageError(
    "InvalidResourceSpecification",
    `resource_specification.${name} is ${found}, expected ${expected}`,
    "cores and gpus are numbers, memory is in MB.",
  );
}

function tooMuch(missing: readonly [asked: string, found: string][]): TaskError {
  const what = missing.map(([asked, found]) =>
    `${asked}, and ${Deno.hostname()} has ${found} for it`
  );
  return manageError(
    "RESOURCES_UNAVAILABLE",
    `the task asks for ${what.join("; for ")}`,
    "Ask for less, or use an endpoint whose workers together have as much.",
  );
}
