/** A short run of `deno task fuzz` with a fixed seed; longer ones try other seeds. */
import { TARGETS } from "../../fuzz/all_targets.ts";
import { Stage } from "../../fuzz/stage.ts";

const SEED = 20_261_122;
const RUNS = 120;

Deno.test("nothing that is thrown at links, routes and files harms the processes", async (test) => {
  await using stage = await Stage.open();
  await stage.canary();
  for (const target of TARGETS) {
    await test.step(target.what, async () => {
      await target.run(stage, { seed: SEED, runs: RUNS });
      await stage.assertUnharmed();
    });
  }
});
