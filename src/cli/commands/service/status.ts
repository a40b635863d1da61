import {
  type BrokerStatus,
  CONTROL_PATHS,
  type ServiceStatus,
  ServiceStatusSchema,
} from "../../../contract/control.ts";
import type { ServiceState } from "../../../contract/home.ts";
import { EXIT } from "../../../contract/errors.ts";
import { verifyService } from "../../../contract/service_proof.ts";
import { requestJson } from "../../../lib/unix_http.ts";
import * as v from "valibot";
import { defineCommand } from "../../command.ts";
import { duration, instant, size } from "../../format.ts";
import { runningElsewhere, serviceStanding } from "../../local_service.ts";
import { fields } from "../../output/table.ts";

/** Whether what listens at the service's address is the service. */
type Reachability = "ok" | "silent" | "foreign";

export const command = defineCommand<Record<never, never>>({
  description: "The exit code is 0 when it runs and answers, 69 when it does not.",
  parameters: {},
  run: async (context) => {
    const standing = serviceStanding(context.home);
    if (standing.kind === "elsewhere") throw runningElsewhere(standing.state);
    if (standing.kind === "none") {
      await context.output.show(
        { running: false },
        () => "The private service is not running. Start it with `funcx-endpoint service start`.",
      );
      return EXIT.unavailable;
    }
    const reachable = await reachability(standing.state);
    const status = await askStatus(standing.state);
    await context.output.show(
      { running: true, reachable, ...shown(standing.state), ...status },
      () => described(standing.state, status, reachable),
    );
    return reachable === "ok" ? EXIT.ok : EXIT.unavailable;
  },
});

/** Without the key, and without what only tells processes apart. */
function shown(state: ServiceState): Partial<ServiceState> {
  const { url, service_id, hostname, pid, software_version, started_at } = state;
  return { url, service_id, hostname, pid, software_version, started_at };
}

async function reachability(state: ServiceState): Promise<Reachability> {
  const outcome = await verifyService(state);
  if (outcome.kind === "ok") return "ok";
  return outcome.kind === "retryable" ? "silent" : "foreign";
}

async function askStatus({ socket }: ServiceState): Promise<ServiceStatus | undefined> {
  const answer = await requestJson(socket, "GET", CONTROL_PATHS.status);
  if (answer.kind !== "ok") return undefined;
  const status = v.safeParse(ServiceStatusSchema, answer.value);
  return status.success ? status.output : undefined;
}

const REACHABILITY: Record<Reachability, string> = {
  ok: "answers",
  silent: "does not answer",
  foreign: "something else answers there",
};

const BROKER_STATES: Record<BrokerStatus["state"], string> = {
  connecting: "connecting",
  connected: "connected",
  blocked: "takes nothing",
  away: "away",
};

function brokerLine({ kind, address, state, since, code, reason }: BrokerStatus): string {
  if (kind === "built-in") return address;
  const time = since === undefined ? "" : ` for ${duration(Date.now() - since)}`;
  const coded = code === undefined ? "" : `, ${code}`;
  const why = reason === undefined ? coded : `${coded}: ${reason}`;
  return `${address} (RabbitMQ, ${BROKER_STATES[state]}${time}${why})`;
}

function described(
  state: ServiceState,
  status: ServiceStatus | undefined,
  reachable: Reachability,
): string {
  const since = `${duration(Date.now() - state.started_at)} (since ${instant(state.started_at)})`;
  return fields([
    ["Address", `${state.url} (${REACHABILITY[reachable]})`],
    ["Portal", `${state.url}/ (sign in with \`funcx-endpoint portal\`)`],
    ["Service ID", state.service_id],
    ["Daemon", `pid ${state.pid} on ${state.hostname}, version ${state.software_version}`],
    ["Running for", since],
    ...(status === undefined ? [] : [
      ["Memory", size(status.memory)],
      ["Endpoints online", String(status.endpoints_online)],
      ["Unfinished tasks", String(status.unfinished_tasks)],
      ...(status.amqp === undefined ? [] : [["AMQP", brokerLine(status.amqp)]] as const),
      ...(status.amqp?.hint === undefined ? [] : [["To mend", status.amqp.hint]] as const),
    ] as const),
  ]);
}
