/** Blocks of a real scheduler, whose managers are commands of the shell. */
import { assertEquals, assertTrue } from "../../src/lib/assert.ts";
import type { BlockRequest, JobState, Provider } from "../../src/endpoint/providers/provider.ts";
import { OUTPUT_FILE } from "../../src/endpoint/providers/submit_script.ts";
import { readIfPresent } from "../../src/lib/files.ts";
import { join } from "../../src/lib/path.ts";
import { until } from "./until.ts";

let blocks = 0;

/** @param parent where the block's folder is made */
export function shellBlock(
  parent: string,
  command: string,
  nodes = 1,
  name = `block-${blocks}`,
): BlockRequest {
  const folder = join(parent, name);
  Deno.mkdirSync(folder, { mode: 0o700 });
  blocks += 1;
  return {
    blockId: `block-${blocks}`,
    name: `funcx-test-${blocks}`,
    folder,
    nodes,
    manager: ["/bin/sh", "-c", command],
    files: [],
  };
}

/** The job's id. */
export async function submit(to: Provider, block: BlockRequest): Promise<string> {
  const outcome = await to.submit(block);
  assertTrue(outcome.kind === "ok", JSON.stringify(outcome));
  return outcome.value;
}

/** In the order of the ids. */
export async function statusOf(
  of: Provider,
  jobIds: readonly string[],
): Promise<readonly JobState[]> {
  const outcome = await of.status(jobIds);
  assertTrue(outcome.kind === "ok", JSON.stringify(outcome));
  assertEquals([...outcome.value.keys()], [...jobIds]);
  return [...outcome.value.values()];
}

export function untilKind<K extends JobState["kind"]>(
  of: Provider,
  jobId: string,
  kind: K,
): Promise<Extract<JobState, { kind: K }>> {
  return until(`job ${jobId} to be ${kind}`, async () => {
    const [state] = await statusOf(of, [jobId]);
    return state.kind === kind && state as Extract<JobState, { kind: K }>;
  }, 60_000);
}

export async function cancel(of: Provider, jobIds: readonly string[]): Promise<void> {
  assertEquals(await of.cancel(jobIds), { kind: "ok", value: null });
}

/** What the block has printed so far. */
export function output({ folder }: BlockRequest): string {
  return readIfPresent(join(folder, OUTPUT_FILE)) ?? "";
}
