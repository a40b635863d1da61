import { assertEquals, assertMatch, assertTrue } from "../lib/assert.ts";
import { checkProfile, type ProfileProblem } from "./problems.ts";

function problemsOf(value: unknown, source = ""): readonly ProfileProblem[] {
  const checked = checkProfile(value, source);
  assertTrue("problems" in checked, "no problem was found");
  return checked.problems;
}

Deno.test("everything may be left out, and everything may be there", () => {
  for (
    const value of [{}, { executor: {} }, { executor: { runtimes: {} } }, {
      displayName: "Midway 3",
      site: "Midway 3, UChicago",
      description: "",
      service: "https://funcx.example.org/base",
      stateDir: "~/scratch",
      executor: {
        workersPerNode: 8,
        prefetch: 0,
        maxAttempts: 1,
        walltime: "100:00:00",
        idleTime: 30,
        provider: { type: "local" },
        mpiLauncher: "srun",
        runtimes: {
          typescript: { permissions: { read: true, net: ["example.org"], env: [] } },
          python: { interpreter: "python3.11" },
          shell: false,
        },
        workerInit: "module load python\nulimit -c 0",
        environment: { OMP_NUM_THREADS: "1" },
        sandbox: true,
        workingFolder: "/scratch",
      },
      allowedFunctions: ["0e4ee03f-9761-4058-8cdf-ea799525d846"],
      public: false,
      logLevel: "debug",
    }]
  ) assertTrue("profile" in checkProfile(value, ""));
});

/** A wrong value, its key, and what the message says of it. */
const WRONG: readonly (readonly [
  value: unknown,
  key: string,
  found: string,
  expected: RegExp,
  mend: RegExp,
])[] = [
  [3, "", "3", /an object/, /export default/],
  [[], "", "[]", /an object/, /export default/],
  [null, "", "null", /an object/, /export default/],
  [{ displayName: 7 }, "displayName", "7", /1 to 200 characters/, /in quotes/],
  [{ displayName: "" }, "displayName", '""', /1 to 200 characters/, /leave it out/],
  [{ site: "two\nlines" }, "site", '"two\\nlines"', /one line/, /leave it out/],
  [{ description: null }, "description", "null", /string/, /leave it out/],
  [{ service: "midway" }, "service", '"midway"', /base URL/, /https:\/\/HOST/],
  [{ service: "ftp://a" }, "service", '"ftp://a"', /base URL/, /https:\/\/HOST/],
  [{ service: "https://u:p@a" }, "service", '"https://u:p@a"', /base URL/, /without user/],
  [{ service: "https://a/?b" }, "service", '"https://a/?b"', /base URL/, /without user/],
  [{ stateDir: "" }, "stateDir", '""', /a path/, /absolute/],
  [{ stateDir: "a\0b" }, "stateDir", '"a\\u0000b"', /a path/, /absolute/],
  [{ executor: [] }, "executor", "[]", /an object/, /\{ key: value \}/],
  [{ executor: { workersPerNode: 0 } }, "executor.workersPerNode", "0", /1 to 1024/, /"auto"/],
  [{ executor: { workersPerNode: 1.5 } }, "executor.workersPerNode", "1.5", /whole/, /"auto"/],
  [{ executor: { workersPerNode: "8" } }, "executor.workersPerNode", '"8"', /whole/, /"auto"/],
  [{ executor: { coresPerWorker: 0 } }, "executor.coresPerWorker", "0", /more than 0/, /share/],
  [{ executor: { memPerWorker: "4GB" } }, "executor.memPerWorker", '"4GB"', /"4G"/, /no limit/],
  [
    { executor: { availableAccelerators: -1 } },
    "executor.availableAccelerators",
    "-1",
    /0 to 1024/,
    /"auto"/,
  ],
  [
    { executor: { availableAccelerators: [1.5] } },
    "executor.availableAccelerators.0",
    "1.5",
    /accelerator's id/,
    /"0\.1"/,
  ],
  [{ executor: { cpuAffinity: true } }, "executor.cpuAffinity", "true", /"block"/, /0-3/],
  [{ executor: { cpuAffinity: ["0-"] } }, "executor.cpuAffinity.0", '"0-"', /list/, /0-3,64/],
  [{ executor: { prefetch: -1 } }, "executor.prefetch", "-1", /0 to 10000/, /for 0/],
  [{ executor: { maxAttempts: 0 } }, "executor.maxAttempts", "0", /1 to 100/, /never run/],
  [{ executor: { walltime: "1h" } }, "executor.walltime", '"1h"', /HH:MM:SS/, /01:00:00/],
  [
    { executor: { walltime: "00:00:00" } },
    "executor.walltime",
    '"00:00:00"',
    /more than 0/,
    /no end/,
  ],
  [{ executor: { walltime: 0 } }, "executor.walltime", "0", /more than 0/, /no end/],
  [{ executor: { mpiLauncher: "jsrun" } }, "executor.mpiLauncher", '"jsrun"', /"aprun"/, /Slurm/],
  [{ executor: { idleTime: 0 } }, "executor.idleTime", "0", /more than 0/, /ten minutes/],
  [{ executor: { provider: "local" } }, "executor.provider", '"local"', /object/, /type: "local"/],
  [{ executor: { provider: {} } }, "executor.provider.type", "nothing", /"local"/, /type: "local"/],
  [
    { executor: { provider: { type: "cloud" } } },
    "executor.provider.type",
    '"cloud"',
    /"local"/,
    /type: "local"/,
  ],
  [
    { executor: { runtimes: { python: true } } },
    "executor.runtimes.python",
    "true",
    /false or an object/,
    /interpreter/,
  ],
  [
    { executor: { runtimes: { python: { interpreter: "" } } } },
    "executor.runtimes.python.interpreter",
    '""',
    /name or path/,
    /python3/,
  ],
  [
    { executor: { runtimes: { shell: "bash" } } },
    "executor.runtimes.shell",
    '"bash"',
    /false or an object/,
    /shell: /,
  ],
  [
    { executor: { runtimes: { shell: { shell: "bash" } } } },
    "executor.runtimes.shell.shell",
    '"bash"',
    /path of a shell/,
    /"\/bin\/bash"/,
  ],
  [
    { executor: { runtimes: { typescript: { permissions: true } } } },
    "executor.runtimes.typescript.permissions",
    "true",
    /an object/,
    /net: /,
  ],
  [
    { executor: { runtimes: { typescript: { permissions: { net: "a" } } } } },
    "executor.runtimes.typescript.permissions.net",
    '"a"',
    /array of strings/,
    /example\.org/,
  ],
  [{ executor: { workerInit: ["a"] } }, "executor.workerInit", '["a"]', /shell lines/, /Join/],
  [{ executor: { environment: { N: 8 } } }, "executor.environment.N", "8", /a string/, /in quotes/],
  [
    { executor: { environment: { "A B": "" } } },
    "executor.environment.A B",
    '"A B"',
    /object of strings/,
    /names have letters/,
  ],
  [
    { executor: { sandbox: "yes" } },
    "executor.sandbox",
    '"yes"',
    /true or false/,
    /without quotes/,
  ],
  [{ executor: { workingFolder: 1 } }, "executor.workingFolder", "1", /a path/, /absolute/],
  [{ allowedFunctions: "x" }, "allowedFunctions", '"x"', /array/, /leave it out/],
  [{ allowedFunctions: ["x"] }, "allowedFunctions.0", '"x"', /UUID/, /function list/],
  [{ public: 1 }, "public", "1", /true or false/, /without quotes/],
  [{ logLevel: "warn" }, "logLevel", '"warn"', /"warning"/, /"info"/],
  [{ serivce: "" }, "serivce", 'the unknown key "serivce"', /one of .*service/, /mean "service"/],
  [
    { executor: { max_attempts: 1 } },
    "executor.max_attempts",
    'the unknown key "max_attempts"',
    /maxAttempts/,
    /mean "maxAttempts"/,
  ],
  [
    { workersPerNode: 1 },
    "workersPerNode",
    'the unknown key "workersPerNode"',
    /one of/,
    /Move it to "executor\.workersPerNode"/,
  ],
  [{ colour: 1 }, "colour", 'the unknown key "colour"', /one of/, /Remove it/],
];

for (const [value, key, found, expected, mend] of WRONG) {
  Deno.test(`${JSON.stringify(value)} is explained`, () => {
    const problems = problemsOf(value);
    assertEquals(problems.map((problem) => [problem.key, problem.found]), [[key, found]]);
    assertMatch(problems[0].expected, expected);
    assertMatch(problems[0].mend, mend);
  });
}

Deno.test("all problems are told at once, each with its line where that is certain", () => {
  const source = [
    "export default {",
    "  public: 1,",
    "  executor: {",
    "    prefetch: -1,",
    '    maxAttempts: "2",',
    "    provider: { type: 1, name: 2 },",
    "  },",
    "  notes: { maxAttempts: 3 },",
    "};",
  ].join("\n");
  const value = {
    public: 1,
    executor: { prefetch: -1, maxAttempts: "2", provider: { type: 1, name: 2 } },
    notes: { maxAttempts: 3 },
  };
  const lines = problemsOf(value, source).map(({ key, line }) => [key, line]);
  assertEquals(Object.fromEntries(lines), {
    public: 2,
    "executor.prefetch": 4,
    "executor.maxAttempts": undefined,
    "executor.provider.type": 6,
    notes: 8,
  });
});

Deno.test("a long value is cut off", () => {
  const [{ found }] = problemsOf({ public: "x".repeat(100_000) });
  assertTrue(found.length < 100 && found.endsWith("…"));
});
