/** Every command that shows something has a JSON form: one document, or one on each line. */
import { assertEquals, assertTrue } from "../../src/lib/assert.ts";
import { join } from "../../src/lib/path.ts";
import { WORD_COUNT_TS } from "../helpers/functions.ts";
import { processTest } from "../helpers/test_env.ts";

type Document = Record<string, unknown>;

processTest("every command prints JSON with --json", async (env) => {
  const source = env.file("words.ts", WORD_COUNT_TS);
  const document = (args: string[]): Promise<Document> => env.json<Document>(args);
  const list = (args: string[]): Promise<Document[]> => env.json<Document[]>(args);
  const has = (value: Document, ...keys: string[]): void => {
    for (const key of keys) assertTrue(key in value, `${key} in ${JSON.stringify(value)}`);
  };

  // The program, and profiles.
  has(await document(["version"]), "version", "form");
  has(await document(["init"]), "folder", "files");
  has(await document(["configure", "second", "--set", "executor.workersPerNode=1"]), "name");
  has(await document(["validate", "second"]), "name", "valid", "profile");

  // The service and its tokens.
  has(await document(["service", "start"]), "url", "pid");
  has(await document(["service", "status"]), "running", "url");
  const token = await document(["service", "token", "create", "--label", "test"]);
  has(token, "token", "token_id");
  assertTrue(
    (await list(["service", "token", "list"])).some((each) => each.token_id === token.token_id),
  );
  await document(["service", "token", "revoke", String(token.token_id)]);

  // Endpoints.
  has(await document(["start", "second"]), "name", "id", "status");
  has(await document(["status", "second"]), "name", "status", "id");
  has((await list(["list"]))[0], "name", "status", "id");
  for (const line of linesOf((await env.run(["doctor", "second", "--json"])).stdout)) {
    has(JSON.parse(line), "name", "status");
  }

  // The client.
  has(await document(["whoami"]), "user", "service_url", "scopes");
  const registered = await document(["function", "register", `${source}:square`]);
  has(registered, "function_id", "name", "runtime");
  assertEquals((await list(["function", "list"])).length, 1);
  has(await document(["function", "show", "square"]), "function_uuid", "source");
  const ran = await document(["run", "square", "9", "--endpoint", "second"]);
  has(ran, "task_id", "status", "result");
  assertEquals(ran.result, 81);
  const submitted = await document(["run", "square", "9", "--endpoint", "second", "--no-wait"]);
  const task = String(submitted.task_id);
  await env.ok(["task", "wait", task, "--json"]);
  assertEquals((await list(["task", "list"])).length, 2);
  has(await document(["task", "show", task]), "task_id", "status", "timeline");
  has(await document(["task", "show", task, "--timing"]), "task_id");
  assertEquals((await document(["task", "result", task])).result, 81);
  await document(["task", "cancel", task]);
  const mapped = await env.ok(["map", "square", "--endpoint", "second", "--json"], {
    input: "[2]\n[3]\n",
  });
  assertEquals(mapped, "4\n9\n");
  await document(["function", "delete", "square"]);

  // Logging in elsewhere, and the end.
  const file = join(env.home, "token");
  const other = await document(["service", "token", "create"]);
  Deno.writeTextFileSync(file, String(other.token), { mode: 0o600 });
  const { url } = await document(["service", "status"]);
  has(await document(["login", String(url), "--token-file", file]), "user", "service_url");
  await document(["logout"]);
  has(await document(["restart", "second"]), "name", "id");
  for (const line of linesOf(await env.ok(["logs", "second", "--json"]))) JSON.parse(line);
  has(await document(["stop", "second"]), "name", "stopped");
  has(await document(["delete", "second", "--yes"]), "name");
  has(await document(["service", "stop"]), "stopped");
});

processTest("a failure with --json is told on standard error, in the two lines", async (env) => {
  await env.fails(["status", "nobody", "--json"], 65);
});

function linesOf(text: string): string[] {
  return text.trimEnd().split("\n");
}
