/** The executable itself: its form, its size, and the machines that it has to run on. */
import { assertEquals, assertMatch, assertTrue } from "../../src/lib/assert.ts";
import { join } from "../../src/lib/path.ts";
import { VERSION } from "../../src/lib/version.ts";
import { BINARY, isPortable } from "../helpers/binary.ts";
import { processTest, type TestEnv } from "../helpers/test_env.ts";

const MAX_COMPILED_BYTES = 110e6;
const MAX_PORTABLE_BYTES = 45e6;

processTest("version tells the version and the form of the program", async (env) => {
  assertEquals(await env.ok(["--version"]), `${VERSION}\n`);
  const form = isPortable() ? "portable" : "compiled";
  assertMatch(await env.ok(["version"]), new RegExp(`${VERSION} \\(${form}\\)`));
  assertEquals((await env.json<{ form: string }>(["version"])).form, form);
});

Deno.test("the executable is as small as was promised", () => {
  const limit = isPortable() ? MAX_PORTABLE_BYTES : MAX_COMPILED_BYTES;
  const { size } = Deno.statSync(BINARY);
  assertTrue(size <= limit, `${size} bytes`);
});

processTest(
  "it runs from a read-only folder, through a link, with spaces in every path",
  async (env) => {
    const folder = join(env.root, "read only");
    Deno.mkdirSync(folder);
    const binary = join(folder, "funcx endpoint");
    Deno.copyFileSync(BINARY, binary);
    Deno.chmodSync(binary, 0o555);
    Deno.chmodSync(folder, 0o555);
    const link = join(env.home, "a link");
    Deno.symlinkSync(binary, link);
    for (const path of [binary, link]) {
      assertEquals(await env.ok(["--version"], { binary: path }), `${VERSION}\n`);
    }
    Deno.chmodSync(folder, 0o755);
  },
  { homeName: "a home with spaces" },
);

/** Each test of the portable form unpacks by itself, into its own scratch folders. */
function portableTest(name: string, body: (env: TestEnv) => Promise<void>): void {
  processTest(`portable: ${name}`, body, { homeName: "my home", ignore: !isPortable() });
}

/** Takes the shared unpack folder away, so that the usual cache folders are used. */
const OWN_CACHE = { FUNCX_CACHE_DIR: "" };

portableTest("two first runs at once leave one unpacked program", async (env) => {
  const runs = await Promise.all(
    [1, 2, 3].map(() => env.ok(["--version"], { env: OWN_CACHE })),
  );
  assertEquals(runs, [`${VERSION}\n`, `${VERSION}\n`, `${VERSION}\n`]);
  const cache = join(env.home, ".cache", "funcx-endpoint");
  const unpacked = [...Deno.readDirSync(cache)].map((entry) => entry.name);
  assertEquals(unpacked.length, 1);
  assertMatch(unpacked[0], /^[0-9a-f]{16}$/);
  assertEquals(modeOf(join(cache, unpacked[0])), 0o700);
  const inside = [...Deno.readDirSync(join(cache, unpacked[0]))].map((entry) => entry.name).sort();
  assertEquals(inside, ["app", "deno", "used", "user"]);
});

portableTest("a cache folder that cannot be used gives way to another", async (env) => {
  env.file(".cache", "not a folder");
  const runtime = join(env.root, "runtime");
  Deno.mkdirSync(runtime, { mode: 0o700 });
  const version = await env.ok(["--version"], { env: { ...OWN_CACHE, XDG_RUNTIME_DIR: runtime } });
  assertEquals(version, `${VERSION}\n`);
  assertTrue(Deno.statSync(join(runtime, "funcx-endpoint")).isDirectory);
});

portableTest("without any cache folder it says what to do", async (env) => {
  const blocked = env.file("blocked", "not a folder");
  const { code, stderr } = await env.run(["--version"], {
    env: { FUNCX_CACHE_DIR: join(blocked, "cache") },
  });
  assertEquals(code, 77);
  assertMatch(stderr, /cannot unpack itself:\n {4}\/.*blocked\/cache: .*Not a directory/);
  assertMatch(stderr, /export FUNCX_CACHE_DIR=/);
});

portableTest("a file that was cut short is not run, and leaves nothing", async (env) => {
  const half = join(env.root, "half");
  Deno.copyFileSync(BINARY, half);
  Deno.truncateSync(half, 30_000_000);
  const { code, stderr } = await env.run(["--version"], {
    binary: half,
    env: { FUNCX_CACHE_DIR: join(env.root, "cache") },
  });
  assertEquals(code, 65);
  assertMatch(stderr, /half is damaged: .*end of file/);
  assertEquals([...Deno.readDirSync(join(env.root, "cache"))], []);
});

portableTest("a file for another machine says so", async (env) => {
  const foreign = join(env.root, "foreign");
  const machine = new TextDecoder("latin1").decode(Deno.readFileSync(BINARY).subarray(0, 8_000))
    .match(/this file is for ([\w ]+),/)?.[1] ?? "";
  const changed = "Linux riscv64".padEnd(machine.length).slice(0, machine.length);
  Deno.writeFileSync(foreign, replaceInStub(Deno.readFileSync(BINARY), machine, changed));
  Deno.chmodSync(foreign, 0o755);
  const { code, stderr } = await env.run(["--version"], {
    binary: foreign,
    env: { FUNCX_CACHE_DIR: join(env.root, "cache") },
  });
  assertEquals(code, 78);
  assertMatch(stderr, /this machine is /);
});

portableTest("versions that nobody has started for long are removed", async (env) => {
  const cache = join(env.root, "cache");
  for (let age = 1; age <= 5; age++) {
    const folder = join(cache, `000000000000000${age}`);
    Deno.mkdirSync(folder, { recursive: true });
    Deno.writeTextFileSync(join(folder, "used"), "");
    const then = Date.now() / 1_000 - age * 30 * 24 * 3_600;
    Deno.utimeSync(join(folder, "used"), then, then);
  }
  await env.ok(["--version"], { env: { FUNCX_CACHE_DIR: cache } });
  const kept = [...Deno.readDirSync(cache)].map((entry) => entry.name)
    .filter((name) => name.startsWith("000")).sort();
  assertEquals(kept, ["0000000000000001", "0000000000000002", "0000000000000003"]);
});

function modeOf(path: string): number {
  return (Deno.statSync(path).mode ?? 0) & 0o777;
}

/** Both texts have the same length, so that the places of what follows the stub stay right. */
function replaceInStub(
  bytes: Uint8Array<ArrayBuffer>,
  from: string,
  to: string,
): Uint8Array<ArrayBuffer> {
  const decoder = new TextDecoder("latin1");
  const stub = decoder.decode(bytes.subarray(0, 8_000)).replaceAll(from, to);
  bytes.set(Uint8Array.from(stub, (character) => character.charCodeAt(0)));
  return bytes;
}
