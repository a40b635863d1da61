/**
 * `deno task test:sge`: the provider of Grid Engine against a real one of one node, which takes root
 * and Debian's packages.
 */
import { assertEquals, assertMatch, assertTrue } from "../../../src/lib/assert.ts";
import { join } from "../../../src/lib/path.ts";
import type { BlockRequest, Provider } from "../../../src/endpoint/providers/provider.ts";
import { makeProvider } from "../../../src/endpoint/providers/providers.ts";
import { SCRIPT_FILE } from "../../../src/endpoint/providers/submit_script.ts";
import { settingsOf } from "../../../src/endpoint/providers/testing/requests.ts";
import { cancel, output, shellBlock, statusOf, submit, untilKind } from "../../helpers/blocks.ts";
import { GridEngine, gridEngineObstacle } from "../../helpers/grid_engine.ts";
import { until } from "../../helpers/until.ts";

const OBSTACLE = await gridEngineObstacle();
if (OBSTACLE !== undefined) console.log(`There can be no Grid Engine here: ${OBSTACLE}`);

let engine: GridEngine | undefined;

Deno.test.beforeAll(async () => {
  if (OBSTACLE === undefined) engine = await GridEngine.start();
});
Deno.test.afterAll(async () => {
  await engine?.[Symbol.asyncDispose]();
});

function engineTest(name: string, body: () => Promise<void>): void {
  Deno.test({ name, ignore: OBSTACLE !== undefined, fn: body });
}

/** As a profile that says this would have it. */
function provider(options: object = {}): Provider {
  return makeProvider(settingsOf({ type: "sge", walltime: "00:05:00", ...options }), engine!.env);
}

function request(command: string, name?: string): BlockRequest {
  return shellBlock(engine!.folder, command, 1, name);
}

engineTest("a block runs its manager, and its output and script are kept", async () => {
  const sge = provider({ queue: "small.q", account: "physics", memPerNode: "1M" });
  const block = request("echo job $JOB_ID in $QUEUE");
  const id = await submit(sge, block);
  const ended = { kind: "ended", how: "completed", exitCode: 0, reason: "" } as const;
  assertEquals(await untilKind(sge, id, "ended"), ended);
  assertEquals(output(block), `job ${id} in small.q\n`);
  assertEquals(Deno.readTextFileSync(join(block.folder, SCRIPT_FILE)), sge.script(block));
});

engineTest("a manager that fails gives the block its exit code", async () => {
  const sge = provider();
  const block = request("echo no such module >&2; exit 3");
  const state = await untilKind(sge, await submit(sge, block), "ended");
  assertEquals(state, { kind: "ended", how: "failed", exitCode: 3, reason: "" });
  assertEquals(output(block), "no such module\n");
});

engineTest(
  "a block of several cores runs on its node, and is over when it is cancelled",
  async () => {
    const sge = provider({ coresPerNode: 2, parallelEnvironment: "smp" });
    const block = request("echo $NSLOTS; exec sleep 1000");
    const id = await submit(sge, block);
    const { nodes } = await untilKind(sge, id, "running");
    assertEquals(nodes.length, 1);
    await until("its manager to begin", () => output(block) === "2\n");
    await cancel(sge, [id]);
    const { how, exitCode } = await untilKind(sge, id, "ended");
    assertEquals([how, exitCode], ["cancelled", null]);
    await cancel(sge, [id, "999999"]);
  },
);

engineTest("a job that Grid Engine does not know is gone, beside one that waits", async () => {
  const sge = provider();
  const held = provider({ schedulerOptions: "#$ -a 203712312359" });
  const id = await submit(held, request("true"));
  assertEquals(await statusOf(sge, [id, "999999"]), [
    { kind: "queued", reason: "" },
    { kind: "ended", how: "gone", exitCode: null, reason: "" },
  ]);
  await cancel(sge, [id]);
});

engineTest("a job that is held is stuck", async () => {
  const sge = provider({ schedulerOptions: "#$ -h" });
  const id = await submit(sge, request("true"));
  const { reason } = await untilKind(sge, id, "stuck");
  assertMatch(reason, /held/);
  await cancel(sge, [id]);
});

const REFUSED: readonly (readonly [what: string, options: object, words: RegExp])[] = [
  ["queue", { queue: "nope.q" }, /unknown queue "nope\.q"/],
  ["environment", { parallelEnvironment: "nope" }, /parallel environment "nope" does not exist/],
  ["reservation", { reservation: "77" }, /77/],
  ["option", { schedulerOptions: "#$ -no_such_option" }, /no_such_option/],
];

for (const [what, options, words] of REFUSED) {
  engineTest(`a wrong ${what} is refused with the words of Grid Engine`, async () => {
    const outcome = await provider(options).submit(request("true"));
    assertTrue(outcome.kind === "fatal", JSON.stringify(outcome));
    assertEquals([outcome.failure.code, outcome.failure.mayBeDone], ["SCHEDULER_REFUSED", false]);
    assertMatch(outcome.failure.words, words);
  });
}

engineTest("no path, name or argument gets out of its place", async () => {
  const sge = provider();
  const nasty = `a b%j"'$(touch ran)\`touch ran\`;touch ran&\\n#é`;
  const block = {
    ...request("true", nasty),
    blockId: "id\n#$ -no_such_option\ntouch ran",
    name: "n; touch ran\n#$ -no_such_option",
    manager: ["/bin/sh", "-c", 'pwd; printf "%s|" "$@"', "sh", nasty, "", "\n", "$HOME"],
  };
  const { how } = await untilKind(sge, await submit(sge, block), "ended");
  assertTrue(how === "completed", output(block));
  assertEquals(output(block), `${block.folder}\n${nasty}||\n|$HOME|`);
  assertEquals([...Deno.readDirSync(block.folder)].map(({ name }) => name).sort(), [
    "output",
    SCRIPT_FILE,
  ]);
});

engineTest("a scheduler that is away is one to ask again", async () => {
  const settings = settingsOf({ type: "sge", cmdTimeout: 20 });
  // Nobody listens there.
  const away = makeProvider(settings, { ...engine!.env, SGE_QMASTER_PORT: "1" });
  const outcome = await away.status(["1"]);
  assertTrue(outcome.kind === "retryable", JSON.stringify(outcome));
  assertEquals(outcome.failure.code, "SCHEDULER_UNAVAILABLE");
});
