import { assertEquals, assertMatch, assertTrue } from "../lib/assert.ts";
import { linkAddress } from "./manager_link.ts";
import { checkProfile, type ProfileProblem } from "./problems.ts";
import { resolveProvider } from "./provider_defaults.ts";
import { PROVIDER_TYPES, type RawProvider } from "./provider_schema.ts";
import type { ResolvedProvider } from "./resolved_provider.ts";

function resolved(provider: unknown): ResolvedProvider {
  const checked = checkProfile({ executor: { provider } }, "");
  assertTrue("profile" in checked, JSON.stringify(checked));
  return resolveProvider(checked.profile.executor?.provider as RawProvider);
}

/** The problem of a provider that has one. */
function problemOf(provider: unknown): ProfileProblem {
  const checked = checkProfile({ executor: { provider } }, "");
  assertTrue("problems" in checked, `no problem was found in ${JSON.stringify(provider)}`);
  assertTrue(checked.problems.length === 1, JSON.stringify(checked.problems));
  return checked.problems[0];
}

const COMMANDS = {
  submit: ["go", "{script}"],
  status: ["ask", "{jobs}"],
  cancel: ["end", "{jobs}"],
};
const LEAST: Readonly<Record<string, object>> = { kubernetes: { image: "a/b:1" }, exec: COMMANDS };

// -- what is resolved ----------------------------------------------------------------------------

const BLOCKS = {
  init: 0,
  min: 0,
  max: 1,
  parallelism: 1,
  maxIdleSeconds: 120,
  nodesPerBlock: 1,
  walltimeSeconds: 1_800,
  pollSeconds: 20,
};

for (const type of PROVIDER_TYPES.filter((name) => name !== "local")) {
  Deno.test(`${type} with the least that has to be said has the common defaults`, () => {
    const provider = resolved({ type, ...LEAST[type] });
    assertTrue(provider.type !== "local");
    assertEquals(provider.type, type);
    assertEquals(provider.blocks, BLOCKS);
    assertEquals(provider.commandSeconds, 60);
    if ("launcher" in provider) {
      assertEquals(provider.launcher, { type: "single", options: [] });
    }
  });
}

Deno.test("all that a site says for Slurm is resolved", () => {
  assertEquals(
    resolved({
      type: "slurm",
      partition: "gpu",
      account: "abc-1",
      qos: "high",
      constraint: "[a100&hbm80g|v100]",
      reservation: "school",
      gres: "gpu:a100:4",
      exclusive: true,
      coresPerNode: 64,
      memPerNode: 128,
      gpusPerNode: 4,
      schedulerOptions: "#SBATCH --mail-type=END\n#SBATCH --comment='it is; fine'\n",
      launcher: { type: "srun", overrides: "-c 128  --cpu-bind=none" },
      nodesPerBlock: 2,
      walltime: "01:00:00",
      cmdTimeout: 120,
      initBlocks: 1,
      minBlocks: 1,
      maxBlocks: 4,
      parallelism: 0.5,
      maxIdleTime: "00:05:00",
      pollInterval: 30,
    }),
    {
      type: "slurm",
      blocks: {
        init: 1,
        min: 1,
        max: 4,
        parallelism: 0.5,
        maxIdleSeconds: 300,
        nodesPerBlock: 2,
        walltimeSeconds: 3_600,
        pollSeconds: 30,
      },
      commandSeconds: 120,
      schedulerOptions: ["#SBATCH --mail-type=END", "#SBATCH --comment='it is; fine'"],
      launcher: { type: "srun", options: ["-c", "128", "--cpu-bind=none"] },
      node: { cores: 64, memoryMebibytes: 131_072, gpus: 4 },
      partition: "gpu",
      account: "abc-1",
      qos: "high",
      constraint: "[a100&hbm80g|v100]",
      reservation: "school",
      gres: "gpu:a100:4",
      exclusive: true,
    },
  );
});

Deno.test("more than one node has the launcher that goes with the scheduler", () => {
  const usual = {
    slurm: "srun",
    pbs: "mpiexec",
    lsf: "ssh",
    sge: "ssh",
    exec: "single",
  } as const;
  for (const [type, launcher] of Object.entries(usual)) {
    const extra = type === "sge" ? { parallelEnvironment: "mpi" } : LEAST[type];
    const provider = resolved({ type, nodesPerBlock: 2, ...extra });
    assertTrue("launcher" in provider);
    assertEquals(provider.launcher, { type: launcher, options: [] });
  }
});

Deno.test("memory is gibibytes, or has its unit", () => {
  for (
    const [memPerNode, mebibytes] of [[4, 4_096], [0.5, 512], ["512M", 512], ["2T", 2_097_152]]
  ) {
    const provider = resolved({ type: "lsf", memPerNode });
    assertTrue("node" in provider);
    assertEquals(provider.node.memoryMebibytes, mebibytes);
  }
});

Deno.test("a maximum that is left out follows the blocks that were asked for", () => {
  for (const [blocks, max] of [[{ initBlocks: 3 }, 3], [{ minBlocks: 2 }, 2]] as const) {
    const provider = resolved({ type: "pbs", ...blocks });
    assertTrue(provider.type !== "local");
    assertEquals(provider.blocks.max, max);
  }
});

Deno.test("a wrapped launcher takes words as a text or as they are", () => {
  for (const command of ["mpirun -np  4", ["mpirun", "-np", "4"]]) {
    const provider = resolved({ type: "pbs", launcher: { type: "wrapped", command } });
    assertTrue("launcher" in provider);
    assertEquals(provider.launcher, { type: "wrapped", command: ["mpirun", "-np", "4"] });
  }
});

// -- what is refused -----------------------------------------------------------------------------

/** A provider, the wrong key, what was found, and the mend. */
const REFUSED: readonly (readonly [object, key: string, found: RegExp, mend: RegExp])[] = [
  [{ type: "slurm", queue: "gpu" }, "queue", /"slurm" does not have/, /Write "partition" for it/],
  [{ type: "pbs", partition: "a" }, "partition", /"pbs" does not have/, /Write "queue" for it/],
  [{ type: "pbs", reservation: "R1" }, "reservation", /"pbs" does not have/, /as the queue/],
  [{ type: "lsf", qos: "a" }, "qos", /"lsf" does not have/, /schedulerOptions/],
  [{ type: "sge", gpusPerNode: 1 }, "gpusPerNode", /"sge" does not have/, /schedulerOptions/],
  [{ type: "htcondor", launcher: {} }, "launcher", /"htcondor" does not/, /starts a manager on/],
  [{ type: "kubernetes", image: "a", account: "b" }, "account", /does not have/, /another type/],
  [
    { type: "local", maxBlocks: 2 },
    "maxBlocks",
    /"local" does not have/,
    /another type than "local"/,
  ],
  [
    { type: "slurm", cpus_per_node: 2 },
    "cpus_per_node",
    /unknown key/,
    /Write "coresPerNode"/,
  ],
  [{ type: "slurm", cpusPerNode: 2 }, "cpusPerNode", /unknown key/, /Write "coresPerNode" for it/],
  [{ type: "slurm", workerInit: "a" }, "workerInit", /unknown key/, /"executor\.workerInit"/],
  [{ type: "slurm", interface: "ib0" }, "interface", /unknown key/, /executor\.address/],
  [{ type: "slurm", nodes_per_block: 2 }, "nodes_per_block", /unknown/, /mean "nodesPerBlock"/],
  [{ type: "slurm", partition: "a b" }, "partition", /"a b"/, /Write it as/],
  [{ type: "slurm", partition: "" }, "partition", /""/, /Write it as/],
  [{ type: "slurm", account: "a\n#SBATCH --x" }, "account", /a\\n/, /Write it as/],
  [{ type: "slurm", account: "--x" }, "account", /--x/, /Write it as/],
  [{ type: "pbs", queue: "a;b" }, "queue", /a;b/, /Write it as/],
  [{ type: "pbs", selectOptions: "a=$(b)" }, "selectOptions", /\$/, /Write it as/],
  [{ type: "lsf", account: 'a"b' }, "account", /a\\"b/, /Write it as/],
  [{ type: "slurm", schedulerOptions: "--x" }, "schedulerOptions", /--x/, /"#SBATCH --mail/],
  [{ type: "slurm", schedulerOptions: "#SBATCH -x\nrm a" }, "schedulerOptions", /rm a/, /#SBATCH/],
  [{ type: "slurm", schedulerOptions: "#SBATCH -x\rrm a" }, "schedulerOptions", /rm a/, /#SBATCH/],
  [{ type: "slurm", schedulerOptions: "#PBS -x" }, "schedulerOptions", /#PBS/, /#SBATCH/],
  [
    { type: "sge", schedulerOptions: "#SBATCH -x" },
    "schedulerOptions",
    /#SBATCH/,
    /"#\$ -l gpu=1"/,
  ],
  [{ type: "exec", ...COMMANDS, schedulerOptions: "#!/bin/x" }, "schedulerOptions", /#!/, /#NAME/],
  [{ type: "htcondor", schedulerOptions: "queue 5" }, "schedulerOptions", /queue/, /ProjectName/],
  [{ type: "htcondor", schedulerOptions: "a = b \\" }, "schedulerOptions", /a = b/, /ProjectName/],
  [{ type: "htcondor", requirements: "a\nqueue 9" }, "requirements", /queue/, /HAS_SINGULARITY/],
  [{ type: "htcondor", requirements: "a \\" }, "requirements", /a/, /HAS_SINGULARITY/],
  [{ type: "kubernetes" }, "image", /nothing/, /has to have this program/],
  [{ type: "kubernetes", image: "a b" }, "image", /a b/, /ghcr\.io/],
  [{ type: "kubernetes", image: "a", namespace: "A_b" }, "namespace", /A_b/, /science/],
  [{ type: "kubernetes", image: "a", volumes: { c: "data" } }, "volumes.c", /data/, /"\/data"/],
  [{ type: "kubernetes", image: "a", coresPerNode: 4, coresLimit: 2 }, "coresLimit", /2/, /Raise/],
  [{ type: "exec", ...COMMANDS, submit: "go" }, "submit", /"go"/, /\["my-submit"/],
  [{ type: "exec", ...COMMANDS, submit: ["go"] }, "submit", /go/, /Put \{script\}/],
  [{ type: "exec", ...COMMANDS, submit: ["go", "{script}", "{job}"] }, "submit", /job/, /as it is/],
  [{ type: "exec", ...COMMANDS, status: ["ask", "-j={jobs}"] }, "status", /jobs/, /Put \{jobs\}/],
  [
    { type: "exec", submit: ["a", "{script}"], status: ["a", "{jobs}"] },
    "cancel",
    /nothing/,
    /my-c/,
  ],
  [{ type: "pbs", minBlocks: 3, maxBlocks: 2 }, "minBlocks", /^3$/, /raise maxBlocks/],
  [{ type: "pbs", initBlocks: 3, maxBlocks: 2 }, "initBlocks", /^3$/, /raise maxBlocks/],
  [{ type: "pbs", pollInterval: 0.5 }, "pollInterval", /0\.5/, /20 seconds/],
  [{ type: "pbs", maxBlocks: 0 }, "maxBlocks", /^0$/, /leave it out for 1/],
  [{ type: "pbs", parallelism: 1.5 }, "parallelism", /1\.5/, /Write 1/],
  [{ type: "pbs", walltime: "1h" }, "walltime", /1h/, /01:00:00/],
  [{ type: "pbs", memPerNode: "4 GB" }, "memPerNode", /4 GB/, /4 or "4G"/],
  [{ type: "sge", coresPerNode: 4 }, "parallelEnvironment", /nothing/, /qconf -spl/],
  [{ type: "pbs", launcher: "srun" }, "launcher", /srun/, /type: "srun"/],
  [{ type: "pbs", launcher: { type: "mpirun" } }, "launcher.type", /mpirun/, /single/],
  [{ type: "pbs", launcher: { type: "wrapped" } }, "launcher.command", /nothing/, /mpirun/],
  [
    { type: "pbs", launcher: { type: "srun", command: "a" } },
    "launcher.command",
    /another type/,
    /choose that type/,
  ],
  [{ type: "exec", ...COMMANDS, launcher: { type: "ssh" } }, "launcher.type", /ssh/, /wrapped/],
  [{ type: "slurn", partition: "a" }, "type", /slurn/, /mean "slurm"/],
];

for (const [provider, key, found, mend] of REFUSED) {
  Deno.test(`${JSON.stringify(provider)} is refused for ${key}`, () => {
    const problem = problemOf(provider);
    assertEquals(problem.key, `executor.provider.${key}`);
    assertMatch(problem.found, found);
    assertMatch(problem.mend, mend);
  });
}

// -- where managers find the agent ---------------------------------------------------------------

Deno.test("an address is one of four kinds", () => {
  assertEquals(linkAddress("auto"), { kind: "auto" });
  assertEquals(linkAddress("service"), { kind: "service" });
  assertEquals(linkAddress("10.0.0.1"), { kind: "address", address: "10.0.0.1" });
  assertEquals(linkAddress("fd00::1"), { kind: "address", address: "fd00::1" });
  assertEquals(linkAddress("eth6.560"), { kind: "interface", name: "eth6.560" });
});

for (
  const [executor, key] of [
    [{ address: "" }, "address"],
    [{ address: "login1.example.org" }, "address"],
    [{ address: "10.0.0.256:1" }, "address"],
    [{ portRange: [2, 1] }, "portRange"],
    [{ portRange: [1] }, "portRange.1"],
    [{ portRange: [0, 1] }, "portRange.0"],
    [{ reattachTimeout: 0 }, "reattachTimeout"],
  ] as const
) {
  Deno.test(`${JSON.stringify(executor)} is refused`, () => {
    const checked = checkProfile({ executor }, "");
    assertTrue("problems" in checked);
    assertEquals(checked.problems.map((problem) => problem.key), [`executor.${key}`]);
  });
}
