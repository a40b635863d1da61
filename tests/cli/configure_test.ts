/** What `configure` asks for on a terminal, which `script` of util-linux gives it. */
import { assertEquals, assertMatch } from "../../src/lib/assert.ts";
import { findProgram } from "../../src/profile/schedulers.ts";
import { BINARY } from "../helpers/binary.ts";
import { PLAIN_PATH } from "../helpers/plain_path.ts";
import { Running } from "../helpers/running.ts";
import { processTest } from "../helpers/test_env.ts";

const SCRIPT = findProgram("script", () => PLAIN_PATH);

processTest("configure asks on a terminal until the answers fit, Enter leaves one", async (env) => {
  const command = `'${BINARY}' configure --site frontera --set public=true`;
  await using terminal = new Running(
    [SCRIPT ?? "", "--quiet", "--return", "--command", command, "/dev/null"],
    { env: env.environment, clearEnv: true, cwd: env.home, input: "two words\ngpu\n\n" },
  );
  const { code, stdout } = await terminal.finished();
  assertEquals(code, 0);
  assertMatch(stdout, /PARTITION, the partition that jobs go to \(Enter to fill it in later\): /);
  assertMatch(stdout, /found "two words", expected a partition/);
  assertMatch(stdout, /executor\.provider\.account: <ACCOUNT>, the account or project/);
  const { problems } = JSON.parse((await env.run(["validate", "frontera", "--json"])).stdout);
  assertEquals(problems.map(({ key }: { key: string }) => key), ["executor.provider.account"]);
}, { ignore: SCRIPT === undefined || Deno.build.os !== "linux" });
