/** `init`, `configure`, `validate` and `doctor` as a user runs them, from source. */
import { assertEquals, assertMatch, assertTrue } from "../../lib/assert.ts";
import { fromFileUrl, join } from "../../lib/path.ts";

interface Answer {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

const MAIN = fromFileUrl(new URL("../../../main.ts", import.meta.url));
const CONFIG = fromFileUrl(new URL("../../../deno.json", import.meta.url));

/** A user with an empty home whose path has a space. */
class User implements Disposable {
  readonly home = Deno.realPathSync(Deno.makeTempDirSync({ prefix: "funcx user-" }));
  readonly folder = join(this.home, ".funcx");

  async run(...args: string[]): Promise<Answer> {
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--quiet", "--no-prompt", `--config=${CONFIG}`, MAIN, ...args],
      cwd: this.home,
      env: { HOME: this.home, PATH: "/usr/bin:/bin", NO_COLOR: "1", DENO_DIR: DENO_CACHE },
      clearEnv: true,
    }).output();
    const decoder = new TextDecoder();
    return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
  }

  write(name: string, config: string): void {
    Deno.mkdirSync(join(this.folder, name), { recursive: true, mode: 0o700 });
    Deno.writeTextFileSync(join(this.folder, name, "config.ts"), config);
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.home, { recursive: true });
  }
}

/** So that the program's own modules are not transpiled again for each home. */
const DENO_CACHE = Deno.env.get("DENO_DIR") ?? join(Deno.env.get("HOME") ?? "/", ".cache", "deno");

Deno.test("init makes the profile, keeps it, and backs it up when forced", async () => {
  using user = new User();
  const first = await user.run("init");
  assertEquals(first.code, 0);
  assertMatch(first.stdout, /^created {2}~\/\.funcx\/default\/config\.ts$/m);
  assertMatch(first.stdout, /^The profile is for workers .+\.$/m);
  assertMatch(first.stdout, /\$ funcx-endpoint start$/m);
  assertMatch((await user.run("init")).stdout, /^kept {5}~\/\.funcx\/default\/config\.ts$/m);
  const forced = JSON.parse((await user.run("init", "--force", "--json")).stdout);
  assertEquals(forced.folder, user.folder);
  const actions = forced.files.map((file: { action: string }) => file.action);
  assertEquals(actions, ["created", "created", "created", "created"]);
  assertTrue(forced.files.every((file: { backup?: string }) => file.backup !== undefined));
});

Deno.test("configure writes what was set, and refuses to write over it", async () => {
  using user = new User();
  const args = [
    "configure",
    "gpu",
    "--template",
    "local",
    "--set",
    "executor.workersPerNode=4",
    "--set",
    "description=a b",
  ];
  const made = await user.run(...args, "--json");
  assertEquals(JSON.parse(made.stdout), {
    name: "gpu",
    file: join(user.folder, "gpu", "config.ts"),
    template: "local",
    placeholders: [],
  });
  const { profile } = JSON.parse((await user.run("validate", "gpu", "--json")).stdout);
  assertEquals(profile.executor.workersPerNode, 4);
  assertEquals(profile.description, "a b");
  const again = await user.run(...args);
  assertEquals(again.code, 78);
  assertMatch(again.stderr, /^error: the endpoint "gpu" has a profile already.*\nhint: .+\n$/);
});

Deno.test("configure tells a wrong name, template and setting in two lines, exit 64", async () => {
  using user = new User();
  for (
    const args of [["a/b"], ["service"], ["x", "--template", "slrum"], ["x", "--set", "publik=1"]]
  ) {
    const { code, stdout, stderr } = await user.run("configure", ...args);
    assertEquals([code, stdout], [64, ""]);
    assertMatch(stderr, /^error: .+\nhint: .+\n$/);
  }
});

Deno.test("configure makes the profile of a site, and names what is left to the user", async () => {
  using user = new User();
  const made = await user.run("configure", "--site", "Frontera", "--account", "abc123");
  assertEquals(made.code, 0);
  assertMatch(made.stdout, /^A profile has been created for frontera at .* \(site frontera\)\.$/m);
  assertMatch(made.stdout, /^ {4}executor\.provider\.partition: <PARTITION>, the partition /m);
  assertTrue(!made.stdout.includes("<ACCOUNT>"));
  for (const command of ["validate", "start"]) {
    const { code, stderr } = await user.run(command, "frontera");
    assertEquals(code, 78);
    assertMatch(
      stderr,
      /^error: .*config\.ts:\d+: executor\.provider\.partition: found the placeholder <PARTITION>/,
    );
  }
});

Deno.test("configure takes what is left to the user from flags, in words or by name", async () => {
  using user = new User();
  const args = ["--partition", "gpu", "--account", "007", "--set", "executor.provider.maxBlocks=4"];
  await user.run("configure", "midway", "--site", "midway", ...args);
  await user.run(
    "configure",
    "--site",
    "ospool",
    "--fill",
    "PROJECT_NAME=abc",
    "--fill",
    "IMAGE=i",
  );
  const profileOf = async (name: string): Promise<Record<string, unknown>> => {
    const { profile } = JSON.parse((await user.run("validate", name, "--json")).stdout);
    return profile.executor.provider;
  };
  const { partition, account, blocks } = await profileOf("midway");
  assertEquals([partition, account, (blocks as { max: number }).max], ["gpu", "007", 4]);
  assertEquals((await profileOf("ospool")).schedulerOptions, [
    '+ProjectName = "abc"',
    '+SingularityImage = "i"',
  ]);
});

Deno.test("configure says in the words of its flags what does not fit, exit 64", async () => {
  using user = new User();
  const cases: readonly (readonly [args: string[], error: RegExp])[] = [
    [
      ["--site", "polaris", "--partition", "gpu"],
      /^error: --partition gpu: .*"partition".*"queue"/s,
    ],
    [
      ["--site", "anvil", "--account", "a b"],
      /^error: --account a b: executor\.provider\.account: /,
    ],
    [
      ["--site", "anvil", "--fill", "ACOUNT=x"],
      /no placeholder <ACOUNT>\nhint: Did you mean ACCOUNT/,
    ],
    [["--site", "anvil", "--fill", "x"], /^error: --fill x: expected NAME=TEXT/],
    [["--site", "anvil", "--template", "slurm"], /do not go together/],
    [["--site", "anvl"], /no profile for a site "anvl"\nhint: Did you mean "anvil"/],
    [[], /needs a name/],
  ];
  for (const [args, error] of cases) {
    const { code, stdout, stderr } = await user.run("configure", ...args);
    assertEquals([code, stdout], [64, ""]);
    assertMatch(stderr, error);
  }
});

Deno.test("start --dry-run prints what would be submitted, and makes nothing", async () => {
  using user = new User();
  await user.run("configure", "--site", "delta", "--account", "abc123");
  const before = [...Deno.readDirSync(user.folder)].map(({ name }) => name).sort();
  const { code, stdout } = await user.run("start", "--dry-run", "delta");
  assertEquals(code, 0);
  assertMatch(stdout, /^#!\/bin\/sh\n(#SBATCH .*\n)*#SBATCH --account=abc123\n/);
  assertMatch(
    stdout,
    / manager --connection '.*\/delta\/blocks\/BLOCK\/connection\.json' --walltime 1800\n$/,
  );
  const document = JSON.parse((await user.run("start", "--dry-run", "delta", "--json")).stdout);
  assertEquals(document, { name: "delta", provider: "slurm", script: stdout });
  await user.run("configure", "here", "--template", "local");
  assertMatch((await user.run("start", "here", "--dry-run")).stdout, /workers on this machine/);
  assertEquals((await user.run("start", "nosuch", "--dry-run")).code, 78);
  const after = [...Deno.readDirSync(user.folder)].map(({ name }) => name).sort();
  assertEquals(after, [...before, "here"].sort());
  assertEquals([...Deno.readDirSync(join(user.folder, "delta"))].length, 1);
});

Deno.test("sites lists what configure --site takes, and the shell completes it", async () => {
  using user = new User();
  const sites = JSON.parse((await user.run("sites", "--json")).stdout);
  assertEquals(sites.length, 20);
  assertEquals(Object.keys(sites[0]), ["name", "title", "scheduler", "placeholders", "source"]);
  assertMatch((await user.run("sites")).stdout, /^\| polaris +\| Polaris, ALCF +\| ACCOUNT +\|$/m);
  const { stdout } = await user.run("complete", "--", "configure", "--site", "pol");
  assertMatch(stdout, /^polaris\t/);
});

Deno.test("validate explains every problem, exit 78", async () => {
  using user = new User();
  user.write("default", 'export default {\n  serivce: "https://a.example",\n  public: 1,\n};\n');
  const { code, stdout, stderr } = await user.run("validate");
  assertEquals(code, 78);
  assertMatch(
    stdout,
    /^serivce \(line 2\)\n {2}found: .+\n {2}expected: .+\n {2}mend: .+"service"/m,
  );
  assertMatch(stdout, /^public \(line 3\)\n {2}found: {4}1\n/m);
  assertMatch(stderr, /^error: .*config\.ts has 2 problems\nhint: .+\n$/);
  const document = JSON.parse((await user.run("validate", "--json")).stdout);
  assertEquals(document.valid, false);
  assertEquals(document.error.code, "PROFILE_INVALID");
  assertEquals(document.problems.length, 2);
});

Deno.test("validate shows where the source is wrong, or does what it may not", async () => {
  using user = new User();
  user.write("default", "export default {\n  public: true extra: 1,\n};\n");
  const syntax = await user.run("validate");
  assertEquals(syntax.code, 78);
  assertMatch(syntax.stdout, /^2 \| {3}public: true extra: 1,\n {2}\| {16}\^$/m);
  assertMatch(syntax.stderr, /^error: .*config\.ts:2:16: syntax error: .+\nhint: .+\n$/);
  user.write(
    "default",
    'export default {\n  description: Deno.readTextFileSync("/etc/passwd"),\n};\n',
  );
  const forbidden = await user.run("validate", "--json");
  assertEquals(forbidden.code, 78);
  const document = JSON.parse(forbidden.stdout);
  assertEquals(document.error.code, "PROFILE_FORBIDDEN");
  assertEquals(document.place.line, 2);
});

Deno.test("validate takes the service of the flag, and tells a variable that is not listed", async () => {
  using user = new User();
  user.write("default", "export default (site) => ({ description: site.env.QUEUE });");
  const { code, stdout, stderr } = await user.run("validate", "--service", "https://a.example/");
  assertEquals(code, 0);
  assertMatch(stdout, /^service: +"https:\/\/a\.example"$/m);
  assertMatch(stderr, /^warning: .*site\.env\.QUEUE.*export const env = \["QUEUE"\]/);
});

Deno.test("doctor gives one line a check, and its exit code tells", async () => {
  using user = new User();
  await user.run("init");
  const well = await user.run("doctor", "--json");
  assertEquals(well.stderr, "");
  const checks = well.stdout.trimEnd().split("\n").map((line) => JSON.parse(line));
  assertEquals(well.code, checks.some(({ status }) => status === "failed") ? 1 : 0);
  const names = new Set(checks.map(({ name }) => name));
  for (
    const name of ["folder", "disk", "file system", "profile", "lock", "service", "python", "shell"]
  ) assertTrue(names.has(name), `there is no check "${name}"`);
  for (const { status, mend } of checks) assertEquals(mend !== undefined, status !== "ok");
  user.write("default", "export default { public: 1 };");
  const ill = await user.run("doctor");
  assertEquals(ill.code, 1);
  assertMatch(ill.stdout, /^failed {3}profile +.*public: found 1.*\n +mend: /m);
  assertMatch(ill.stdout, /\n\d+ ok, \d+ warnings?, [1-9]\d* failed\n$/);
});
