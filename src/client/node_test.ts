/** The client in Node, from version 20 on: bundled, and run by the `node` of this machine. */
import { assertEquals } from "../lib/assert.ts";
import { fromFileUrl, join } from "../lib/path.ts";
import { ContractServer, TOKEN } from "./testing/contract_server.ts";

/** Its major version; 0 where there is none. */
async function nodeVersion(): Promise<number> {
  try {
    const { stdout } = await new Deno.Command("node", { args: ["--version"] }).output();
    return Number(/^v(\d+)/.exec(new TextDecoder().decode(stdout))?.[1] ?? 0);
  } catch (thrown) {
    if (thrown instanceof Deno.errors.NotFound) return 0;
    throw thrown;
  }
}

const PROGRAM = `import { Client, Executor } from "./client.mjs";
const [url, token, endpointId] = process.argv.slice(2);
const executor = new Executor(new Client({ url, token }), endpointId);
console.log(await executor.submit((x) => x * 2, 21));
const squares = [];
for await (const square of executor.map((x) => x * x, [1, 2, 3])) squares.push(square);
console.log(squares.join());
await executor[Symbol.asyncDispose]();
`;

Deno.test({
  name: "the client runs in Node 20 and later",
  ignore: await nodeVersion() < 20,
  fn: async () => {
    await using server = new ContractServer();
    const folder = Deno.makeTempDirSync();
    try {
      const bundle = join(folder, "client.mjs");
      const entry = fromFileUrl(import.meta.resolve("./mod.ts"));
      await run(Deno.execPath(), ["bundle", "--quiet", "--platform=browser", "-o", bundle, entry]);
      const program = join(folder, "program.mjs");
      Deno.writeTextFileSync(program, PROGRAM);
      const said = await run("node", [program, server.url, TOKEN, server.endpointId]);
      assertEquals(said, "42\n1,4,9\n");
    } finally {
      Deno.removeSync(folder, { recursive: true });
    }
  },
});

async function run(command: string, args: readonly string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(command, { args: [...args] }).output();
  assertEquals([success, new TextDecoder().decode(stderr)], [true, ""]);
  return new TextDecoder().decode(stdout);
}
