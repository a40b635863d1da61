import { assertEquals, assertMatch } from "../../lib/assert.ts";
import { join } from "../../lib/path.ts";
import type { ResolvedProvider } from "../../profile/resolved_provider.ts";
import { resolveProvider } from "../../profile/provider_defaults.ts";
import { environment } from "../../profile/testing/scratch_home.ts";
import type { Check } from "./check.ts";
import { providerCheck } from "./scheduler_checks.ts";

const NOTHING = environment({});
const SLURM = resolveProvider({ type: "slurm" });
const PBS = resolveProvider({ type: "pbs" });

function check(provider: ResolvedProvider, ...found: Parameters<typeof providerCheck>[1]): Check {
  return providerCheck(provider, found, NOTHING);
}

Deno.test("a provider whose scheduler is here is fine", () => {
  assertEquals(check(SLURM, "slurm", "kubernetes").status, "ok");
});

Deno.test("one whose scheduler is not here fails, and names the program that is missing", () => {
  const { status, message, mend } = check(SLURM, "lsf");
  assertEquals(status, "failed");
  assertMatch(message, /submits to Slurm, and there is no sbatch on PATH/);
  assertMatch(mend ?? "", /login node/);
});

Deno.test("the qsub of another scheduler is told", () => {
  const { status, message, mend } = check(PBS, "sge");
  assertEquals(status, "failed");
  assertMatch(message, /the qsub here is that of Grid Engine/);
  assertMatch(mend ?? "", /type: "sge"/);
});

Deno.test("workers on this machine are fine, also beside a scheduler, which is named", () => {
  assertEquals(check({ type: "local" }).status, "ok");
  const { status, message } = check({ type: "local" }, "slurm");
  assertEquals(status, "ok");
  assertMatch(message, /--template slurm` makes one for jobs of Slurm/);
});

Deno.test("the commands of exec have to be there", () => {
  const folder = Deno.makeTempDirSync();
  try {
    const submit = join(folder, "submit");
    const commands = { status: ["submit", "{jobs}"], cancel: ["submit", "{jobs}"] };
    const provider = resolveProvider({ type: "exec", submit: [submit, "{script}"], ...commands });
    const env = environment({ PATH: folder });
    assertMatch(providerCheck(provider, [], env).message, /runs \/.*submit, which is not there/);
    Deno.writeTextFileSync(submit, "", { mode: 0o755 });
    assertEquals(providerCheck(provider, [], env).status, "ok");
    assertEquals(providerCheck(provider, [], NOTHING).status, "failed");
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});
