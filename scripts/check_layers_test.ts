import { assertEquals } from "../src/lib/assert.ts";
import { checkSource } from "./check_layers.ts";

function rulesBroken(path: string, text: string): string[] {
  return checkSource({ path, text }).map((problem) => `${problem.line} ${problem.rule}`);
}

Deno.test("each part imports only what lies below it", () => {
  assertEquals(rulesBroken("src/endpoint/daemon.ts", 'import { a } from "../service/app.ts";\n'), [
    "1 endpoint does not import service (may import: lib, contract, profile)",
  ]);
  assertEquals(
    rulesBroken("src/lib/async.ts", 'import type {\n  A,\n} from "../contract/ids.ts";'),
    [
      "3 lib does not import contract (may import: nothing)",
    ],
  );
  assertEquals(rulesBroken("src/cli/app.ts", 'const a = await import("../service/app.ts");'), []);
  assertEquals(rulesBroken("src/profile/resolve.ts", 'export * from "../lib/path.ts";'), []);
});

Deno.test("sources import neither scripts nor tests, and packages only by their bare name", () => {
  assertEquals(rulesBroken("src/cli/app.ts", 'import "../../tests/helpers/x.ts";'), [
    "1 src does not import tests/helpers/x.ts",
  ]);
  assertEquals(rulesBroken("src/cli/app.ts", 'import { a } from "npm:hono";'), [
    "1 npm:hono is named in deno.json and imported by its bare name",
  ]);
  assertEquals(rulesBroken("src/service/app.ts", 'import { pack } from "msgpackr";'), [
    "1 only src/contract/protocol/codec.ts imports msgpackr",
  ]);
});

Deno.test("the client needs neither Deno nor Node", () => {
  assertEquals(rulesBroken("src/client/client.ts", 'import { x } from "node:fs";\nDeno.cwd();'), [
    "1 client runs in browsers: no node:fs",
    "2 client runs in browsers: no Deno namespace",
  ]);
  assertEquals(rulesBroken("src/client/client_test.ts", "Deno.test();"), []);
});

Deno.test("only main.ts ends the process, and text for others is not taken for code", () => {
  assertEquals(rulesBroken("src/cli/app.ts", "\nDeno.exit(1);"), [
    "2 Deno.exit is called in main.ts only",
  ]);
  assertEquals(rulesBroken("main.ts", "Deno.exit(1);"), []);
  assertEquals(
    rulesBroken("src/cli/app.ts", "// Deno.exit(1)\nconst a = `\nexport default 1`;"),
    [],
  );
});
