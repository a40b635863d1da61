/** The blocks of an endpoint for people. */
import type { BlockStatus } from "../../contract/control.ts";
import { duration } from "../format.ts";
import { table } from "../output/table.ts";

/** Ended blocks that are shown below those that live. */
const SHOWN_ENDED = 3;
/** Characters of a reason. */
const SHOWN_REASON = 60;
const SHOWN_NODES = 3;

const HEADER = [
  "Block",
  "Job",
  "State",
  "Nodes",
  "Age",
  "Left",
  "Hardware",
  "Workers",
  "Tasks",
  "Reason",
];

/** Empty when there is none. @param now milliseconds since 1970 */
export function blockTable(blocks: readonly BlockStatus[], now: number): string {
  const live = blocks.filter(({ state }) => state !== "ended");
  const ended = blocks.filter(({ state }) => state === "ended").slice(0, SHOWN_ENDED);
  const shown = [...live, ...ended];
  return shown.length === 0 ? "" : table(HEADER, shown.map((block) => rowOf(block, now)));
}

function rowOf(block: BlockStatus, now: number): string[] {
  const { managers } = block;
  const until = block.ended_at ?? now;
  const workers = sum(managers.map((manager) => manager.workers));
  const idle = sum(managers.map((manager) => manager.idle_workers));
  const tasks = sum(managers.map((manager) => manager.outstanding_tasks));
  return [
    block.block_id,
    block.job_id ?? "",
    block.state,
    nodeNames(block.nodes),
    duration(until - block.submitted_at),
    block.ends_at === null ? "" : duration(block.ends_at - now),
    hardware(managers),
    managers.length === 0 ? "" : `${workers} (${idle} idle)`,
    managers.length === 0 ? "" : String(tasks),
    shortened(reasonOf(block)),
  ];
}

/** Of its nodes together; a node that has several managers counts once. */
function hardware(managers: BlockStatus["managers"]): string {
  const nodes = [...new Map(managers.map((manager) => [manager.hostname, manager])).values()];
  const cores = sum(nodes.map((node) => node.cores ?? 0));
  const accelerators = sum(nodes.map((node) => node.accelerators?.length ?? 0));
  const parts = [[cores, "core"], [accelerators, "GPU"]] as const;
  return parts.filter(([count]) => count > 0)
    .map(([count, name]) => `${count} ${name}${count === 1 ? "" : "s"}`).join(", ");
}

function reasonOf({ reason, managers }: BlockStatus): string {
  const away = managers.filter(({ state }) => state === "away").length;
  if (away === 0) return reason;
  return away === 1 ? "1 manager is not heard of" : `${away} managers are not heard of`;
}

function nodeNames(names: readonly string[]): string {
  const shown = names.slice(0, SHOWN_NODES).join(", ");
  const more = names.length - SHOWN_NODES;
  return more > 0 ? `${shown} and ${more} more` : shown;
}

function shortened(text: string): string {
  return text.length <= SHOWN_REASON ? text : `${text.slice(0, SHOWN_REASON - 1)}…`;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
