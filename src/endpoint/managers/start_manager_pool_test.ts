import { assertEquals, assertTrue } from "../../lib/assert.ts";
import { FuncxError } from "../../contract/errors.ts";
import type { ManagerConnection } from "../../contract/manager_connection.ts";
import { join } from "../../lib/path.ts";
import { portsToTry } from "./start_manager_pool.ts";
import { PoolStage } from "./testing/pool_stage.ts";

Deno.test("the last port is tried first, within the range", () => {
  assertEquals(portsToTry(null, null), [0]);
  assertEquals(portsToTry(7_000, null), [7_000, 0]);
  assertEquals(portsToTry(null, [7_000, 7_002]), [7_000, 7_001, 7_002]);
  assertEquals(portsToTry(7_001, [7_000, 7_002]), [7_001, 7_000, 7_002]);
  assertEquals(portsToTry(9_000, [7_000, 7_001]), [7_000, 7_001]);
});

function connection(path: string): ManagerConnection {
  return JSON.parse(Deno.readTextFileSync(path));
}

Deno.test("the next pool has the same certificate, tokens and port, or says where it is", async () => {
  await using stage = await PoolStage.start();
  const path = stage.block();
  const first = connection(path);
  await stage.pool.close();
  await stage.startPool();
  assertEquals(connection(path), first);
  await stage.pool.close();
  const taken = Deno.listen({ hostname: "127.0.0.1", port: first.port });
  await stage.startPool();
  taken.close();
  const moved = connection(path);
  assertTrue(moved.port !== first.port);
  assertEquals({ ...moved, port: 0 }, { ...first, port: 0 });
});

Deno.test("a block ends although that cannot be written, and the next change carries it", async () => {
  await using stage = await PoolStage.start();
  const child = await stage.attached();
  const folder = join(stage.folder, "managers");
  Deno.renameSync(folder, `${folder}.away`);
  Deno.writeTextFileSync(folder, "");
  stage.access.ended("block-1", "it is over");
  assertEquals(stage.pool.managers, []);
  assertEquals((await child.status).code, 77);
  Deno.removeSync(folder);
  Deno.renameSync(`${folder}.away`, folder);
  const blocks = (): string[] =>
    Object.keys(JSON.parse(Deno.readTextFileSync(join(folder, "link.json"))).blocks);
  assertEquals(blocks(), ["block-1"]);
  stage.block("block-2");
  assertEquals(blocks(), ["block-2"]);
});

Deno.test("a range of ports that are taken is an error that names the profile's key", async () => {
  const taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = taken.addr as Deno.NetAddr;
  const folder = Deno.makeTempDirSync({ prefix: "funcx-pool-" });
  const address = { kind: "address", address: "127.0.0.1" } as const;
  const link = { address, portRange: [port, port], reattachSeconds: 1 } as const;
  let failure: unknown;
  try {
    await PoolStage.start({ executor: { link }, folder });
  } catch (thrown) {
    failure = thrown;
  }
  taken.close();
  Deno.removeSync(folder, { recursive: true });
  assertTrue(failure instanceof FuncxError && failure.code === "START_FAILED");
  assertTrue(failure.hint!.includes("executor.portRange"));
});
