/** A service whose certificate a site's own authority has signed, which no system knows. */
import { CONNECTION_FILE, type ManagerConnection } from "../../src/contract/manager_connection.ts";
import { assertEquals, assertMatch } from "../../src/lib/assert.ts";
import { join } from "../../src/lib/path.ts";
import { makeAuthority } from "../helpers/authority.ts";
import { JOBS } from "../helpers/job_commands.ts";
import { PATH_WITH_PYTHON, PYTHON } from "../helpers/python.ts";
import { Running } from "../helpers/running.ts";
import { processTest, type TestEnv } from "../helpers/test_env.ts";

/** `service start` with a certificate, whose authority's is in `authority.pem`. */
async function startCommand(env: TestEnv): Promise<string[]> {
  const { authority, certificate, key } = await makeAuthority();
  const files = { "authority.pem": authority, "cert.pem": certificate, "key.pem": key };
  for (const [name, text] of Object.entries(files)) env.file(name, text);
  const tls = ["--tls-cert", "cert.pem", "--tls-key", "key.pem"];
  return ["service", "start", "--listen", "127.0.0.1:0", ...tls];
}

const USAGE_OF_CA = /funcx-endpoint login URL --ca FILE/;

processTest("client, agent, managers and funcx.py trust what login was given", async (env) => {
  const start = [...await startCommand(env), "--tls-ca", "authority.pem"];
  const { url } = await env.json<{ url: string }>(start);
  const { token } = await env.json<{ token: string }>(["service", "token", "create"]);
  // Another user's folder, and another machine's as far as it knows of the service.
  const folder = join(env.root, "other");
  const other = { env: { FUNCX_USER_DIR: folder } };
  const tokenFile = ["--token-file", env.file("token", token)];
  const login = ["login", url, ...tokenFile];
  const refused = await env.fails(login, 78, other);
  assertMatch(refused.message, /certificate of https:.* is not accepted: .*authority that signed/);
  assertMatch(refused.hint, USAGE_OF_CA);
  assertMatch(
    (await env.fails([...login, "--ca", "key.pem"], 65, other)).message,
    /no certificate/,
  );
  await env.ok([...login, "--ca", "authority.pem"], other);
  assertEquals(Deno.statSync(join(folder, "login.json")).mode! & 0o777, 0o600);
  Deno.removeSync(join(env.home, "authority.pem"));
  assertMatch(await env.ok(["whoami"], other), new RegExp(url));

  const provider = { type: "exec", initBlocks: 1, minBlocks: 1, maxBlocks: 1, ...JOBS };
  const executor = { address: "service", workersPerNode: 1, provider };
  await env.ok(["init"], other);
  Deno.writeTextFileSync(
    join(folder, "default", "config.ts"),
    `export default ${JSON.stringify({ executor })};\n`,
  );
  await env.ok(["start"], other);
  try {
    // Large enough to come to the agent as a blob.
    env.file("data.txt", "line\n".repeat(200_000));
    env.file("count.sh", "wc -l < {data}\n");
    const counted = await env.ok(["run", "count.sh", "--file", "data=data.txt"], other);
    assertEquals(counted.trim(), "200000");
    const blocks = join(folder, "default", "blocks");
    const [block] = [...Deno.readDirSync(blocks)].filter(({ isDirectory }) => isDirectory);
    const written = Deno.readTextFileSync(join(blocks, block!.name, CONNECTION_FILE));
    const { relay } = JSON.parse(written) as ManagerConnection;
    assertMatch(relay!.url, /^wss:/);
    assertMatch(await env.ok(["doctor"], other), /ok +service +the service answers at https:/);
    if (PYTHON !== undefined) await runPython(env, folder);
  } finally {
    await env.ok(["stop", "--now"], other);
  }
}, { path: PATH_WITH_PYTHON });

async function runPython(env: TestEnv, folder: string): Promise<void> {
  await env.ok(["client", "python", "--output", join(env.home, "funcx.py")]);
  const program = env.file("who.py", "import funcx\nprint(funcx.Client().whoami()['user'])\n");
  await using running = new Running([PYTHON!, program], {
    cwd: env.home,
    clearEnv: true,
    env: { ...env.environment, FUNCX_USER_DIR: folder },
  });
  const { code, stdout, stderr } = await running.finished();
  assertEquals([code, stderr, stdout.trim() === ""], [0, "", false]);
}

processTest("a private service knows its own authority, or says what is missing", async (env) => {
  const start = await startCommand(env);
  const { message, hint } = await env.fails(start, 78);
  assertMatch(message, /not accepted/);
  assertMatch(hint, /service start --tls-ca FILE/);
  await env.ok(["service", "stop"]);
  await env.ok([...start, "--tls-ca", "authority.pem"]);
  await env.ok(["configure", "default", "--template", "local"]);
  await env.ok(["start"]);
  env.file("double.ts", "export default (n: number): number => 2 * n;\n");
  assertEquals(await env.ok(["run", "double.ts", "21"]), "42\n");
  assertMatch(await env.ok(["whoami"]), /https:/);
});
