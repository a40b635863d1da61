/**
 * `deno task fuzz [--seed N] [--minutes M] [--runs N] [--target NAME] [--path P]`: throws arbitrary
 * and nearly right input at each link, route and file of running processes, until the time is over
 * or something does not hold. A failure prints the command that gives it again.
 */
import { parseArgs } from "node:util";
import { TARGETS } from "../tests/fuzz/all_targets.ts";
import { Stage } from "../tests/fuzz/stage.ts";
import { buildWhenStale } from "./build/stale.ts";
import { fromFileUrl } from "../src/lib/path.ts";

const ROOT = fromFileUrl(new URL("../", import.meta.url));
const RUNS = 1_000;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      seed: { type: "string" },
      minutes: { type: "string", default: "0" },
      runs: { type: "string", default: String(RUNS) },
      target: { type: "string" },
      path: { type: "string" },
    },
  });
  const targets = TARGETS.filter(({ name }) =>
    values.target === undefined || name === values.target
  );
  if (targets.length === 0) {
    console.error(`error: no target ${values.target}\nhint: ${TARGETS.map(({ name }) => name)}`);
    return 64;
  }
  await buildWhenStale(ROOT);
  const first = values.seed === undefined ? Date.now() % 2 ** 31 : Number(values.seed);
  const end = performance.now() + Number(values.minutes) * 60_000;
  let seed = first;
  do {
    for (const target of targets) {
      const begun = performance.now();
      await using stage = await Stage.open();
      await stage.canary();
      const runs = Number(values.runs);
      try {
        await target.run(stage, { seed, runs, path: values.path });
        await stage.assertUnharmed();
      } catch (thrown) {
        stage.env.keep();
        console.error(
          `failed: deno task fuzz --seed ${seed} --target ${target.name} --runs ${runs}`,
        );
        console.error(thrown);
        return 1;
      }
      const seconds = ((performance.now() - begun) / 1_000).toFixed(1);
      console.log(`seed ${seed}  ${target.name.padEnd(16)} ${seconds} s`);
    }
    seed++;
  } while (performance.now() < end);
  return 0;
}

Deno.exitCode = await main();
