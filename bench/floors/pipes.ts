/** What pipes to two bare processes carry, without tasks: the floor of rows 1 and 3. */
import { fromFileUrl } from "../../src/lib/path.ts";
import { PYTHON } from "../../tests/helpers/python.ts";
import { WORKERS } from "../deployment.ts";
import { FLOOR } from "../figures.ts";
import { type Scenario, type ScenarioContext, sized } from "../scenario.ts";
import { median } from "../statistics.ts";
import { timed } from "../timing.ts";

/** Bytes of a record, about those of a no-op task. */
const RECORD = 64;
const BATCH = 256;
const BATCHES_IN_FLIGHT = 4;
const RECORDS = 400_000;
const TRIPS = 500;

const ECHO = fromFileUrl(new URL("./echo_process.ts", import.meta.url));
const ECHO_PYTHON = fromFileUrl(new URL("./echo.py", import.meta.url));

/** A process that sends back what it gets. */
class EchoProcess implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;

  constructor(command: readonly string[]) {
    this.#child = new Deno.Command(command[0]!, {
      args: command.slice(1),
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    this.#writer = this.#child.stdin.getWriter();
    this.#reader = this.#child.stdout.getReader();
  }

  /** Sends `count` batches, a few at a time, and returns when all are back. */
  async echo(batch: Uint8Array, count: number): Promise<void> {
    let sent = 0;
    let missing = 0;
    for (let received = 0; received < count;) {
      while (sent < count && sent - received < BATCHES_IN_FLIGHT) {
        // Its failure is the end of what is read.
        this.#writer.write(batch).catch(() => {});
        missing += batch.byteLength;
        sent++;
      }
      const { value, done } = await this.#reader.read();
      if (done) throw new Error("the echo has ended");
      missing -= value.length;
      received = sent - Math.ceil(missing / batch.byteLength);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#writer.close();
    await this.#reader.cancel();
    await this.#child.status;
  }
}

function records(count: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(count * (4 + RECORD));
  const view = new DataView(bytes.buffer);
  for (let index = 0; index < count; index++) view.setUint32(index * (4 + RECORD), RECORD, true);
  return bytes;
}

async function rate(context: ScenarioContext, command: readonly string[]): Promise<number> {
  await using processes = new AsyncDisposableStack();
  const echoes = Array.from({ length: WORKERS }, () => processes.use(new EchoProcess(command)));
  const batches = Math.ceil(sized(context, RECORDS, 2_000) / BATCH / WORKERS);
  const batch = records(BATCH);
  const round = (count: number): Promise<unknown> =>
    Promise.all(echoes.map((echo) => echo.echo(batch, count)));
  await round(Math.ceil(batches / 10));
  const begun = performance.now();
  await round(batches);
  return batches * BATCH * WORKERS / ((performance.now() - begun) / 1_000);
}

export const pipeFloors: Scenario = {
  name: "pipes to bare processes",
  subject: FLOOR,
  rows: [1, 3],
  run: async (context) => {
    const deno = [Deno.execPath(), "run", "--no-config", "--quiet", "--no-check", ECHO];
    context.record("floor.pipe_deno", await rate(context, deno));
    if (PYTHON !== undefined) {
      context.record("floor.pipe_python", await rate(context, [PYTHON, "-I", "-S", ECHO_PYTHON]));
    }
    await using echo = new EchoProcess(deno);
    const one = records(1);
    await timed(20, () => echo.echo(one, 1));
    const trips = await timed(sized(context, TRIPS, 10), () => echo.echo(one, 1));
    context.record("floor.pipe_trip", median(trips));
  },
};
