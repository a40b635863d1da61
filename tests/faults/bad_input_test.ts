/** Each bad input that reaches a process gets its own clear error and exit code; nothing dies. */
import { assertEquals, assertMatch, assertTrue } from "../../src/lib/assert.ts";
import { hostname } from "node:os";
import { join } from "../../src/lib/path.ts";
import { WORD_COUNT_TS } from "../helpers/functions.ts";
import { PATH_WITH_PYTHON, PYTHON } from "../helpers/python.ts";
import { processTest, TestEnv } from "../helpers/test_env.ts";

const TO = ["--endpoint", "default"];

processTest("wrong words on the command line are usage errors", async (env) => {
  await env.fails(["strat"], 64);
  await env.fails(["list", "--colour"], 64);
  await env.fails(["start", "../escape"], 64);
  await env.fails(["start", "service"], 64);
  await env.fails(["stop", "--timeout", "soon"], 64);
  await env.fails(["run"], 64);
});

processTest("commands about what is not there say so", async (env) => {
  await env.fails(["status", "nobody"], 65);
  await env.fails(["stop", "nobody"], 65);
  await env.fails(["validate", "nobody"], 78);
  await env.fails(["whoami"], 77);
  await env.ok(["service", "start"]);
  await env.fails(["run", "missing.ts", ...TO], 65);
  await env.fails(["run", "nobody's function", ...TO], 65);
});

processTest("a file where the folder should be is a permission error", async (env) => {
  env.file(".funcx", "a file where the folder should be");
  await env.fails(["init"], 77);
  await env.fails(["start"], 77);
});

processTest("a home folder that others may enter is narrowed", async (env) => {
  Deno.mkdirSync(env.state, { mode: 0o755 });
  Deno.chmodSync(env.state, 0o755);
  await env.ok(["start"]);
  assertEquals((Deno.statSync(env.state).mode ?? 0) & 0o777, 0o700);
  const modes = secretFiles(env).map((path) => (Deno.statSync(path).mode ?? 0) & 0o777);
  assertEquals(modes, modes.map(() => 0o600));
});

function secretFiles(env: TestEnv): string[] {
  return [
    join(env.state, "login.json"),
    join(env.state, "service", "state.json"),
    join(env.state, "default", "endpoint.json"),
  ];
}

processTest(
  "a profile that is wrong, forbidden or endless is refused with its mend",
  async (env) => {
    await env.ok(["init"]);
    const profile = join(env.state, "default", "config.ts");
    const refuse = async (source: string): Promise<string> => {
      Deno.writeTextFileSync(profile, source);
      const { message, hint } = await env.fails(["validate"], 78);
      await env.fails(["start"], 78);
      return `${message} ${hint}`;
    };
    assertMatch(
      await refuse("export default { executor: { workersPerNode: -1 } };"),
      /workersPerNode/,
    );
    assertMatch(await refuse("export default { displayNam: 1 };"), /displayName/);
    assertMatch(await refuse("export default {"), /config\.ts/);
    assertMatch(await refuse("export default 5;"), /object/);
    await refuse('export default { displayName: Deno.readTextFileSync("/etc/hostname") };');
    await refuse('await fetch("http://127.0.0.1:9/"); export default {};');
    await refuse('new Deno.Command("true").outputSync(); export default {};');
    assertMatch(await refuse("while (true) {} export default {};"), /time|long|end/);
  },
);

processTest("a stale lock of a process that is gone is taken over", async (env) => {
  await env.ok(["start"]);
  const lock = lockFile(env);
  const { agent } = await env.json<{ agent: { pid: number } }>(["status"]);
  Deno.kill(agent.pid, "SIGKILL");
  assertTrue(Deno.statSync(lock).isFile);
  await env.ok(["start"]);
  assertEquals((await env.json<{ status: string }[]>(["list"]))[0].status, "Active");
});

processTest(
  "a second start on another host is refused, and says where the first runs",
  async (env) => {
    await env.ok(["start"]);
    await env.ok(["stop"]);
    await env.ok(["start"]);
    const lock = lockFile(env);
    const content = Deno.readTextFileSync(lock);
    await env.ok(["stop"]);
    // What a home shared by two login nodes shows while the agent runs on the other one.
    Deno.writeTextFileSync(lock, content.replaceAll(hostname(), "login2.example.org"), {
      mode: 0o600,
    });
    const { message, hint } = await env.fails(["start"], 73);
    assertMatch(`${message} ${hint}`, /login2\.example\.org/);
  },
);

function lockFile(env: TestEnv): string {
  const folder = join(env.state, "default");
  const found = [...Deno.readDirSync(folder)].find((entry) => /lock/.test(entry.name));
  assertTrue(found !== undefined, `no lock in ${folder}`);
  return join(folder, found.name);
}

processTest(
  "a port in use gives way to a free one, and one that was asked for is an error",
  async (env) => {
    using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const { port } = taken.addr as Deno.NetAddr;
    await env.fails(["service", "start", "--listen", `127.0.0.1:${port}`], 69);
    const { url } = await env.json<{ url: string }>(["service", "start"]);
    assertMatch(url, /^http:\/\/127\.0\.0\.1:\d+$/);
    await env.fails(["service", "start"], 73);
  },
);

processTest("two users' services on one machine do not mix", async (env) => {
  await using other = new TestEnv();
  await env.ok(["start"]);
  await other.ok(["start"]);
  const mine = await env.json<{ service_url: string }>(["whoami"]);
  const theirs = await other.json<{ service_url: string }>(["whoami"]);
  assertTrue(mine.service_url !== theirs.service_url);
  // A token of one service opens nothing at the other.
  const { token } = await env.json<{ token: string }>(["service", "token", "create"]);
  const file = other.file("token", token);
  await other.fails(["login", theirs.service_url, "--token-file", file], 77);
});

processTest("a service that is not the one of the state file gets no token", async (env) => {
  await env.ok(["service", "start"]);
  const stateFile = join(env.state, "service", "state.json");
  const state = JSON.parse(Deno.readTextFileSync(stateFile));
  const seen: (string | null)[] = [];
  await using impostor = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    (request) => {
      seen.push(request.headers.get("authorization"));
      return Response.json({ status: "ok", service_id: state.service_id, now: 0, proof: "00" });
    },
  );
  const url = `http://127.0.0.1:${(impostor.addr as Deno.NetAddr).port}`;
  const login = join(env.state, "login.json");
  Deno.writeTextFileSync(stateFile, JSON.stringify({ ...state, url }));
  Deno.writeTextFileSync(login, Deno.readTextFileSync(login).replaceAll(state.url, url));
  const { code } = await env.run(["whoami"]);
  assertTrue(code !== 0);
  assertTrue(seen.length > 0, "it was asked for its proof");
  assertEquals(seen.filter((header) => header !== null), []);
  Deno.writeTextFileSync(stateFile, JSON.stringify(state));
});

processTest("functions and arguments that cannot work are told as what they are", async (env) => {
  env.file("broken.ts", "export default function f( { return 1 }\n");
  env.file("words.ts", WORD_COUNT_TS);
  env.file(
    "results.ts",
    "export const cycle = () => { const a: unknown[] = []; a.push(a); return a; };\n",
  );
  await env.ok(["start"]);
  const broken = await env.run(["run", "broken.ts", ...TO]);
  assertEquals(broken.code, 1);
  assertMatch(broken.stderr, /SyntaxError/);
  const unserializable = await env.run(["run", "results.ts:cycle", ...TO]);
  assertEquals(unserializable.code, 1);
  assertMatch(unserializable.stderr, /cannot be written as JSON/);
  await env.fails(["run", "words.ts:square", ...TO, "--kwargs", "{broken"], 65);
  await env.fails(["map", "words.ts:square", ...TO], 65, { input: "[1\n" });
  // The endpoint has come to no harm.
  assertEquals(await env.ok(["run", "words.ts:square", ...TO, "3"]), "9\n");
});

processTest("a Python function with a syntax error says where", async (env) => {
  env.file("broken.py", "def f(:\n    return 1\n");
  await env.ok(["start"]);
  const broken = await env.run(["run", "broken.py:f", ...TO]);
  assertTrue(broken.code === 1 || broken.code === 65, broken.stderr);
  assertMatch(broken.stderr, /SyntaxError|broken\.py/);
}, { path: PATH_WITH_PYTHON, ignore: PYTHON === undefined });

processTest(
  "results of ten megabytes pass, larger ones than the service takes fail by name",
  async (env) => {
    env.file("big.ts", "export const big = (n: number) => 'x'.repeat(n);\n");
    const maximum = 10 * 1024 * 1024;
    await env.ok(["service", "start", "--max-blob-bytes", String(maximum)]);
    await env.ok(["start"]);
    const large = await env.ok(["run", "big.ts:big", ...TO, String(maximum - 100)]);
    assertEquals(large.length, maximum - 100 + 1);
    const larger = await env.run(["run", "big.ts:big", ...TO, String(maximum + 1)]);
    assertEquals(larger.code, 1);
    assertMatch(larger.stderr, /MaxResultSizeExceeded/);
    assertMatch(larger.stderr, /this service takes at most 10485760/);
  },
);
