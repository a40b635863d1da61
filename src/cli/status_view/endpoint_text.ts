/** An endpoint's status for people. */
import type { AgentStatus, ClusterStatus } from "../../contract/control.ts";
import { shownRuntimes } from "../../contract/python_version.ts";
import type { EndpointSummary } from "../endpoints.ts";
import { duration, instant, size } from "../format.ts";
import { fields } from "../output/table.ts";
import { blockTable } from "./block_table.ts";

/**
 * @param agent undefined while no daemon answers
 * @param now milliseconds since 1970
 */
export function endpointText(
  endpoint: EndpointSummary,
  agent: AgentStatus | undefined,
  now: number,
): string {
  const text = fields([
    ["Endpoint", endpoint.name],
    ["Status", endpoint.status],
    ["Endpoint ID", endpoint.id ?? "None"],
    ["Service", endpoint.service_url ?? "none yet"],
    ...(agent === undefined ? [] : daemonFields(agent, now)),
  ]);
  const blocks = agent?.cluster ? blockTable(agent.cluster.blocks, now) : "";
  return blocks === "" ? text : `${text}\n\n${blocks}`;
}

type Pair = [label: string, value: string];

function daemonFields(agent: AgentStatus, now: number): Pair[] {
  const { load, cluster } = agent;
  const pairs: Pair[] = [
    ["Daemon", `pid ${agent.pid} on ${agent.hostname}, version ${agent.software_version}`],
    ["Running for", `${duration(now - agent.started_at)} (since ${instant(agent.started_at)})`],
    ["Memory", size(agent.memory)],
    ["Runtimes", shownRuntimes(agent.runtimes, load.python_version) || "none"],
    ["Workers", `${load.total_workers} (${load.idle_workers} idle) on ${nodes(load.managers)}`],
    [
      "Tasks",
      `${load.pending_tasks} waiting, ${load.outstanding_tasks} running, ${load.completed_tasks} finished`,
    ],
    ["Unsent results", String(agent.unacknowledged_results)],
  ];
  return [
    ...pairs,
    ...recoveryFields(agent),
    ...(cluster ? [schedulerField(cluster, now)] : []),
    ...connectionFields(agent, now),
    ...problemFields(agent),
  ];
}

function recoveryFields({ recovered }: AgentStatus): Pair[] {
  if (!recovered) return [];
  const { waiting_tasks: waiting, interrupted_tasks: interrupted, results } = recovered;
  if (waiting + interrupted + results === 0) return [];
  const found = `${waiting} waiting, ${interrupted} interrupted, ${results} unsent results`;
  return [["Found at start", found]];
}

function schedulerField({ provider, last_answer: answer }: ClusterStatus, now: number): Pair {
  if (answer === null) return ["Scheduler", `${provider}, not asked yet`];
  return ["Scheduler", `${provider}, ${duration(now - answer.at)} ago: ${answer.text}`];
}

function connectionFields({ connected_at: since, state }: AgentStatus, now: number): Pair[] {
  return since !== null && state === "active" ? [["Connected for", duration(now - since)]] : [];
}

function problemFields({ problem }: AgentStatus): Pair[] {
  if (problem === null) return [];
  const { message, hint } = problem;
  return [["Problem", message], ...(hint === undefined ? [] : [["Hint", hint] as Pair])];
}

function nodes(count: number): string {
  return count === 1 ? "1 node" : `${count} nodes`;
}
