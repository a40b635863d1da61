/**
 * `deno task test:slurm`: the Slurm provider against a real Slurm of three nodes with two cores each,
 * which takes root and Debian's packages.
 */
import { assertEquals, assertMatch, assertTrue } from "../../../src/lib/assert.ts";
import { capture } from "../../../scripts/build/command.ts";
import type { BlockRequest, Provider } from "../../../src/endpoint/providers/provider.ts";
import { makeProvider } from "../../../src/endpoint/providers/providers.ts";
import { OUTPUT_FILE, SCRIPT_FILE } from "../../../src/endpoint/providers/submit_script.ts";
import { settingsOf } from "../../../src/endpoint/providers/testing/requests.ts";
import { join } from "../../../src/lib/path.ts";
import { cancel, output, shellBlock, statusOf, submit, untilKind } from "../../helpers/blocks.ts";
import { SlurmCluster, slurmObstacle } from "../../helpers/slurm_cluster.ts";
import { until } from "../../helpers/until.ts";

const OBSTACLE = await slurmObstacle();
if (OBSTACLE !== undefined) console.log(`There can be no Slurm here: ${OBSTACLE}`);

let cluster: SlurmCluster | undefined;

Deno.test.beforeAll(async () => {
  if (OBSTACLE === undefined) cluster = await SlurmCluster.start(3);
});
Deno.test.afterAll(async () => {
  await cluster?.[Symbol.asyncDispose]();
});

function slurmTest(name: string, body: () => Promise<void>): void {
  Deno.test({ name, ignore: OBSTACLE !== undefined, fn: body });
}

/** As a profile that says this would have it. */
function provider(options: object = {}): Provider {
  return makeProvider(
    settingsOf({ type: "slurm", walltime: "00:05:00", ...options }),
    cluster!.env,
  );
}

/** A block whose manager is a command of the shell. */
function request(command: string, nodes = 1, name?: string): BlockRequest {
  return shellBlock(cluster!.folder, command, nodes, name);
}

slurmTest("a block runs its manager, and its output and script are kept", async () => {
  const slurm = provider();
  const block = request("echo on $(hostname) as $SLURM_JOB_NAME");
  const id = await submit(slurm, block);
  assertMatch(id, /^\d+$/);
  assertEquals(await untilKind(slurm, id, "ended"), {
    kind: "ended",
    how: "completed",
    exitCode: 0,
    reason: "COMPLETED",
  });
  assertMatch(output(block), new RegExp(`^on .* as ${block.name}\n$`));
  const script = join(block.folder, SCRIPT_FILE);
  assertEquals(Deno.readTextFileSync(script), slurm.script(block));
  assertEquals((Deno.statSync(script).mode ?? 0) & 0o777, 0o700);
});

slurmTest("a block of two nodes runs a manager on each, and says where", async () => {
  const slurm = provider({ nodesPerBlock: 2, coresPerNode: 2, memPerNode: "100M" });
  const block = request("echo rank $SLURM_PROCID of $SLURM_NTASKS; read -r line <go", 2);
  const fifo = join(block.folder, "go");
  await capture("mkfifo", [fifo]);
  const id = await submit(slurm, block);
  const { nodes } = await untilKind(slurm, id, "running");
  assertEquals(nodes.length, 2);
  assertTrue(nodes.every((node) => /^node[123]$/.test(node)), String(nodes));
  // Slurm has a word to say there too.
  const ranks = (): string[] => output(block).match(/^rank .*/gm) ?? [];
  await until("both managers to begin", () => ranks().length === 2);
  // Both wait for a line: they end when all writers are gone.
  using writer = Deno.openSync(fifo, { write: true });
  writer.writeSync(new TextEncoder().encode("go\ngo\n"));
  const { how } = await untilKind(slurm, id, "ended");
  assertEquals(how, "completed");
  assertEquals(ranks().sort(), ["rank 0 of 2", "rank 1 of 2"]);
});

slurmTest("a manager that fails gives the block its exit code", async () => {
  const slurm = provider();
  const id = await submit(slurm, request("echo no such module >&2; exit 3"));
  const state = await untilKind(slurm, id, "ended");
  assertEquals(state, { kind: "ended", how: "failed", exitCode: 3, reason: "NonZeroExitCode" });
});

slurmTest("a block that is cancelled, waiting or running, is over", async () => {
  const slurm = provider();
  const closed = provider({ partition: "closed" });
  const running = await submit(slurm, request("exec sleep 1000"));
  const waiting = await submit(closed, request("true"));
  await untilKind(slurm, running, "running");
  assertEquals(await statusOf(slurm, [waiting]), [{ kind: "queued", reason: "PartitionDown" }]);
  await cancel(slurm, [running, waiting]);
  for (const id of [running, waiting]) {
    const state = await untilKind(slurm, id, "ended");
    assertEquals([state.how, state.exitCode], ["cancelled", null]);
  }
  await cancel(slurm, [running, waiting, "999999"]);
});

slurmTest("a job that Slurm does not know is gone, alone and beside others", async () => {
  const slurm = provider();
  const id = await submit(slurm, request("true"));
  await untilKind(slurm, id, "ended");
  const gone = { kind: "ended", how: "gone", exitCode: null, reason: "" } as const;
  assertEquals(await statusOf(slurm, ["999998"]), [gone]);
  const [known, unknown] = await statusOf(slurm, [id, "999999"]);
  assertTrue(known.kind === "ended" && known.how === "completed");
  assertEquals(unknown, gone);
});

const REFUSED: readonly (readonly [what: string, options: object, words: RegExp])[] = [
  ["partition", { partition: "nope" }, /invalid partition specified: nope/],
  ["account", { account: "nobody" }, /Invalid account or account\/partition combination/],
  ["constraint", { constraint: "nope" }, /Invalid feature specification/],
  ["reservation", { reservation: "nope" }, /Requested reservation is invalid/],
  ["option", { schedulerOptions: "#SBATCH --no-such-option" }, /unrecognized option/],
];

for (const [what, options, words] of REFUSED) {
  slurmTest(`a wrong ${what} is refused with the words of Slurm`, async () => {
    const outcome = await provider(options).submit(request("true"));
    assertTrue(outcome.kind === "fatal", JSON.stringify(outcome));
    assertEquals([outcome.failure.code, outcome.failure.mayBeDone], ["SCHEDULER_REFUSED", false]);
    assertMatch(outcome.failure.words, words);
    assertMatch(outcome.failure.message, /^sbatch refused: /);
  });
}

slurmTest("an account that may not use the partition is told as what it is stuck for", async () => {
  const slurm = provider({ partition: "physics", account: "chemistry" });
  const id = await submit(slurm, request("true"));
  const { reason } = await untilKind(slurm, id, "stuck");
  assertMatch(reason, /account.* can't use this partition/);
  await cancel(slurm, [id]);
});

slurmTest("no path, name or argument gets out of its place", async () => {
  const slurm = provider();
  const nasty = `a b%j"'$(touch ran)\`touch ran\`;touch ran&\\n#é`;
  const block = {
    ...request("true", 1, nasty),
    blockId: "id\n#SBATCH --no-such-option\ntouch ran",
    name: "n; touch ran\n#SBATCH --no-such-option",
    manager: ["/bin/sh", "-c", 'pwd; printf "%s|" "$@"', "sh", nasty, "", "\n", "$HOME"],
  };
  const id = await submit(slurm, block);
  const state = await untilKind(slurm, id, "ended");
  assertTrue(state.how === "completed", output(block));
  assertEquals(output(block), `${block.folder}\n${nasty}||\n|$HOME|`);
  assertEquals([...Deno.readDirSync(block.folder)].map(({ name }) => name).sort(), [
    OUTPUT_FILE,
    SCRIPT_FILE,
  ]);
});

slurmTest("a hundred blocks are asked about in one command, and cancelled in one", async () => {
  const slurm = provider({ partition: "closed" });
  const ids: string[] = [];
  for (let index = 0; index < 100; index++) ids.push(await submit(slurm, request("true")));
  const states = await statusOf(slurm, ids);
  assertTrue(states.every(({ kind }) => kind === "queued"), JSON.stringify(states));
  await cancel(slurm, ids);
  await until(
    "all to be over",
    async () => (await statusOf(slurm, ids)).every(({ kind }) => kind === "ended"),
  );
});

slurmTest("a scheduler that is away is one to ask again", async () => {
  const away = join(cluster!.folder, "away.conf");
  const conf = Deno.readTextFileSync(join(cluster!.folder, "slurm.conf"));
  // Nobody listens there.
  Deno.writeTextFileSync(
    away,
    conf.replace(/SlurmctldPort=\d+/, "SlurmctldPort=1\nMessageTimeout=1"),
  );
  const lost = makeProvider(settingsOf({ type: "slurm" }), { SLURM_CONF: away });
  const outcome = await lost.status(["1"]);
  assertTrue(outcome.kind === "retryable", JSON.stringify(outcome));
  assertEquals(outcome.failure.code, "SCHEDULER_UNAVAILABLE");
});
