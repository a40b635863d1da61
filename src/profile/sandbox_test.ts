import { assertEquals, assertMatch, assertTrue } from "../lib/assert.ts";
import type { Outcome } from "../lib/outcome.ts";
import { dirname, join } from "../lib/path.ts";
import type { ProfileFailure } from "./failure.ts";
import { evaluateProfile, type Evaluation } from "./sandbox.ts";
import { siteFacts } from "./site.ts";
import { environment, ScratchHome } from "./testing/scratch_home.ts";

const env = environment({ PATH: "/usr/bin:/bin", HOME: "/home/ada", PARTITION: "gpu" });

async function evaluate(
  file: string,
  timeout?: number,
): Promise<Outcome<Evaluation, ProfileFailure>> {
  return await evaluateProfile({ file, env, site: siteFacts("default", env), timeout });
}

async function valueOf(config: string, files?: Record<string, string>): Promise<unknown> {
  using scratch = new ScratchHome();
  const outcome = await evaluate(scratch.profile("default", config, files));
  assertTrue(outcome.kind === "ok", JSON.stringify(outcome));
  return outcome.value.value;
}

async function failureOf(
  config: string,
  options: { readonly files?: Record<string, string>; readonly timeout?: number } = {},
): Promise<ProfileFailure> {
  using scratch = new ScratchHome();
  const file = scratch.profile("default", config, options.files);
  const outcome = await evaluate(file, options.timeout);
  assertTrue(outcome.kind === "fatal", JSON.stringify(outcome));
  return outcome.failure;
}

const TYPES = 'import type { Profile, Site } from "../profile.d.ts";\n';

// -- what works --------------------------------------------------------------------------------------

Deno.test("a plain object and a function of the site are profiles", async () => {
  assertEquals(await valueOf(`${TYPES}export default { public: true } satisfies Profile;`), {
    public: true,
  });
  const config = `${TYPES}export default (site: Site): Profile => ({ displayName: site.name });`;
  assertEquals(await valueOf(config), { displayName: "default" });
});

Deno.test("modules and data of the profile's folder can be imported, files of it read", async () => {
  const config = `
    import { name } from "./names.ts";
    import ids from "./ids.json" with { type: "json" };
    const text = Deno.readTextFileSync(new URL("./notes.txt", import.meta.url));
    export default { displayName: name, allowedFunctions: ids, description: text };`;
  const files = {
    "names.ts": "export const name: string = 'Midway';",
    "ids.json": '["a"]',
    "notes.txt": "hello",
  };
  assertEquals(await valueOf(config, files), {
    displayName: "Midway",
    allowedFunctions: ["a"],
    description: "hello",
  });
});

Deno.test("a profile is found through a link to its folder", async () => {
  using scratch = new ScratchHome();
  scratch.profile("real", 'export { default } from "./other.ts";', {
    "other.ts": "export default { public: true };",
  });
  const link = scratch.home.endpointFolder("linked");
  Deno.symlinkSync(scratch.home.endpointFolder("real"), link);
  const outcome = await evaluate(join(link, "config.ts"));
  assertTrue(outcome.kind === "ok", JSON.stringify(outcome));
});

Deno.test("only listed variables are seen, and others that are asked for are told", async () => {
  using scratch = new ScratchHome();
  const config = `
    export const env = ["PARTITION", "UNSET"];
    export default (site) => ({
      displayName: site.env.PARTITION, description: site.env.HOME ?? site.env.UNSET ?? "none",
    });`;
  const outcome = await evaluate(scratch.profile("default", config));
  assertTrue(outcome.kind === "ok");
  assertEquals(outcome.value.value, { displayName: "gpu", description: "none" });
  assertEquals(outcome.value.unlistedEnv, ["HOME"]);
});

Deno.test("a changed profile is read again by the same process", async () => {
  using scratch = new ScratchHome();
  for (const displayName of ["one", "two"]) {
    const file = scratch.profile("default", `export default ${JSON.stringify({ displayName })};`);
    const outcome = await evaluate(file);
    assertEquals(outcome.kind === "ok" && outcome.value.value, { displayName });
  }
});

// -- what is refused ---------------------------------------------------------------------------------

/** Code of the profile, what the message names, and what the hint names. */
const REFUSALS: Readonly<Record<string, readonly [config: string, names: RegExp, hint: RegExp]>> = {
  "reads /etc/passwd": [
    'export default {\n  description: Deno.readTextFileSync("/etc/passwd"),\n};',
    /config\.ts:2:\d+: .*read the file "\/etc\/passwd" \(for the key description\)/,
    /Put the file into/,
  ],
  "reads through ../": [
    'export default { a: Deno.readTextFileSync(new URL("../login.json", import.meta.url)) };',
    /config\.ts:1:\d+: .*read the file ".*\.funcx\/login\.json"/,
    /Put the file into/,
  ],
  "reads by Node's module": [
    'import { readFileSync } from "node:fs";\nexport default () => ({ a: readFileSync("/etc/passwd") });',
    /config\.ts:2:\d+: .*read the file "\/etc\/passwd"/,
    /Put the file into/,
  ],
  "imports a file from outside": [
    'import data from "../login.json" with { type: "json" };\nexport default data;',
    /config\.ts:1:\d+: .*read the file ".*login\.json"/,
    /Put the file into/,
  ],
  "imports the types as a value": [
    'import { Profile } from "../profile.d.ts";\nexport default {} satisfies Profile;',
    /read the file ".*profile\.d\.ts"/,
    /import type/,
  ],
  "opens a connection": [
    'export default { a: await Deno.connect({ hostname: "192.0.2.1", port: 22 }) };',
    /config\.ts:1:\d+: .*connect to the host "192\.0\.2\.1:22"/,
    /instead of fetching/,
  ],
  "fetches": [
    'export default async () => ({ a: 1 });\nawait fetch("http://192.0.2.1:8080/");',
    /config\.ts:2:\d+: .*connect to the host "192\.0\.2\.1:8080"/,
    /instead of fetching/,
  ],
  "resolves a name": [
    'export default { a: await Deno.resolveDns("example.org", "A") };',
    /use the network|connect to the host/,
    /instead of fetching/,
  ],
  "runs a program": [
    'export default {\n  "description": new Deno.Command("hostname").outputSync(),\n};',
    /config\.ts:2:\d+: .*run the program "hostname" \(for the key description\)/,
    /workerInit/,
  ],
  "runs a program by Node's module": [
    'import { execSync } from "node:child_process";\nexport default { a: execSync("hostname") };',
    /config\.ts:2:\d+: .*run programs/,
    /workerInit/,
  ],
  "reads the environment": [
    'export default { a: Deno.env.get("HOME") };',
    /config\.ts:1:\d+: .*read the environment variable "HOME"/,
    /export const env = \["HOME"\]/,
  ],
  "reads the environment by Node's object": [
    "export default { a: process.env.PATH };",
    /read the environment variable "PATH"/,
    /site\.env\.PATH/,
  ],
  "writes": [
    'export default { a: Deno.writeTextFileSync(import.meta.dirname + "/x", "") };',
    /config\.ts:1:\d+: .*write the file ".*\/default\/x"/,
    /only describes/,
  ],
  "asks the system": [
    "export default { displayName: Deno.hostname() };",
    /ask the system for "hostname"/,
    /site\.hostname/,
  ],
  "loads a native library": [
    'export default { a: Deno.dlopen("libc.so.6", {}) };',
    /load (the )?native librar/,
    /only describes/,
  ],
  "imports from the web": [
    'import x from "https://deno.land/x/y.ts";\nexport default { x };',
    /config\.ts:1:\d+: .*import "deno\.land:443"/,
    /Copy the module/,
  ],
  "imports a package": [
    'import x from "npm:valibot";\nexport default { x };',
    /config\.ts:1:\d+: .*import "npm:valibot"/,
    /Copy the module/,
  ],
  "imports a package of the program": [
    'import * as x from "valibot";\nexport default { x };',
    /import "valibot"/,
    /Copy the module/,
  ],
  "imports a package under a computed name": [
    'export default { x: await import(["n", "pm:", "valibot"].join("")) };',
    /import "npm:valibot"/,
    /Copy the module/,
  ],
  "imports a package from an inline module": [
    'export default { x: await import("data:text/javascript,import%20%27npm:valibot%27") };',
    /import "npm:valibot"/,
    /Copy the module/,
  ],
};

for (const [title, [config, names, hint]] of Object.entries(REFUSALS)) {
  Deno.test(`a profile that ${title} is refused`, async () => {
    const failure = await failureOf(config);
    assertEquals(failure.code, "PROFILE_FORBIDDEN");
    assertMatch(failure.message, names);
    assertMatch(failure.hint ?? "", hint);
  });
}

Deno.test("a profile cannot start a worker, which would not be bound as it is", async () => {
  const failure = await failureOf(
    'new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });',
    { files: { "worker.ts": "" } },
  );
  assertMatch(failure.message, /config\.ts:1:\d+: threw ReferenceError: Worker is not defined/);
  for (
    const way of ['import "node:worker_threads";', 'process.getBuiltinModule("node:module");']
  ) {
    assertEquals((await failureOf(way)).code, "PROFILE_FORBIDDEN");
  }
});

Deno.test("a profile cannot speak in the sandbox's name, nor end it", async () => {
  for (const name of ["self.postMessage", "self.close", "Deno.exit"]) {
    const failure = await failureOf(`${name}({ kind: "ready" });`);
    assertMatch(failure.message, new RegExp(`threw TypeError: ${name} is not a function`));
  }
});

for (
  const [title, config] of Object.entries({
    "an endless loop": "while (true);\nexport default {};",
    "an endless loop in the function": "export default () => { while (true); };",
    "an endless wait": "await new Promise(() => {});\nexport default {};",
    "an endless chain of timers":
      "for (;;) await new Promise((resolve) => setTimeout(resolve, 1));\nexport default {};",
  })
) {
  Deno.test(`${title} is ended`, async () => {
    const failure = await failureOf(config, { timeout: 150 });
    assertEquals(failure.code, "PROFILE_TIMEOUT");
    assertMatch(failure.message, /config\.ts was not evaluated within 0\.15 s/);
  });
}

// -- what is wrong -----------------------------------------------------------------------------------

Deno.test("a syntax error shows line, column and the line itself", async () => {
  const failure = await failureOf("export default {\n  public: true extra: 1,\n};\n");
  assertEquals(failure.code, "PROFILE_INVALID");
  assertMatch(failure.message, /config\.ts:2:16: syntax error: Expected ',', got 'extra'/);
  assertEquals(failure.place?.line, 2);
  assertEquals(failure.place?.column, 16);
  assertEquals(failure.place?.text, "  public: true extra: 1,");
});

Deno.test("a syntax error in an imported module is told where it is", async () => {
  const failure = await failureOf('export { default } from "./other.ts";', {
    files: { "other.ts": "\nexport default {{" },
  });
  assertMatch(failure.message, /other\.ts:2:\d+: syntax error/);
});

Deno.test("what is thrown is told with its place", async () => {
  const failure = await failureOf('export default () => {\n  throw new RangeError("too far");\n};');
  assertEquals(failure.code, "PROFILE_INVALID");
  assertMatch(failure.message, /config\.ts:2:\d+: threw RangeError: too far/);
});

for (const value of ['"text"', "null", "undefined", "42n", "Symbol('x')", "{ a: 1 }"]) {
  Deno.test(`throwing ${value} instead of an error is told`, async () => {
    const failure = await failureOf(`throw ${value};`);
    assertEquals(failure.code, "PROFILE_INVALID");
    assertMatch(failure.message, /threw a value that is not an Error/);
  });
}

Deno.test("an error that cannot be looked at is still an error", async () => {
  const failure = await failureOf(
    'throw Object.defineProperty(new Error("x"), "message", { get() { throw 1; } });',
  );
  assertMatch(failure.message, /cannot be shown/);
});

Deno.test("an error outside the evaluation itself is noticed", async () => {
  for (
    const late of [
      'setTimeout(() => { throw new Error("late"); });',
      'Promise.reject(new Error("late"));',
    ]
  ) {
    const failure = await failureOf(`${late}\nawait new Promise(() => {});\nexport default {};`);
    assertMatch(failure.message, /config\.ts:1:\d+: threw Error: late/);
  }
});

Deno.test("a missing module is told", async () => {
  const failure = await failureOf('import "./missing.ts";\nexport default {};');
  assertEquals(failure.code, "PROFILE_INVALID");
  assertMatch(failure.message, /config\.ts:1:\d+: .*missing\.ts/);
  assertMatch(failure.hint ?? "", /Put the module or file into/);
});

/** Exports that are no plain data, the key that is named, and what is found there. */
const UNFIT: Readonly<Record<string, readonly [config: string, key: string, found: RegExp]>> = {
  "exports nothing": ["export const profile = {};", "", /no default export/],
  "exports a promise": ["export default Promise.resolve({});", "", /a promise/],
  "exports an async function": ["export default async () => ({});", "", /a promise/],
  "exports a class instance": ["export default new Map();", "", /an instance of Map/],
  "has a function in it": ["export default { a: { b: () => 1 } };", "a.b", /a function/],
  "has a date in it": ["export default { a: [new Date(0)] };", "a.0", /an instance of Date/],
  "has a bigint in it": ["export default { a: 1n };", "a", /a bigint/],
  "has a symbol in it": ["export default { a: Symbol() };", "a", /a symbol/],
  "has NaN in it": ["export default { a: NaN };", "a", /NaN/],
  "contains itself": ["const a = {}; a.b = { a };\nexport default a;", "b.a", /contains itself/],
  "is endlessly deep": [
    "export default Array.from({ length: 100 }).reduce((inner) => ({ a: inner }), 1);",
    Array.from({ length: 64 }, () => "a").join("."),
    /more than 64 levels/,
  ],
  "has 100 MB of text": [
    'export default { a: "x".repeat(100_000_000) };',
    "a",
    /more than \d+ characters/,
  ],
  "has two million numbers": [
    "export default { a: new Array(2_000_000).fill(1) };",
    "a.65533",
    /more than \d+ characters/,
  ],
  "lists no names of variables": [
    "export const env = [1];\nexport default {};",
    "export const env",
    /an array of other values/,
  ],
};

for (const [title, [config, key, found]] of Object.entries(UNFIT)) {
  Deno.test(`a profile that ${title} is refused`, async () => {
    const failure = await failureOf(config);
    assertEquals(failure.code, "PROFILE_INVALID");
    assertEquals(failure.problems.map((problem) => problem.key), [key]);
    assertMatch(failure.problems[0].found, found);
  });
}

Deno.test("what a profile prints is kept from standard output", async () => {
  using scratch = new ScratchHome();
  const file = scratch.profile("default", 'console.log("chatter");\nexport default {};');
  const module = new URL("./sandbox.ts", import.meta.url).href;
  const script = `
    const { evaluateProfile } = await import(${JSON.stringify(module)});
    const outcome = await evaluateProfile({
      file: ${JSON.stringify(file)}, site: { name: "default" }, env: () => undefined,
    });
    console.log(outcome.kind);`;
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", "--quiet", "--unstable-worker-options", script],
    cwd: dirname(new URL(import.meta.url).pathname),
  }).output();
  assertEquals(new TextDecoder().decode(stdout), "ok\n");
  assertMatch(new TextDecoder().decode(stderr), /chatter/);
});
