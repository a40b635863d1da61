import { FuncxError } from "../contract/errors.ts";
import { assertEquals, assertMatch, assertRejects, assertTrue } from "../lib/assert.ts";
import { join } from "../lib/path.ts";
import { explainProfile, loadProfile } from "./resolve.ts";
import type { ResolvedProfile } from "./schema.ts";
import { environment, ScratchHome } from "./testing/scratch_home.ts";

const PLAIN = { PATH: "/usr/bin:/bin", HOME: "/home/ada" };

async function resolved(
  scratch: ScratchHome,
  config: string,
  options: { readonly flag?: string; readonly variable?: string } = {},
): Promise<ResolvedProfile> {
  scratch.profile("default", config);
  const env = environment(
    options.variable === undefined ? PLAIN : { ...PLAIN, FUNCX_SERVICE_URL: options.variable },
  );
  const outcome = await loadProfile({
    home: scratch.home,
    name: "default",
    env,
    overrides: { service: options.flag },
  });
  assertTrue(outcome.kind === "ok", JSON.stringify(outcome));
  return outcome.value;
}

Deno.test("an empty profile has all defaults", async () => {
  using scratch = new ScratchHome();
  const folder = scratch.home.endpointFolder("default");
  assertEquals(await resolved(scratch, "export default {};"), {
    name: "default",
    displayName: "default",
    description: "",
    site: null,
    service: null,
    stateDir: folder,
    executor: {
      workersPerNode: "auto",
      slot: { cores: null, memory: null, accelerators: 0, cpuAffinity: "none" },
      prefetch: 0,
      maxAttempts: 2,
      maxResultBytes: 5 * 1024 ** 3,
      walltimeSeconds: null,
      idleSeconds: 600,
      mpiLauncher: null,
      provider: { type: "local" },
      link: { address: { kind: "auto" }, portRange: null, reattachSeconds: 600 },
      runtimes: {
        typescript: {
          permissions: {
            read: false,
            write: false,
            net: false,
            env: false,
            run: false,
            sys: false,
          },
        },
        python: { interpreter: "python3" },
        shell: { shell: "/bin/sh" },
      },
      container: null,
      workerInit: "",
      environment: {},
      sandbox: false,
      workingFolder: join(folder, "tasks"),
    },
    allowedFunctions: null,
    public: false,
    logLevel: "info",
  });
});

Deno.test("flags come before the environment, that before config.ts, that before defaults", async () => {
  using scratch = new ScratchHome();
  const named = 'export default { service: "https://profile.example/" };';
  const flag = "https://flag.example";
  const variable = "https://variable.example";
  const cases = [
    [named, { flag, variable }, "https://flag.example"],
    [named, { variable }, "https://variable.example"],
    [named, { variable: "" }, "https://profile.example"],
    [named, {}, "https://profile.example"],
    ["export default {};", { flag }, "https://flag.example"],
    ["export default {};", {}, null],
  ] as const;
  for (const [config, options, service] of cases) {
    assertEquals((await resolved(scratch, config, options)).service, service);
  }
});

Deno.test("a service address that is none is refused wherever it comes from", async () => {
  using scratch = new ScratchHome();
  const profile = "export default {};";
  await assertRejects(() => resolved(scratch, profile, { flag: "midway" }), /--service/);
  await assertRejects(() => resolved(scratch, profile, { flag: "" }), /--service/);
  await assertRejects(() => resolved(scratch, profile, { variable: "x" }), /FUNCX_SERVICE_URL/);
});

Deno.test("paths become absolute, from the place that each belongs to", async () => {
  using scratch = new ScratchHome();
  const folder = scratch.home.endpointFolder("default");
  const relative = await resolved(
    scratch,
    `export default { stateDir: "state", executor: {
      workingFolder: "work",
      runtimes: { python: { interpreter: "venv/bin/python" }, shell: { shell: "bin/bash" } },
    } };`,
  );
  assertEquals(relative.stateDir, join(folder, "state"));
  assertEquals(relative.executor.workingFolder, join(folder, "state", "work"));
  assertEquals(relative.executor.runtimes.python?.interpreter, join(folder, "venv/bin/python"));
  assertEquals(relative.executor.runtimes.shell?.shell, join(folder, "bin/bash"));
  const ofHome = await resolved(
    scratch,
    `export default { stateDir: "~/funcx", executor: {
      workingFolder: "/scratch", runtimes: { python: { interpreter: "~/bin/python" } },
    } };`,
  );
  assertEquals(ofHome.stateDir, "/home/ada/funcx");
  assertEquals(ofHome.executor.workingFolder, "/scratch");
  assertEquals(ofHome.executor.runtimes.python?.interpreter, "/home/ada/bin/python");
});

Deno.test("what is written stays, what is turned off is null", async () => {
  using scratch = new ScratchHome();
  const { executor } = await resolved(
    scratch,
    `export default { executor: {
      workersPerNode: 3, walltime: "00:10:00", maxAttempts: 1, prefetch: 9,
      runtimes: { typescript: { permissions: { net: ["a:1"] } }, python: false, shell: false },
    } };`,
  );
  assertEquals(executor.workersPerNode, 3);
  assertEquals(executor.walltimeSeconds, 600);
  assertEquals(executor.maxAttempts, 1);
  assertEquals(executor.prefetch, 9);
  assertEquals(executor.runtimes.python, null);
  assertEquals(executor.runtimes.shell, null);
  assertEquals(executor.runtimes.typescript?.permissions.net, ["a:1"]);
  assertEquals(executor.runtimes.typescript?.permissions.read, false);
});

Deno.test("what a worker has of its node is resolved to bytes, ids and numbers", async () => {
  using scratch = new ScratchHome();
  const { executor } = await resolved(
    scratch,
    `export default { executor: {
      coresPerWorker: 4, memPerWorker: "512M", availableAccelerators: [0, "GPU-1"],
      cpuAffinity: "block-reverse",
    } };`,
  );
  assertEquals(executor.workersPerNode, "auto");
  assertEquals(executor.slot, {
    cores: 4,
    memory: 512 * 1024 ** 2,
    accelerators: ["0", "GPU-1"],
    cpuAffinity: "block-reverse",
  });
  const other = await resolved(
    scratch,
    `export default { executor: {
      coresPerWorker: 0.5, memPerWorker: 2, availableAccelerators: "auto", cpuAffinity: ["0-3,8"],
    } };`,
  );
  assertEquals(other.executor.slot, {
    cores: 0.5,
    memory: 2 * 1024 ** 3,
    accelerators: "auto",
    cpuAffinity: ["0-3,8"],
  });
});

Deno.test("a profile that is not there, or is no file, is told with the mend", async () => {
  using scratch = new ScratchHome();
  const missing = await explainProfile({
    home: scratch.home,
    name: "gpu",
    env: environment(PLAIN),
  });
  assertTrue(missing.kind === "fatal");
  assertEquals(missing.failure.code, "PROFILE_NOT_FOUND");
  assertMatch(missing.failure.hint ?? "", /configure gpu/);
  Deno.mkdirSync(join(scratch.home.endpointFolder("gpu"), "config.ts"), { recursive: true });
  const folder = await explainProfile({ home: scratch.home, name: "gpu", env: environment(PLAIN) });
  assertTrue(folder.kind === "fatal");
  assertEquals(folder.failure.code, "PROFILE_INVALID");
});

Deno.test("several problems are one failure that says how many", async () => {
  using scratch = new ScratchHome();
  scratch.profile("default", "export default {\n  public: 1,\n  logLevel: 2,\n};");
  const outcome = await loadProfile({
    home: scratch.home,
    name: "default",
    env: environment(PLAIN),
  });
  assertTrue(outcome.kind === "fatal");
  const { code, message, hint, problems } = outcome.failure;
  assertEquals(code, "PROFILE_INVALID");
  assertMatch(message, /config\.ts:2: public: found 1, expected true or false \(and 1 more\)$/);
  assertMatch(hint ?? "", /funcx-endpoint validate default/);
  assertEquals(problems.map(({ key, line }) => [key, line]), [["public", 2], ["logLevel", 3]]);
});

for (
  const name of ["", ".", "..", "a/b", "../a", "-a", ".a", "a b", "é", "service", "a".repeat(129)]
) {
  Deno.test(`the name ${JSON.stringify(name).slice(0, 20)} is refused`, async () => {
    using scratch = new ScratchHome();
    const load = loadProfile({ home: scratch.home, name, env: environment(PLAIN) });
    const thrown = await load.catch((error) => error);
    assertTrue(thrown instanceof FuncxError);
    assertEquals(thrown.code, "USAGE");
  });
}
