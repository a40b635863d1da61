import { FuncxError } from "../../contract/errors.ts";
import { assertEquals, assertMatch, assertTrue } from "../../lib/assert.ts";
import { join } from "../../lib/path.ts";
import { loadProfile } from "../resolve.ts";
import type { ResolvedProfile } from "../schema.ts";
import { environment, ScratchHome } from "../testing/scratch_home.ts";
import { initializeHome } from "./initialize.ts";
import { SITE_NAMES } from "./sites.ts";
import {
  otherSchedulers,
  template,
  TEMPLATE_NAMES,
  templateForSite,
  templateOfSite,
} from "./templates.ts";
import { draftProfile, writeDraft, writeProfile } from "./write_profile.ts";

const env = environment({ PATH: "/nonexistent", HOME: "/home/ada" });

async function load(scratch: ScratchHome, name: string): Promise<ResolvedProfile> {
  const outcome = await loadProfile({ home: scratch.home, name, env });
  assertTrue(outcome.kind === "ok", JSON.stringify(outcome));
  return outcome.value;
}

function failureOf(action: () => unknown): FuncxError {
  try {
    action();
  } catch (thrown) {
    assertTrue(thrown instanceof FuncxError, String(thrown));
    return thrown;
  }
  throw new Error("nothing was thrown");
}

function modeOf(path: string): number {
  return (Deno.statSync(path).mode ?? 0) & 0o777;
}

async function run(args: readonly string[], cwd: string): Promise<{ code: number; text: string }> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [...args],
    cwd,
    env: { NO_COLOR: "1" },
  }).output();
  const decoder = new TextDecoder();
  return { code, text: decoder.decode(stdout) + decoder.decode(stderr) };
}

Deno.test("every template evaluates as it is, but for what only its user knows", async () => {
  using scratch = new ScratchHome();
  for (const name of TEMPLATE_NAMES) {
    writeProfile(scratch.home, name, name);
    const outcome = await loadProfile({ home: scratch.home, name, env });
    if (name === "kubernetes") {
      assertTrue(outcome.kind !== "ok");
      const keys = outcome.failure.problems.map(({ key, found }) => [key, found]);
      assertEquals(keys, [["executor.provider.image", "the placeholder <IMAGE>"]]);
      continue;
    }
    const { executor, displayName } = await load(scratch, name);
    assertEquals(executor.provider.type as string, name);
    assertMatch(displayName, new RegExp(`^${name} on `));
  }
});

Deno.test("templates and sites type-check and look formatted, with nothing installed", async () => {
  using scratch = new ScratchHome();
  const { home } = scratch;
  const drafts = [
    ...TEMPLATE_NAMES.map((name) => draftProfile(home, name, template(name), [])),
    ...SITE_NAMES.map((name) => draftProfile(home, `at-${name}`, templateOfSite(name), [])),
  ];
  const files = drafts.map((draft) => writeDraft(home, draft).file);
  assertEquals(await run(["check", "--quiet", ...files], home.root), { code: 0, text: "" });
  assertEquals(await run(["fmt", "--check", "--line-width=100", ...files], home.root), {
    code: 0,
    text: `Checked ${files.length} files\n`,
  });
  assertEquals(await run(["lint", "--quiet", ...files], home.root), { code: 0, text: "" });
});

Deno.test("every key that a template proposes is right when it is let in", async () => {
  for (const name of TEMPLATE_NAMES) {
    using scratch = new ScratchHome();
    const { file } = writeProfile(scratch.home, name, name);
    const text = Deno.readTextFileSync(file)
      .replace(/^( +)\/\/ (\w+: .*,)( {2}\/\/.*)?$/gm, "$1$2")
      .replace("<IMAGE>", "image");
    Deno.writeTextFileSync(file, text);
    const { executor } = await load(scratch, name);
    assertEquals(executor.provider.type as string, name);
    assertEquals(executor.workerInit, name === "local" ? "" : "module load python");
  }
});

Deno.test("an editor marks what the schema refuses", async () => {
  using scratch = new ScratchHome();
  const { file } = writeProfile(scratch.home, "default", "local");
  const wrong = Deno.readTextFileSync(file).replace("workersPerNode", "workerPerNode");
  Deno.writeTextFileSync(file, wrong);
  const { code, text } = await run(["check", "--quiet", file], scratch.home.root);
  assertEquals(code, 1);
  assertMatch(text, /'workerPerNode' does not exist in type 'Executor'.*workersPerNode/s);
});

Deno.test("settings are written where they belong, as the type that belongs there", async () => {
  using scratch = new ScratchHome();
  const { file } = writeProfile(
    scratch.home,
    "gpu",
    "local",
    [
      "executor.workersPerNode=4",
      "executor.walltime=01:00:00",
      "executor.environment.OMP_NUM_THREADS=8",
      "executor.runtimes.python.interpreter=/opt/py/bin/python",
      'executor.runtimes.typescript.permissions.net=["a.example:443"]',
      "executor.runtimes.shell=false",
      "description=42",
      'displayName="GPU = fast"',
      "service=https://funcx.example.org/?",
    ].slice(0, -1),
  );
  const { description, displayName, executor } = await load(scratch, "gpu");
  assertEquals(description, "42");
  assertEquals(displayName, "GPU = fast");
  assertEquals(executor.workersPerNode, 4);
  assertEquals(executor.walltimeSeconds, 3_600);
  assertEquals(executor.environment, { OMP_NUM_THREADS: "8" });
  assertEquals(executor.runtimes.python, { interpreter: "/opt/py/bin/python" });
  assertEquals(executor.runtimes.typescript?.permissions.net, ["a.example:443"]);
  assertEquals(executor.runtimes.shell, null);
  const text = Deno.readTextFileSync(file);
  assertMatch(text, /^ {4}workersPerNode: 4,$/m);
  assertMatch(text, /\/\/ Each runs one task at a time/);
});

Deno.test("settings that belong together are taken in any order", async () => {
  using scratch = new ScratchHome();
  const sets = ["executor.provider.minBlocks=2", "executor.provider.maxBlocks=4"];
  writeProfile(scratch.home, "one", "slurm", sets);
  writeProfile(scratch.home, "two", "slurm", sets.toReversed());
  for (const name of ["one", "two"]) {
    const { provider } = (await load(scratch, name)).executor;
    assertTrue(provider.type === "slurm");
    assertEquals([provider.blocks.min, provider.blocks.max], [2, 4]);
  }
});

Deno.test("a text that looks like code stays text", async () => {
  using scratch = new ScratchHome();
  const text = '`${1}` */ "); Deno.exit(); ("\n\u2028';
  writeProfile(scratch.home, "default", "local", [`description=${text}`]);
  assertEquals((await load(scratch, "default")).description, text);
});

for (
  const [setting, message, hint] of [
    ["executor.workerPerNode=3", /unknown key "workerPerNode"/, /mean "workersPerNode"/],
    ["executor.workersPerNode=0", /found 0, expected a whole number/, /"auto"/],
    ["public=maybe", /found "maybe", expected true or false/, /without quotes/],
    ["executor.provider.type=slrum", /found "slrum", expected "local", "slurm"/, /mean "slurm"/],
    ["nonsense", /expected KEY=VALUE/, /--set executor/],
    ["=1", /expected KEY=VALUE/, /--set executor/],
    ["a..b=1", /expected KEY=VALUE/, /--set executor/],
    ["__proto__.public=true", /expected KEY=VALUE/, /--set executor/],
    ["constructor.prototype=1", /expected KEY=VALUE/, /--set executor/],
    ["toString=1", /unknown key "toString"/, /Remove it/],
  ] as const
) {
  Deno.test(`--set ${setting} is refused`, () => {
    using scratch = new ScratchHome();
    const failure = failureOf(() => writeProfile(scratch.home, "default", "local", [setting]));
    assertEquals(failure.code, "USAGE");
    assertMatch(failure.message, message);
    assertMatch(failure.hint ?? "", hint);
    assertEquals([...Deno.readDirSync(join(scratch.home.root, ".."))], []);
  });
}

Deno.test("an unknown template is refused", () => {
  using scratch = new ScratchHome();
  const failure = failureOf(() => writeProfile(scratch.home, "default", "slrum"));
  assertEquals(failure.code, "USAGE");
  assertMatch(failure.hint ?? "", /slurm/);
});

for (const name of ["a/b", "../a", ".hidden", "service", "", "-x", "a\nb"]) {
  Deno.test(`no profile is written under the name ${JSON.stringify(name)}`, () => {
    using scratch = new ScratchHome();
    assertEquals(failureOf(() => writeProfile(scratch.home, name, "local")).code, "USAGE");
    assertEquals([...Deno.readDirSync(join(scratch.home.root, ".."))], []);
  });
}

Deno.test("folders are 0700, files 0600, whatever the umask", () => {
  const before = Deno.umask(0);
  using scratch = new ScratchHome();
  try {
    const { file, editorFiles } = writeProfile(scratch.home, "default", "local");
    for (const folder of [scratch.home.root, scratch.home.endpointFolder("default")]) {
      assertEquals(modeOf(folder), 0o700);
    }
    for (const path of [file, ...editorFiles.map((written) => written.path)]) {
      assertEquals(modeOf(path), 0o600);
    }
  } finally {
    Deno.umask(before);
  }
});

Deno.test("a profile that is there is not written over", () => {
  using scratch = new ScratchHome();
  const file = scratch.profile("default", "export default {};");
  assertEquals(
    failureOf(() => writeProfile(scratch.home, "default", "local")).code,
    "PROFILE_EXISTS",
  );
  assertEquals(Deno.readTextFileSync(file), "export default {};");
});

Deno.test("types of another version are brought up to date, project files are kept", () => {
  using scratch = new ScratchHome();
  const { root } = scratch.home;
  writeProfile(scratch.home, "one", "local");
  Deno.writeTextFileSync(join(root, "profile.d.ts"), "// old");
  Deno.writeTextFileSync(join(root, "deno.json"), "{}");
  const { editorFiles } = writeProfile(scratch.home, "two", "local");
  assertEquals(editorFiles.map(({ action }) => action), ["updated", "kept", "kept"]);
  assertMatch(Deno.readTextFileSync(join(root, "profile.d.ts")), /interface Profile/);
  assertEquals(Deno.readTextFileSync(join(root, "deno.json")), "{}");
});

Deno.test("the template fits the batch scheduler that is found, and kubectl is none", () => {
  using scratch = new ScratchHome();
  const bin = scratch.outside("bin");
  Deno.mkdirSync(bin);
  const forPath = (): string => templateForSite(environment({ PATH: bin }));
  assertEquals(forPath(), "local");
  Deno.writeTextFileSync(join(bin, "kubectl"), "", { mode: 0o755 });
  assertEquals(forPath(), "local");
  const others = (): string[] => otherSchedulers(environment({ PATH: bin }));
  assertEquals(others(), ["kubernetes"]);
  Deno.writeTextFileSync(join(bin, "sbatch"), "", { mode: 0o755 });
  Deno.writeTextFileSync(join(bin, "bsub"), "", { mode: 0o755 });
  assertEquals(forPath(), "slurm");
  assertEquals(others(), ["lsf", "kubernetes"]);
});

// -- init --------------------------------------------------------------------------------------------

function init(scratch: ScratchHome, force = false): ReturnType<typeof initializeHome> {
  return initializeHome({ home: scratch.home, name: "default", env, force });
}

Deno.test("init makes everything once, and keeps it", () => {
  using scratch = new ScratchHome();
  const first = init(scratch);
  assertEquals(first.template, "local");
  assertEquals(first.files.map(({ action }) => action), Array(4).fill("created"));
  const file = scratch.profile("default", "export default { public: true };");
  const second = init(scratch);
  assertEquals(second.template, null);
  assertEquals(second.files.map(({ action }) => action), Array(4).fill("kept"));
  assertEquals(Deno.readTextFileSync(file), "export default { public: true };");
});

Deno.test("init by force keeps what was there under another name, each time", () => {
  using scratch = new ScratchHome();
  init(scratch);
  const texts = ["export default { public: true };", "export default { public: false };"];
  const backups = texts.map((text) => {
    const file = scratch.profile("default", text);
    const { files } = init(scratch, true);
    assertTrue(Deno.readTextFileSync(file) !== text);
    return files.find(({ path }) => path === file)?.backup ?? "";
  });
  assertEquals(backups.map((path) => Deno.readTextFileSync(path)), texts);
  for (const path of backups) assertMatch(path, /config\.ts\.\d{8}T\d{6}Z(-\d+)?\.bak$/);
});
