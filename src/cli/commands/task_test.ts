import { assertEquals, assertMatch, assertTrue } from "../../lib/assert.ts";
import { ContractServer, TOKEN } from "../../client/testing/contract_server.ts";
import { CapturedCli } from "../testing/captured_cli.ts";

async function withCli(
  test: (cli: CapturedCli, server: ContractServer) => Promise<void>,
): Promise<void> {
  await using server = new ContractServer();
  using cli = new CapturedCli();
  const token = cli.file("token", TOKEN);
  const { code } = await cli.run(["login", server.url, "--token-file", token]);
  assertEquals(code, 0);
  await test(cli, server);
}

const UNKNOWN = "00000000-0000-4000-8000-000000000000";

Deno.test("a login is checked, stored for its user alone, and forgotten", async () => {
  await withCli(async (cli, server) => {
    const file = `${cli.home}/.funcx/login.json`;
    assertEquals(Deno.statSync(file).mode! & 0o777, 0o600);
    assertEquals(JSON.parse(Deno.readTextFileSync(file)), {
      current: server.url,
      services: { [server.url]: { token: TOKEN, user: "ada" } },
    });
    const who = await cli.run(["whoami", "--json"]);
    assertEquals(JSON.parse(who.stdout).user, "ada");
    assertTrue(!who.stdout.includes(TOKEN));

    const wrong = await cli.run(["login", server.url, "--token-file", cli.file("bad", "fx_no")]);
    assertEquals(wrong.code, 77);
    assertEquals(JSON.parse(Deno.readTextFileSync(file)).services[server.url].token, TOKEN);

    assertEquals((await cli.run(["logout", "--json"])).stdout, `{"logged_out":"${server.url}"}\n`);
    assertEquals(JSON.parse(Deno.readTextFileSync(file)), { current: null, services: {} });
    const out = await cli.run(["whoami"]);
    assertEquals(out.code, 77);
    assertMatch(out.stderr, /^error: .*\nhint: .*login.*\n$/);
  });
});

Deno.test("a token comes from standard input, but never from an argument", async () => {
  await withCli(async (cli, server) => {
    await cli.run(["logout"]);
    const piped = await cli.run(["login", server.url], { stdin: `${TOKEN}\n` });
    assertEquals([piped.code, piped.stdout], [0, `Logged in to ${server.url} as ada.\n`]);
    assertEquals((await cli.run(["login", server.url])).code, 0);
    assertEquals((await cli.run(["login", server.url], { stdin: "fx_other" })).code, 77);
    assertEquals((await cli.run(["login", server.url, TOKEN])).code, 64);
    await cli.run(["logout"]);
    for (const stdin of ["", "two words", "fx_\u0007"]) {
      assertEquals((await cli.run(["login", server.url], { stdin })).code, 65);
    }
    assertEquals((await cli.run(["login", "ftp://x"])).code, 64);
    assertEquals((await cli.run(["login"])).code, 64);
  });
});

Deno.test("functions are registered, listed, shown and deleted", async () => {
  await withCli(async (cli) => {
    const source = "def greet(name):\n    return 'hello ' + name\n";
    const file = cli.file("greet.py", source);
    const made = await cli.run([
      "function",
      "register",
      file,
      "--description",
      "says hello",
      "--json",
    ]);
    const { function_id: id, ...rest } = JSON.parse(made.stdout);
    assertEquals(rest, { name: "greet", runtime: "python" });
    const piped = await cli.run(
      ["function", "register", "-", "--runtime", "shell", "--name", "ls"],
      {
        stdin: "ls {folder}",
      },
    );
    assertMatch(piped.stdout, /^[0-9a-f-]{36}\n$/);
    const two = "def a(): pass\ndef b(): pass\n";
    const named = ["function", "register", "-:b", "--runtime", "python", "--json"];
    assertEquals(JSON.parse((await cli.run(named, { stdin: two })).stdout).name, "b");
    await cli.run(["function", "delete", "b"]);

    const listed = JSON.parse((await cli.run(["function", "list", "--json"])).stdout);
    assertEquals(
      listed.map((found: { function_name: string }) => found.function_name),
      ["ls", "greet"],
    );
    assertMatch((await cli.run(["function", "list"])).stdout, /\| greet +\| python +\| ada/);

    const shown = JSON.parse((await cli.run(["function", "show", "greet", "--json"])).stdout);
    assertEquals([shown.function_uuid, shown.entry, shown.source], [id, "greet", source]);
    assertMatch(
      (await cli.run(["function", "show", id])).stdout,
      /description: says hello\n\ndef greet/,
    );

    assertEquals(
      (await cli.run(["function", "delete", "greet"])).stdout,
      `Deleted function ${id}.\n`,
    );
    assertEquals((await cli.run(["function", "show", id])).code, 65);
  });
});

Deno.test("what cannot be a function is refused before it is sent", async () => {
  await withCli(async (cli, server) => {
    const register = async (...args: string[]): Promise<number> =>
      (await cli.run(["function", "register", ...args])).code;
    assertEquals(await register("-"), 64);
    assertEquals(await register(cli.file("two.py", "def a(): pass\ndef b(): pass\n")), 65);
    assertEquals(await register(cli.file("notes.txt", "hello")), 65);
    assertEquals(await register(cli.home), 65);
    assertEquals(await register(cli.file("empty.ts", "")), 65);
    assertEquals(server.seen("registerFunction").length, 0);
  });
});

Deno.test("a task is listed, shown, timed, followed and cancelled", async () => {
  await withCli(async (cli, server) => {
    const file = cli.file("say.sh", "some output");
    const id = (await cli.run(["run", file, "--no-wait"])).stdout.trim();
    await cli.run(["task", "wait", id]);
    assertMatch(
      (await cli.run(["task", "list"])).stdout,
      new RegExp(`\\| ${id} \\| say +\\| default`),
    );
    const list = JSON.parse(
      (await cli.run(["task", "list", "--json", "--status", "success"])).stdout,
    );
    assertEquals([list[0].task_id, list[0].status], [id, "success"]);
    assertEquals(server.seen("listTasks").at(-1)!.query.get("status"), "success");

    const timing = await cli.run(["task", "show", id, "--timing"]);
    assertMatch(timing.stdout, /\| received +\| service +\| +\| [\d:.]+ +\| 2.50 ms /);
    assertMatch(timing.stdout, /\| total /);
    const shown = JSON.parse((await cli.run(["task", "show", id, "--json"])).stdout);
    assertEquals([shown.timeline[0].milliseconds, shown.result.returncode], [2.5, 0]);

    const followed = await cli.run(["task", "show", "-f", id]);
    assertEquals(followed.stdout, "some output");
    assertEquals(followed.stderr, `warned\ntask ${id}: success\n`);

    server.hold();
    const waiting = (await cli.run(["run", file, "--no-wait"])).stdout.trim();
    const cancelled = await cli.run(["task", "cancel", waiting, id, "--json"]);
    assertEquals(JSON.parse(cancelled.stdout), { cancelling: [waiting], finished: [id] });
    const result = await cli.run(["task", "result", waiting]);
    assertEquals(result.code, 1);
    assertMatch(result.stderr, /cancelled/);
    const waited = await cli.run(["task", "wait", id, waiting, "--json"]);
    assertEquals([waited.code, waited.stdout.trim().split("\n").length], [1, 2]);
  });
});

Deno.test("unknown tasks and words that are no ids are told apart", async () => {
  await withCli(async (cli) => {
    assertEquals((await cli.run(["task", "show", UNKNOWN])).code, 65);
    assertEquals((await cli.run(["task", "show", "latest"])).code, 64);
    assertEquals((await cli.run(["task", "list", "--status", "lost"])).code, 64);
  });
});

Deno.test("waiting has an end", async () => {
  await withCli(async (cli, server) => {
    server.hold();
    const file = cli.file("one.js", "export default () => 1;");
    const id = (await cli.run(["run", file, "--no-wait"])).stdout.trim();
    const waited = await cli.run(["task", "wait", id, "--timeout", "0.05"]);
    assertEquals(waited.code, 75);
    assertEquals(server.cancelled, []);
  });
});
