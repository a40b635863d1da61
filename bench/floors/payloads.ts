/**
 * What a megabyte there and back takes at least: the client makes JSON of it, hashes it and sends it,
 * a bare server hashes and syncs it, and says so in a synced journal; a process for each worker reads
 * it and writes a result, which the server hashes and syncs as well; and the client fetches, hashes
 * and reads that. Nothing else: no queue, no database, no agent, and one task has no hold on others.
 *
 * And how long a task of 10 MB holds a bare worker: a small one that finds all workers with such waits
 * for that.
 */
import { createHash } from "node:crypto";
import { fromFileUrl } from "../../src/lib/path.ts";
import { WORKERS } from "../deployment.ts";
import { FLOOR } from "../figures.ts";
import { type Scenario, type ScenarioContext, sized } from "../scenario.ts";
import { median } from "../statistics.ts";
import { timed } from "../timing.ts";
import { echoFile } from "./payloads_worker.ts";

const BYTES = 1_000_000;
const TASKS = 200;
const LARGE_BYTES = 10_000_000;
const LARGE_TASKS = 20;
/** On their way at a time. */
const WINDOW = 8;
const SERVER = fromFileUrl(new URL("./payloads_process.ts", import.meta.url));

async function there(url: string, text: string): Promise<void> {
  const bytes = new TextEncoder().encode(JSON.stringify([text]));
  createHash("sha256").update(bytes).digest();
  await (await fetch(url, { method: "PUT", body: bytes })).text();
}

async function back(url: string): Promise<number> {
  const bytes = await (await fetch(url)).bytes();
  createHash("sha256").update(bytes).digest();
  return (JSON.parse(new TextDecoder().decode(bytes)) as string[])[0]!.length;
}

async function run(port: number, count: number): Promise<number> {
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < count) {
      const number = next++;
      const url = `http://127.0.0.1:${port}/${number}`;
      await there(url, `${number} `.padEnd(BYTES, "x"));
      if (await back(url) !== BYTES) throw new Error("what came back is not what was sent");
    }
  };
  const begun = performance.now();
  await Promise.all(Array.from({ length: WINDOW }, lane));
  return (performance.now() - begun) / 1_000;
}

async function hold(context: ScenarioContext, folder: string): Promise<void> {
  const path = `${folder}/large`;
  Deno.writeTextFileSync(path, JSON.stringify(["".padEnd(LARGE_BYTES, "x")]));
  const times = await timed(sized(context, LARGE_TASKS, 2), () => {
    echoFile(path);
    return Promise.resolve();
  });
  context.record("floor.payload_hold", median(times));
}

export const payloadFloor: Scenario = {
  name: "a megabyte there and back, by a bare server",
  subject: FLOOR,
  rows: [7],
  run: async (context) => {
    const folder = Deno.makeTempDirSync({ dir: context.folder });
    await hold(context, folder);
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--no-config", "--quiet", "--no-check", SERVER, folder, `${WORKERS}`],
      stdin: "null",
      stdout: "piped",
    }).spawn();
    try {
      const reader = child.stdout.getReader();
      const { value } = await reader.read();
      await reader.cancel();
      const port = Number(new TextDecoder().decode(value));
      const count = sized(context, TASKS, 2);
      await run(port, Math.ceil(count / 10));
      context.record("floor.payloads", count * BYTES / 1e6 / await run(port, count));
    } finally {
      child.kill("SIGKILL");
      await child.status;
    }
  },
};
