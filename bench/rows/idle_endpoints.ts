/** Row 9: thousands of endpoints that are connected and have nothing to do. */
import type { EndpointRegistration } from "../../src/contract/api.ts";
import type { Client } from "../../src/client/mod.ts";
import { delay } from "../../src/lib/async.ts";
import { fromFileUrl, join } from "../../src/lib/path.ts";
import { until } from "../../tests/helpers/until.ts";
import { Deployment } from "../deployment.ts";
import { OURS } from "../figures.ts";
import { memoryUse, processorSeconds } from "../process_usage.ts";
import { type Scenario, type ScenarioContext, sized } from "../scenario.ts";

const ENDPOINTS = 5_000;
/** Each speaks for its share of the endpoints. */
const PROCESSES = 2;
const REGISTRATIONS_AT_A_TIME = 32;
const IDLE_SECONDS = 30;
const PATIENCE = 120_000;
/** Descriptors of a process that are no connection of an endpoint. */
const OTHER_DESCRIPTORS = 200;

const PROCESS = fromFileUrl(new URL("./idle_endpoints_process.ts", import.meta.url));
const CONFIG = fromFileUrl(new URL("../../deno.json", import.meta.url));

/** A process that dials for many endpoints, with the agent's own forwarder, and redials. */
class Fleet implements AsyncDisposable {
  connected = 0;
  readonly size: number;
  readonly #child: Deno.ChildProcess;
  readonly #reading: Promise<void>;

  constructor(folder: string, registrations: readonly EndpointRegistration[]) {
    this.size = registrations.length;
    const file = join(folder, `${crypto.randomUUID()}.json`);
    Deno.writeTextFileSync(file, JSON.stringify(registrations), { mode: 0o600 });
    this.#child = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--quiet", "--no-check", `--config=${CONFIG}`, PROCESS, file],
      stdin: "null",
      stdout: "piped",
    }).spawn();
    this.#reading = this.#read();
  }

  async #read(): Promise<void> {
    let text = "";
    for await (const piece of this.#child.stdout.pipeThrough(new TextDecoderStream())) {
      text += piece;
      const lines = text.split("\n");
      text = lines.pop()!;
      if (lines.length > 0) this.connected = Number(lines.at(-1));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#child.status;
    await this.#reading;
  }
}

async function register(client: Client, count: number): Promise<EndpointRegistration[]> {
  const registrations: EndpointRegistration[] = [];
  let next = 0;
  const some = async (): Promise<void> => {
    while (next < count) {
      const body = { endpoint_name: `idle${next++}` };
      registrations.push(await client.call("registerEndpoint", { body }));
    }
  };
  await Promise.all(Array.from({ length: REGISTRATIONS_AT_A_TIME }, some));
  return registrations;
}

/** As many as were asked for, or what this user's limit of open files allows. */
async function endpointCount(context: ScenarioContext): Promise<number> {
  const wanted = sized(context, ENDPOINTS, 50);
  const { stdout } = await new Deno.Command("sh", { args: ["-c", "ulimit -n"] }).output();
  const limit = Number(new TextDecoder().decode(stdout));
  if (Number.isNaN(limit) || limit >= wanted + OTHER_DESCRIPTORS) return wanted;
  context.note(`row 9 has only ${limit - OTHER_DESCRIPTORS} endpoints: ulimit -n is ${limit}`);
  return limit - OTHER_DESCRIPTORS;
}

export const idleEndpoints: Scenario = {
  name: "5,000 idle endpoints",
  subject: OURS,
  rows: [9],
  repeats: 3,
  minutes: 6,
  run: async (context) => {
    const count = await endpointCount(context);
    await using deployment = await Deployment.prepare();
    const registrations = await register(await deployment.client(), count);
    const service = await deployment.servicePid();
    await delay(sized(context, 2_000, 100));
    const before = memoryUse(service);
    await using fleets = new AsyncDisposableStack();
    const share = Math.ceil(count / PROCESSES);
    const all = Array.from({ length: PROCESSES }, (_, index) =>
      fleets.use(
        new Fleet(context.folder, registrations.slice(index * share, (index + 1) * share)),
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
