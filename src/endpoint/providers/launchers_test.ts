import fc from "fast-check";
import { assertEquals, assertMatch, assertTrue } from "../../lib/assert.ts";
import { runProgram } from "../../lib/run_program.ts";
import type { ResolvedLauncher } from "../../profile/resolved_provider.ts";
import { launchLines } from "./launchers.ts";
import { hoursMinutesSeconds, jobName, shellWords, submitScript } from "./submit_script.ts";
import { REQUEST } from "./testing/requests.ts";

/** Prints each of its arguments in brackets, so that a word that falls apart is seen. */
const BRACKETS = ["/bin/sh", "-c", 'printf "<%s>" "$@"', "sh"];
const NASTY = `it's "$HOME" \`id\` $(id); rm -rf & \\ # é\nnext\ttab *?`;

async function runLines(lines: readonly string[], path = ""): Promise<string> {
  const answer = await runProgram("/bin/sh", ["-c", lines.join("\n")], {
    env: { PATH: `${path}${Deno.env.get("PATH")}` },
  });
  assertTrue(answer.kind === "answered", JSON.stringify(answer));
  return answer.stdout;
}

/** A folder with programs that print their arguments in brackets, as the last line. */
function programs(names: readonly string[], before = ""): { path: string } & Disposable {
  const folder = Deno.makeTempDirSync({ prefix: "funcx-launchers-" });
  for (const name of names) {
    const script = `#!/bin/sh\n${before}\nprintf '<%s>' '${name}' "$@"\n`;
    Deno.writeTextFileSync(`${folder}/${name}`, script, { mode: 0o755 });
  }
  return {
    path: `${folder}:`,
    [Symbol.dispose]: () => Deno.removeSync(folder, { recursive: true }),
  };
}

const brackets = (words: readonly string[]): string => words.map((word) => `<${word}>`).join("");
const MANAGER = ["funcx-endpoint", "manager", NASTY];

function lines(launcher: ResolvedLauncher, nodes = 3): string[] {
  return launchLines({
    launcher,
    nodes,
    cores: null,
    manager: MANAGER,
    hosts: "printf 'a\\nb\\n'",
  });
}

Deno.test("whatever the words are, the shell has them as they were", async () => {
  const word = fc.string({ unit: "grapheme" }).filter((text) => !text.includes("\0"));
  await fc.assert(
    fc.asyncProperty(fc.array(word, { minLength: 1, maxLength: 20 }), async (words) => {
      const printed = await runLines([`${shellWords(BRACKETS)} ${shellWords(words)} end`]);
      assertEquals(printed, `${brackets(words)}<end>`);
    }),
    { numRuns: 30 },
  );
});

Deno.test("single runs the manager itself", async () => {
  const manager = [...BRACKETS, NASTY, ""];
  const launcher = { type: "single", options: [] } as const;
  assertEquals(
    await runLines(launchLines({ launcher, nodes: 1, cores: null, manager, hosts: "false" })),
    `<${NASTY}><>`,
  );
});

Deno.test("wrapped puts its words before the manager's", async () => {
  using bin = programs(["my launcher"]);
  const launcher = { type: "wrapped", command: ["my launcher", "-x", NASTY] } as const;
  assertEquals(
    await runLines(lines(launcher), bin.path),
    brackets([...launcher.command, ...MANAGER]),
  );
});

const STARTED: readonly (readonly ["srun" | "jsrun" | "aprun", options: string])[] = [
  [
    "srun",
    "--nodes=3 --ntasks=3 --ntasks-per-node=1 --no-kill --wait=0 --kill-on-bad-exit=0 --overlap " +
    "--cpu-bind=none",
  ],
  [
    "jsrun",
    "--nrs 3 --rs_per_host 1 --tasks_per_rs 1 --cpu_per_rs ALL_CPUS --gpu_per_rs ALL_GPUS " +
    "--bind none",
  ],
  ["aprun", "-n 3 -N 1"],
];

for (const [type, options] of STARTED) {
  Deno.test(`${type} starts one manager on each node, with further options behind its own`, async () => {
    using bin = programs([type]);
    const started = lines({ type, options: ["-v", "a b"] });
    const words = [type, ...options.split(" "), "-v", "a b", ...MANAGER];
    assertEquals(await runLines(started, bin.path), brackets(words));
  });
}

for (
  const [version, options] of [
    ["mpiexec (OpenRTE) 4.1.4", ["--map-by", "ppr:1:node", "--bind-to", "none"]],
    ["mpirun (Open MPI) 5.0.2", ["--map-by", "ppr:1:node", "--bind-to", "none"]],
    ["HYDRA build details: Version: 4.0", ["-ppn", "1"]],
    ["mpiexec: PALS 1.2.12", ["-ppn", "1"]],
  ] as const
) {
  Deno.test(`mpiexec of "${version}" is told to start one manager on each node`, async () => {
    using bin = programs(["mpiexec"], `[ "$1" = --version ] && { echo '${version}'; exit; }`);
    const printed = await runLines(lines({ type: "mpiexec", options: ["-v"] }), bin.path);
    assertEquals(printed, brackets(["mpiexec", "-n", "3", ...options, "-v", ...MANAGER]));
  });
}

Deno.test("ssh starts the manager on each host, as a command for the shell there", async () => {
  using bin = programs(["ssh"]);
  const hosts = (await runLines(lines({ type: "ssh", options: [] }), bin.path)).split("<ssh>");
  assertEquals(hosts.length, 3);
  assertEquals(
    hosts.slice(1).map((words) => /^<-tt><-o><BatchMode=yes><(.)>/.exec(words)?.[1]).sort(),
    ["a", "b"],
  );
  // What is given to ssh is run by a shell on the other side.
  const remote = /^<-tt><-o><BatchMode=yes><.><(.*)>$/s.exec(hosts[1])?.[1] ?? "";
  const there = await runLines([
    `funcx_endpoint() { printf '<%s>' "$@"; }`,
    remote.replace("exec funcx-endpoint", "funcx_endpoint"),
  ]);
  assertEquals(there, brackets(MANAGER.slice(1)));
});

Deno.test("a script writes its output into the block's folder, whatever that is called", async () => {
  const folder = `${Deno.makeTempDirSync()}/${NASTY.replace("\n", "")}`;
  Deno.mkdirSync(folder);
  const request = { ...REQUEST, folder, blockId: "a\ntouch ran" };
  const script = submitScript({ request, directives: ["#X -y"], launch: ["pwd", "ls >&2"] });
  assertMatch(script, /^#!\/bin\/sh\n#X -y\n# Block a touch ran of/);
  assertEquals(await runLines([script]), "");
  assertEquals(Deno.readTextFileSync(`${folder}/output`), `${folder}\noutput\n`);
  assertEquals((Deno.statSync(`${folder}/output`).mode ?? 0) & 0o777, 0o600);
  Deno.removeSync(`${folder}/..`, { recursive: true });
});

Deno.test("a name is what every scheduler takes", () => {
  const name = (text: string): string => jobName({ ...REQUEST, name: text });
  assertEquals(name("funcx-default-1"), "funcx-default-1");
  assertEquals(name("1 é;\n"), "b1____");
  assertEquals(name("a".repeat(999)).length, 63);
});

Deno.test("a walltime has as many hours as it takes, and rounds up", () => {
  assertEquals(hoursMinutesSeconds(59.1), "00:01:00");
  assertEquals(hoursMinutesSeconds(360_061), "100:01:01");
});
