/** Row 7: payloads there and back, and small tasks beside large ones. */
import { type Client, Executor, type FunctionHandle } from "../../src/client/mod.ts";
import { Deployment, NO_OP } from "../deployment.ts";
import { fromFileUrl } from "../../src/lib/path.ts";
import { OURS } from "../figures.ts";
import { type Scenario, type ScenarioContext, sized } from "../scenario.ts";
import { quantile } from "../statistics.ts";
import { timed } from "../timing.ts";
import type { StreamSettings } from "./payload_stream_process.ts";

/** Bytes, and how many of them make a second or two. */
const SIZES: readonly { readonly name: string; readonly bytes: number; readonly tasks: number }[] =
  [
    { name: "1KB", bytes: 1_000, tasks: 10_000 },
    { name: "100KB", bytes: 100_000, tasks: 600 },
    { name: "1MB", bytes: 1_000_000, tasks: 100 },
    { name: "10MB", bytes: 10_000_000, tasks: 12 },
  ];
/** Digits before each text. */
const NUMBER_LENGTH = 12;
const LARGE_BYTES = 10_000_000;
/** Large tasks that are on their way at any time. */
const STREAM_WINDOW = 2;
const STREAM = fromFileUrl(new URL("./payload_stream_process.ts", import.meta.url));
const TRIPS = 300;
/** Milliseconds after which fewer trips have to do. */
const TRIPS_LIMIT = 20_000;

interface Target {
  readonly client: Client;
  readonly endpointId: string;
  readonly echo: FunctionHandle;
}

export const payloads: Scenario = {
  name: "payloads, and small tasks beside large ones",
  subject: OURS,
  rows: [7],
  run: async (context) => {
    await using deployment = await Deployment.start();
    const client = await deployment.client();
    const { id } = await deployment.status();
    const target = { client, endpointId: id, echo: await client.register(NO_OP.typescript) };
    for (const { name, bytes, tasks } of SIZES) {
      const count = sized(context, tasks, 2);
      await echo(target, bytes, Math.ceil(count / 10));
      const { seconds, processor } = await deployment.measure(() => echo(target, bytes, count));
      context.record(`7.${name}`, count * bytes / 1e6 / seconds);
      context.record(`7.${name}.cpu`, processor / count * 1_000);
    }
    await smallBesideLarge(context, deployment, target);
  },
};

async function echo(target: Target, bytes: number, count: number): Promise<void> {
  await using executor = new Executor(target.client, target.endpointId);
  const sent: string[] = [];
  const texts = function* (): Generator<string> {
    for (let index = 0; index < count; index++) {
      const text = nextText(bytes);
      sent.push(text.slice(0, NUMBER_LENGTH));
      yield text;
    }
  };
  for await (const answer of executor.map<string>(target.echo.functionId, texts())) {
    if (answer.length === bytes && answer.startsWith(sent.shift()!)) continue;
    throw new Error(`what came back is not the ${bytes} bytes that were sent`);
  }
}

/** Each one different: the same content is kept and moved once. */
function nextText(bytes: number): string {
  return `${++texts}`.padStart(NUMBER_LENGTH, "0").padEnd(bytes, "x");
}

let texts = 0;

async function smallBesideLarge(
  context: ScenarioContext,
  deployment: Deployment,
  target: Target,
): Promise<void> {
  const { client, endpointId, echo: { functionId } } = target;
  await using small = new Executor(client, endpointId);
  const trips = sized(context, TRIPS, 10);
  await timed(sized(context, 100, 5), () => small.submit(functionId, 1));
  const alone = quantile(await timed(trips, () => small.submit(functionId, 1)), 0.99);
  const end = await startStream({
    ...await deployment.access(),
    endpointId,
    functionId,
    bytes: LARGE_BYTES,
    window: STREAM_WINDOW,
  });
  const times = await timed(trips, () => small.submit(functionId, 1), TRIPS_LIMIT);
  const beside = quantile(times, 0.99);
  await end();
  context.record("7.small_alone", alone);
  context.record("7.small_beside", beside);
  context.record("7.small_ratio", beside / alone);
}

/** Resolves when the first large task is back; gives what ends the stream. */
async function startStream(settings: StreamSettings): Promise<() => Promise<void>> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--quiet", "--no-check", STREAM],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const input = child.stdin.getWriter();
  await input.write(new TextEncoder().encode(JSON.stringify(settings)));
  const output = child.stdout.getReader();
  const { done } = await output.read();
  if (done) throw new Error("the stream of large tasks has ended");
  return async () => {
    // Its last tasks end with the deployment.
    child.kill("SIGKILL");
    await output.cancel();
    const { signal } = await child.status;
    if (signal !== "SIGKILL") {
      throw new Error("the stream of large tasks has ended before its time");
    }
    await input.close().catch(() => {});
  };
}
