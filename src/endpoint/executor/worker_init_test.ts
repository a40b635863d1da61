import { assertEquals, assertMatch } from "../../lib/assert.ts";
import { executorIn } from "../managers/testing/pool_stage.ts";
import { tryWorkerInit } from "./worker_init.ts";

async function why(workerInit: string, patience?: number): Promise<string | null> {
  const executor = { ...executorIn("/tmp", { workerInit }), workingFolder: "/tmp" };
  return (await tryWorkerInit(executor, "test", patience))?.message ?? null;
}

Deno.test("what ends the shell, or fails last with words, is a failure in these words", async () => {
  assertMatch(
    (await why("echo no such module >&2; exit 3"))!,
    /^workerInit failed on node \S+, run by \/bin\/sh: its shell ended with status 3 .*: no such/,
  );
  assertMatch((await why("exit 0"))!, /its shell ended with status 0 before the last line$/);
  assertMatch((await why(". /no/such/venv/bin/activate"))!, /\/no\/such\/venv\/bin\/activate/);
  assertMatch((await why("source /no/such/venv/bin/activate"))!, /source|no\/such/);
  assertMatch(
    (await why("set -e\nno_such_module_command load x\ntrue"))!,
    /no_such_module_command/,
  );
  assertMatch(
    (await why("no_such_module_command load x"))!,
    /its last line failed with status 127/,
  );
  assertMatch((await why("if true; then"))!, /before the last line: .*yntax/);
});

Deno.test("what takes too long is ended, and a failure", async () => {
  assertMatch((await why("sleep 1000", 100))!, /it did not end within 0.1 s$/);
});

Deno.test("lines before the last one, and a quiet status, decide nothing", async () => {
  assertEquals(await why(""), null);
  assertEquals(await why("export A=1\necho hello >&2"), null);
  assertEquals(await why("no_such_module_command\ntrue"), null);
  assertEquals(await why("test -d /no/such && export A=1"), null);
  assertEquals(await why("true # a comment"), null);
});

Deno.test("an endpoint whose workers do not run it is not kept by it", async () => {
  const executor = executorIn("/tmp", { workerInit: "exit 3", workingFolder: "/tmp" });
  const runtimes = { ...executor.runtimes, python: null, shell: null };
  assertEquals(await tryWorkerInit({ ...executor, runtimes }, "test"), null);
});
