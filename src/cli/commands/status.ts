import type { AgentStatus } from "../../contract/control.ts";
import { defineCommand } from "../command.ts";
import { agentStatus, existingEndpoint, summarize } from "../endpoints.ts";
import { duration, instant, size } from "../format.ts";
import { fields } from "../output/table.ts";
import { OPTIONAL_ENDPOINT } from "../parameters.ts";

export const command = defineCommand<Record<never, never>, [name?: string]>({
  parameters: { positional: { kind: "tuple", parameters: [OPTIONAL_ENDPOINT] } },
  run: async (context, _flags, nameOrId) => {
    const name = existingEndpoint(context.home, nameOrId);
    const agent = await agentStatus(context, name);
    const endpoint = await summarize(context, name, agent);
    await context.output.show({ ...endpoint, agent: agent ?? null }, () =>
      fields([
        ["Endpoint", name],
        ["Status", endpoint.status],
        ["Endpoint ID", endpoint.id ?? "None"],
        ["Service", endpoint.service_url ?? "none yet"],
        ...(agent === undefined ? [] : daemonFields(agent)),
      ]));
  },
});

function daemonFields(agent: AgentStatus): [label: string, value: string][] {
  const { load, problem } = agent;
  const now = Date.now();
  const pairs: [string, string][] = [
    ["Daemon", `pid ${agent.pid} on ${agent.hostname}, version ${agent.software_version}`],
    ["Running for", `${duration(now - agent.started_at)} (since ${instant(agent.started_at)})`],
    ["Memory", size(agent.memory)],
    ["Runtimes", agent.runtimes.join(", ") || "none"],
    ["Workers", `${load.total_workers} (${load.idle_workers} idle) on ${nodes(load.managers)}`],
    [
      "Tasks",
      `${load.pending_tasks} waiting, ${load.outstanding_tasks} running, ${load.completed_tasks} finished`,
    ],
    ["Unsent results", String(agent.unacknowledged_results)],
  ];
  const { recovered } = agent;
  if (recovered && recovered.waiting_tasks + recovered.interrupted_tasks + recovered.results > 0) {
    pairs.push([
      "Found at start",
      `${recovered.waiting_tasks} waiting, ${recovered.interrupted_tasks} interrupted, ` +
      `${recovered.results} unsent results`,
    ]);
  }
  if (agent.connected_at !== null && agent.state === "active") {
    pairs.push(["Connected for", duration(now - agent.connected_at)]);
  }
  if (problem !== null) {
    pairs.push(["Problem", problem.message]);
    if (problem.hint !== undefined) pairs.push(["Hint", problem.hint]);
  }
  return pairs;
}

function nodes(count: number): string {
  return count === 1 ? "1 node" : `${count} nodes`;
}
