/** Every command has a JSON form, with the fields that the README's table promises. */
import { assertEquals, assertTrue } from "../../src/lib/assert.ts";
import { join } from "../../src/lib/path.ts";
import { WORD_COUNT_TS } from "../helpers/functions.ts";
import { documentedFields } from "../helpers/readme.ts";
import { processTest, type TestEnv } from "../helpers/test_env.ts";

type Document = Record<string, unknown>;

/** Runs commands with `--json` and holds what they print against the README. */
class Checked {
  readonly #env: TestEnv;

  constructor(env: TestEnv) {
    this.#env = env;
  }

  /** One document; `args` are `command` and what comes after it. */
  async document(command: string, ...args: string[]): Promise<Document> {
    const document = await this.#env.json<Document>([...command.split(" "), ...args]);
    check(command, document);
    return document;
  }

  async array(command: string, ...args: string[]): Promise<Document[]> {
    const documents = await this.#env.json<Document[]>([...command.split(" "), ...args]);
    assertTrue(Array.isArray(documents) && documents.length > 0, `${command} gives an array`);
    for (const document of documents) check(command, document);
    return documents;
  }

  async lines(command: string, ...args: string[]): Promise<Document[]> {
    const { stdout } = await this.#env.run([...command.split(" "), ...args, "--json"]);
    const documents = stdout.trimEnd().split("\n").map((line): Document => JSON.parse(line));
    for (const document of documents) check(command, document);
    return documents;
  }
}

function check(command: string, document: Document): void {
  for (const alternatives of documentedFields(command)) {
    assertTrue(
      alternatives.some((field) => field in document),
      `${command} has no ${alternatives.join(" or ")}: ${JSON.stringify(document)}`,
    );
  }
}

processTest("the program, profiles and the service print JSON", async (env) => {
  const checked = new Checked(env);
  await checked.document("version");
  await checked.document("init");
  await checked.document("configure", "second", "--set", "executor.workersPerNode=1");
  await checked.document("validate", "second");
  await checked.document("start --dry-run", "second");
  await checked.array("sites");
  Deno.writeTextFileSync(join(env.state, "default", "config.ts"), "export default { colour: 1 };");
  const invalid = await env.run(["validate", "--json"]);
  assertEquals(invalid.code, 78);
  check("validate", JSON.parse(invalid.stdout));
  await env.ok(["init", "--force"]);

  const { url } = await checked.document("service start");
  assertEquals((await checked.document("service status")).url, url);
  const token = await checked.document("service token create", "--label", "test");
  const tokens = await checked.array("service token list");
  assertTrue(tokens.some((each) => each.token_id === token.token_id && !("token" in each)));
  await checked.document("service token revoke", String(token.token_id));
  await checked.lines("service logs");

  const other = await checked.document("service token create");
  const file = env.file("token", String(other.token));
  await checked.document("login", String(url), "--token-file", file);
  await checked.document("whoami");
  await checked.document("logout");
  await checked.document("service stop");
  assertEquals((await checked.document("service stop")).stopped, false);
});

processTest("endpoints print JSON", async (env) => {
  const checked = new Checked(env);
  assertEquals((await checked.document("start", "second")).created, true);
  const started = await checked.document("start", "second");
  assertEquals((await checked.array("list")).map(({ id }) => id), [started.id]);
  await checked.document("status", "second");
  await checked.lines("doctor", "second");
  await checked.document("restart", "second");
  await checked.lines("logs", "second");
  await checked.document("stop", "second");
  assertEquals((await checked.document("stop", "second")).stopped, false);
  const all = await env.json<Document[]>(["stop", "--all"]);
  all.forEach((each) => check("stop", each));
  await checked.document("delete", "second", "--yes");
});

processTest("functions and tasks print JSON", async (env) => {
  const checked = new Checked(env);
  const source = env.file("words.ts", WORD_COUNT_TS);
  await env.ok(["start"]);
  const { function_id } = await checked.document("function register", `${source}:square`);
  assertEquals((await checked.array("function list")).map((each) => each.function_uuid), [
    function_id,
  ]);
  await checked.document("function show", "square");

  const ran = await checked.document("run", "square", "9");
  assertEquals(ran.result, 81);
  const failed = await env.run(["run", `${source}:fail`, "far", "--json"]);
  assertEquals(failed.code, 1);
  check("run", JSON.parse(failed.stdout));
  const submitted = await checked.document("run --no-wait", "square", "9");
  const task = String(submitted.task_id);
  assertEquals((await checked.lines("task wait", task)).map(({ status }) => status), ["success"]);
  assertEquals((await checked.array("task list")).length, 3);
  await checked.document("task show", task);
  await checked.document("task show", task, "--timing");
  assertEquals((await checked.document("task result", task)).result, 81);
  assertEquals((await checked.document("task cancel", task)).finished, [task]);
  assertEquals(await env.ok(["map", "square", "--json"], { input: "[2]\n[3]\n" }), "4\n9\n");
  await checked.document("function delete", "square");
});

processTest("a failure with --json is told on standard error, in the two lines", async (env) => {
  await env.fails(["status", "nobody", "--json"], 65);
});
