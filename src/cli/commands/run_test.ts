import { assertEquals, assertMatch, assertTrue } from "../../lib/assert.ts";
import { ContractServer, endpointRecord, TOKEN } from "../../client/testing/contract_server.ts";
import { refusal } from "../../client/testing/answers.ts";
import { readBuffer, unpack } from "../../contract/envelope.ts";
import { CapturedCli } from "../testing/captured_cli.ts";

interface Fixture extends AsyncDisposable {
  readonly server: ContractServer;
  readonly cli: CapturedCli;
}

function fixture(): Fixture {
  const server = new ContractServer();
  const tokenFile = Deno.makeTempFileSync();
  Deno.writeTextFileSync(tokenFile, `${TOKEN}\n`);
  const cli = new CapturedCli({ FUNCX_SERVICE_URL: server.url, FUNCX_TOKEN_FILE: tokenFile });
  return {
    server,
    cli,
    [Symbol.asyncDispose]: async () => {
      Deno.removeSync(tokenFile);
      cli[Symbol.dispose]();
      await server[Symbol.asyncDispose]();
    },
  };
}

Deno.test("run prints a string as it is, and other values as JSON", async () => {
  await using test = fixture();
  const file = test.cli.file("pick.js", "export default (...words) => words.at(-1);");
  for (
    const [words, printed] of [
      [["hello world"], "hello world\n"],
      [["2"], "2\n"],
      [['{"a": [1]}'], '{"a":[1]}\n'],
      [["x", "--", "-1"], "-1\n"],
      [["null"], "null\n"],
    ] as const
  ) {
    const { code, stdout, stderr } = await test.cli.run(["run", file, ...words]);
    assertEquals([code, stdout, stderr], [0, printed, ""]);
  }
  assertEquals(test.server.seen("registerFunction").length, 1);
});

/** A function of Python, whose worker writes numbers as JavaScript would not. */
const NUMBERS = '{"half": 2.0,\n "long": 1152921504606846976}';

Deno.test("numbers reach the function as they are typed", async () => {
  await using test = fixture();
  const file = test.cli.file("one.js", "export default () => 1;");
  const typed = ["9007199254740993", "2.0", '[{"a":-0.0}]', "7", "text"];
  await test.cli.run(["run", file, ...typed, "--kwargs", '{"b":1e400}']);
  await test.cli.run(["map", file], { stdin: `[${typed.slice(0, 4).join(",")}]\n{"b":2.0}\n` });
  const sent = test.server.seen("submit").flatMap(({ body }) =>
    Object.values((body as { tasks: Record<string, string[]> }).tasks).flat()
  );
  assertEquals(sent.map((payload) => unpack(payload).map((buffer) => readBuffer(buffer).body)), [
    ['[9007199254740993,2.0,[{"a":-0.0}],7,"text"]', '{"b":1e400}'],
    ['[9007199254740993,2.0,[{"a":-0.0}],7]', "{}"],
    ["[]", '{"b":2.0}'],
  ]);
  for (const [args, stdin] of [[["run", file, "--kwargs", "2.0"]], [["map", file], "2.0\n"]]) {
    const { code, stderr } = await test.cli.run(args as string[], { stdin: stdin as string });
    assertEquals(code, 65);
    assertMatch(stderr, /is a number, not an/);
  }
});

Deno.test("numbers of a result are given as the worker wrote them", async () => {
  await using test = fixture();
  const { cli, server } = test;
  const file = cli.file("one.js", "export default () => 1;");
  server.writes(NUMBERS);
  const compact = NUMBERS.replaceAll(/\s/g, "");
  const ran = await cli.run(["run", file, "--json"]);
  assertMatch(ran.stdout, new RegExp(`"result":${compact},`));
  const { task_id } = JSON.parse(ran.stdout);
  for (const command of ["result", "show"]) {
    const { stdout } = await cli.run(["task", command, task_id, "--json"]);
    assertMatch(stdout, new RegExp(`"result":${compact},`));
  }
  const mapped = await cli.run(["map", file], { stdin: "[]\n[]\n" });
  assertEquals(mapped.stdout, `${NUMBERS.replace("\n", " ")}\n`.repeat(2));
  assertEquals((await cli.run(["run", file])).stdout, `${NUMBERS}\n`);
});

Deno.test("run takes an id and a name, and keyword arguments", async () => {
  await using test = fixture();
  const file = test.cli.file("greet.ts", "export const greet = (a, { b }) => `${a} ${b}`;");
  const registered = await test.cli.run(["function", "register", file]);
  const id = registered.stdout.trim();
  for (const fn of [id, id.toUpperCase(), "greet"]) {
    const { stdout } = await test.cli.run(["run", fn, "1", "--kwargs", '{"b": 2}']);
    assertEquals(stdout, "1 2\n");
  }
});

Deno.test("a remote exception gives its traceback, two lines and code 1", async () => {
  await using test = fixture();
  const file = test.cli.file("bad.js", "export default () => { throw new RangeError('too far'); }");
  const { code, stdout, stderr } = await test.cli.run(["run", file]);
  assertEquals([code, stdout], [1, ""]);
  assertMatch(
    stderr,
    /^out\nerr\nRangeError: too far\n {4}at [^]*\nerror: RangeError: too far\nhint: .*\n$/,
  );
  const json = await test.cli.run(["run", file, "--json"]);
  const document = JSON.parse(json.stdout);
  assertEquals(
    [json.code, json.stderr, document.status, document.error.type, document.stderr],
    [1, "", "failed", "RangeError", "err\n"],
  );
});

Deno.test("a shell function's streams go where they belong, and its code is told", async () => {
  await using test = fixture();
  const file = test.cli.file("say.sh", "hello {name}");
  const said = await test.cli.run(["run", file, "--kwargs", '{"name": "ada"}']);
  assertEquals([said.code, said.stdout, said.stderr], [0, "hello ada", "warned\n"]);
  const failing = test.cli.file("fail.sh", "half done; exit 3");
  const failed = await test.cli.run(["run", failing]);
  assertEquals([failed.code, failed.stdout], [1, "half done; exit 3"]);
  assertMatch(failed.stderr, /^warned\nerror: .* code 3 .*\nhint: .*\n$/);
});

Deno.test("--no-wait prints the task's id, and the result is fetched later", async () => {
  await using test = fixture();
  test.server.hold();
  const file = test.cli.file("two.js", "export default () => 2;");
  const { code, stdout } = await test.cli.run(["run", file, "--no-wait"]);
  const id = stdout.trim();
  assertEquals(code, 0);
  const early = await test.cli.run(["task", "result", id]);
  assertEquals([early.code, early.stdout], [75, ""]);
  assertMatch(early.stderr, /has not ended/);
  await test.server.release();
  assertEquals((await test.cli.run(["task", "wait", id])).stdout, `${id} success\n`);
  assertEquals((await test.cli.run(["task", "result", id])).stdout, "2\n");
});

Deno.test("--priority goes with each task, and is a whole number from -100 to 100", async () => {
  await using test = fixture();
  const file = test.cli.file("two.js", "export default () => 2;");
  const input = test.cli.file("lines", "[]\n[]\n");
  await test.cli.run(["run", file, "--priority", "-100"]);
  await test.cli.run(["map", file, "-i", input, "--priority", "7"]);
  const sent = test.server.seen("submit").map(({ body }) =>
    (body as { priority: number }).priority
  );
  assertEquals(new Set(sent), new Set([-100, 7]));
  for (const wrong of ["101", "-101", "1.5", "high", ""]) {
    const { code, stderr } = await test.cli.run(["run", file, "--priority", wrong]);
    assertEquals(code, 64);
    assertMatch(stderr, /whole number from -100 to 100/);
  }
});

Deno.test("--timeout cancels the task and says so", async () => {
  await using test = fixture();
  test.server.hold();
  const file = test.cli.file("slow.js", "export default () => 2;");
  const { code, stderr } = await test.cli.run(["run", file, "--timeout", "0.05"]);
  assertEquals(code, 75);
  assertMatch(stderr, /task .* is cancelled\nerror: task .* did not finish in time/);
  assertEquals(test.server.cancelled.length, 1);
});

/** As of a service that does not answer for longer than a request is repeated. */
const away = (): Response => refusal("SERVICE_BUSY", "too busy", { "retry-after": "3600" });

Deno.test("a service that is away for long costs no task, and is told once", async () => {
  await using test = fixture();
  const { cli, server } = test;
  server.hold();
  server.script("followTask", away, away, away);
  const file = cli.file("slow.js", "export default () => 2;");
  const running = cli.run(["run", file]);
  await Promise.race([running, server.until(() => server.seen("followTask").length === 4)]);
  await server.release();
  const { code, stdout, stderr } = await running;
  assertEquals([code, stdout, server.cancelled.length], [0, "2\n", 0]);
  assertMatch(stderr, /^warning: .*too busy.*; still waiting, and what runs goes on\n$/);

  const { task_id } = JSON.parse((await cli.run(["run", file, "--json"])).stdout);
  server.script("followTask", away);
  const waited = await cli.run(["task", "wait", task_id]);
  assertEquals([waited.code, waited.stdout], [0, `${task_id} success\n`]);
  assertMatch(waited.stderr, /still waiting/);
});

Deno.test("a task whose end cannot be waited for is left alone", async () => {
  await using test = fixture();
  const { cli, server } = test;
  server.hold();
  server.script("followTask", () => refusal("INVALID_AUTH_TOKEN", "the token was revoked"));
  const { code, stderr } = await cli.run(["run", cli.file("slow.js", "export default () => 2;")]);
  assertEquals([code, server.cancelled.length], [77, 0]);
  assertMatch(stderr, /task (\S+) is not cancelled: .*`funcx-endpoint task wait \1`.*\nerror: /);
});

Deno.test("the endpoint is the named one, the default one or the only one", async () => {
  await using test = fixture();
  const { cli, server } = test;
  const file = cli.file("one.js", "export default () => 1;");
  const used = () => server.seen("submit").at(-1)!.params.endpoint_id;
  server.endpoints.push(endpointRecord("gpu", { status: "offline" }));
  const [first, gpu] = server.endpoints;
  await cli.run(["run", file]);
  assertEquals(used(), first!.uuid);
  const away = await cli.run(["run", file, "--endpoint", "gpu"]);
  assertEquals(used(), gpu!.uuid);
  assertMatch(away.stderr, /gpu is not online/);
  await cli.run(["run", file, "-e", gpu!.uuid]);
  assertEquals(used(), gpu!.uuid);
  const unknown = await cli.run(["run", file, "--endpoint", "tpu"]);
  assertEquals(unknown.code, 65);
  assertMatch(unknown.stderr, /no endpoint "tpu"/);
  server.endpoints.push(endpointRecord("gpu"));
  const ambiguous = await cli.run(["run", file, "--endpoint", "gpu"]);
  assertEquals(ambiguous.code, 64);
  assertTrue(ambiguous.stderr.includes(gpu!.uuid));
});

Deno.test("what others share is not taken for one's own", async () => {
  await using test = fixture();
  const { cli, server } = test;
  const file = cli.file("one.js", "export default () => 1;");
  const used = (): string => server.seen("submit").at(-1)!.params.endpoint_id!;
  const shared = endpointRecord("shared", { owner: "bob", public: true });
  server.endpoints.splice(0, 1, endpointRecord("default", { owner: "bob" }), shared);
  const implicit = await cli.run(["run", file]);
  assertEquals(implicit.code, 65);
  assertMatch(implicit.stderr, /no endpoint of yours/);
  await cli.run(["run", file, "--endpoint", "shared"]);
  assertEquals(used(), shared.uuid);
  server.endpoints.push(endpointRecord("shared"));
  await cli.run(["run", file, "--endpoint", "shared"]);
  assertEquals(used(), server.endpoints.at(-1)!.uuid);

  const { stdout } = await cli.run(["function", "register", file, "--name", "theirs"]);
  server.give(stdout.trim(), "bob");
  const foreign = await cli.run(["run", "theirs"]);
  assertEquals(foreign.code, 65);
  assertTrue(foreign.stderr.includes(`${stdout.trim()} (bob)`));
});

Deno.test("exit codes tell bad input, refused requests and a service that is away", async () => {
  await using test = fixture();
  const { cli, server } = test;
  const file = cli.file("one.js", "export default () => 1;");
  const exits: number[] = [];
  const exit = async (...args: string[]): Promise<void> => {
    const { code, stderr } = await cli.run(args);
    assertMatch(stderr, /^error: .+\nhint: .+\n$/);
    exits.push(code);
  };
  await exit("run");
  await exit("run", "nosuch");
  await exit("run", "nosuch.ts");
  await exit("run", file, "--kwargs", "[1]");
  await exit("run", cli.file("import.ts", 'import x from "npm:x";\nexport default x;'));
  server.script("submit", () => refusal("FUNCTION_NOT_PERMITTED", "not here"));
  await exit("run", file);
  assertEquals(exits, [64, 65, 65, 65, 65, 77]);

  const url = server.url;
  await server[Symbol.asyncDispose]();
  const away = await cli.run(["run", file]);
  assertEquals(away.code, 69);
  assertEquals((await cli.run(["task", "wait", server.endpointId])).code, 69);
  assertTrue(away.stderr.includes(url) && /refused/.test(away.stderr));
});

Deno.test("map writes results in the order of the input", async () => {
  await using test = fixture();
  const { cli } = test;
  const file = cli.file("sum.js", "export default (a, b) => a + (b.c ?? b);");
  const lines = Array.from({ length: 2_500 }, (_, index) => `[${index}, 1]`);
  const { code, stdout, stderr } = await cli.run(["map", file], {
    stdin: `${lines.join("\n")}\n\n[0, {"c": 5}]`,
  });
  assertEquals([code, stderr], [0, ""]);
  assertEquals(stdout.trimEnd().split("\n"), [...lines.map((_, index) => `${index + 1}`), "5"]);
});

Deno.test("map fills a shell template from objects, and gives code and streams", async () => {
  await using test = fixture();
  const { cli } = test;
  const input = cli.file("names.jsonl", '{"name": "ada"}\n{"name": "bob"}\n');
  const { stdout } = await cli.run(["map", cli.file("hi.sh", "hi {name}"), "--input", input]);
  assertEquals(stdout.trimEnd().split("\n").map((line) => JSON.parse(line)), [
    { returncode: 0, stdout: "hi ada", stderr: "warned\n" },
    { returncode: 0, stdout: "hi bob", stderr: "warned\n" },
  ]);
});

Deno.test("the first failure ends a map, or its line has the error", async () => {
  await using test = fixture();
  const { cli, server } = test;
  const file = cli.file(
    "odd.js",
    "export default (x) => { if (x % 2 === 0) throw new Error('even'); return x; }",
  );
  const stdin = "[1]\n[2]\n[3]\n";
  const stopped = await cli.run(["map", file], { stdin });
  assertEquals([stopped.code, stopped.stdout], [1, "1\n"]);
  assertMatch(stopped.stderr, /\nerror: Error: even\nhint: /);
  const written = await cli.run(["map", file, "--on-error", "write"], { stdin: `${stdin}{\n` });
  assertEquals(written.code, 1);
  const [one, two, three, four] = written.stdout.trimEnd().split("\n").map((line) =>
    JSON.parse(line)
  );
  assertEquals([one, two.error.type, two.error.message, three], [1, "Error", "even", 3]);
  assertEquals(four.error.code, "INPUT_INVALID");
  assertMatch(written.stderr, /2 of the tasks failed/);
  const bad = await cli.run(["map", file], { stdin: "[1]\n2\n[3]\n" });
  assertEquals([bad.code, bad.stdout], [65, "1\n"]);
  assertMatch(bad.stderr, /line 2 is a number/);
  assertEquals(server.unfinished, 0);
});

Deno.test("a map of a command that fails has failed, and its line is what came of it", async () => {
  await using test = fixture();
  const { cli, server } = test;
  const file = cli.file("end.sh", "exit {code}");
  const stdin = '{"code": 0}\n{"code": 3}\n{"code": 0}\n';
  const codes = (stdout: string): number[] =>
    stdout.trimEnd().split("\n").map((line) => JSON.parse(line).returncode);
  const stopped = await cli.run(["map", file], { stdin });
  assertEquals([stopped.code, codes(stopped.stdout)], [1, [0, 3]]);
  assertMatch(stopped.stderr, /^error: the shell function ended with code 3 .*\nhint: .*\n$/);
  const written = await cli.run(["map", file, "--on-error", "write"], { stdin });
  assertEquals([written.code, codes(written.stdout)], [1, [0, 3, 0]]);
  assertMatch(written.stderr, /^warning: 1 of the tasks failed; .*\n$/);
  assertEquals(server.unfinished, 0);
});

Deno.test("a reader that goes away ends a map quietly, and cancels what is on its way", async () => {
  await using test = fixture();
  const { cli, server } = test;
  const file = cli.file("same.js", "export default (x) => x;");
  const stdin = Array.from({ length: 5_000 }, (_, index) => `[${index}]`).join("\n");
  const { code, stdout, stderr } = await cli.run(["map", file], { stdin, linesTaken: 10 });
  assertEquals([code, stderr], [0, ""]);
  assertEquals(stdout.split("\n").length, 11);
  assertEquals(server.unfinished, 0);
});
