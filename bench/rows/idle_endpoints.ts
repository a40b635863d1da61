/** Row 9: thousands of endpoints that are connected and have nothing to do. */
import type { EndpointRegistration } from "../../src/contract/api.ts";
import type { Client } from "../../src/client/mod.ts";
import { delay } from "../../src/lib/async.ts";
import { fromFileUrl, join } from "../../src/lib/path.ts";
import { until } from "../../tests/helpers/until.ts";
import { Deployment } from "../deployment.ts";
import { OURS } from "../figures.ts";
import { memoryUse, processorSeconds } from "../process_usage.ts";
import { connectionsAllowed, Fleet } from "../fleet.ts";
import { type Scenario, sized } from "../scenario.ts";

const ENDPOINTS = 5_000;
/** Each speaks for its share of the endpoints. */
const PROCESSES = 2;
const REGISTRATIONS_AT_A_TIME = 32;
const IDLE_SECONDS = 30;
const PATIENCE = 120_000;

const PROCESS = fromFileUrl(new URL("./idle_endpoints_process.ts", import.meta.url));

async function register(client: Client, count: number): Promise<EndpointRegistration[]> {
  const registrations: EndpointRegistration[] = [];
  let next = 0;
  const some = async (): Promise<void> => {
    while (next < count) {
      const body = { endpoint_name: `idle${next++}` };
      const registration = await client.call("registerEndpoint", { body });
      if ("endpoint_token" in registration) registrations.push(registration);
    }
  };
  await Promise.all(Array.from({ length: REGISTRATIONS_AT_A_TIME }, some));
  return registrations;
}

/** The process speaks for the endpoints of a file. */
function fleetOf(folder: string, registrations: readonly EndpointRegistration[]): Fleet {
  const file = join(folder, `${crypto.randomUUID()}.json`);
  Deno.writeTextFileSync(file, JSON.stringify(registrations), { mode: 0o600 });
  return new Fleet(PROCESS, registrations.length, [file]);
}

export const idleEndpoints: Scenario = {
  name: "5,000 idle endpoints",
  subject: OURS,
  rows: [9],
  repeats: 3,
  minutes: 6,
  run: async (context) => {
    const wanted = sized(context, ENDPOINTS, 50);
    const count = await connectionsAllowed(wanted);
    if (count < wanted) context.note(`row 9 has only ${count} endpoints, by ulimit -n`);
    await using deployment = await Deployment.prepare();
    const registrations = await register(await deployment.client(), count);
    const service = await deployment.servicePid();
    await delay(sized(context, 2_000, 100));
    const before = memoryUse(service);
    await using fleets = new AsyncDisposableStack();
    const share = Math.ceil(count / PROCESSES);
    const all = Array.from({ length: PROCESSES }, (_, index) =>
      fleets.use(
        fleetOf(context.folder, registrations.slice(index * share, (index + 1) * share)),
      ));
    const connected = (): Promise<unknown> =>
      until("all endpoints", () => all.every((fleet) => fleet.connected === fleet.size), PATIENCE);
    await connected();
    const seconds = sized(context, IDLE_SECONDS, 1);
    const processor = processorSeconds(service);
    await delay(seconds * 1_000);
    context.record("9.processor", (processorSeconds(service) - processor) / seconds * 100);
    const grown = memoryUse(service).resident - before.resident;
    context.record("9.memory", grown * 1_000 / count);
    await deployment.env.ok(["service", "stop"]);
    await until("no endpoint", () => all.every((fleet) => fleet.connected === 0), PATIENCE);
    const begun = performance.now();
    await deployment.env.ok(["service", "start"]);
    await connected();
    context.record("9.return", (performance.now() - begun) / 1_000);
  },
};
