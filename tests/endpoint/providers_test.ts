/** Providers against programs that imitate those of their schedulers. */
import { assertEquals, assertMatch, assertTrue } from "../../src/lib/assert.ts";
import type { JobState, Provider } from "../../src/endpoint/providers/provider.ts";
import { makeProvider } from "../../src/endpoint/providers/providers.ts";
import { REQUEST, settingsOf } from "../../src/endpoint/providers/testing/requests.ts";
import { SchedulerImitation } from "../helpers/scheduler_imitation.ts";

const TYPES = ["pbs", "lsf", "htcondor"] as const;
type Imitated = typeof TYPES[number];

function provider(
  imitation: SchedulerImitation,
  type: Imitated,
  options: Readonly<Record<string, unknown>> = {},
): Provider {
  return makeProvider(settingsOf({ type, ...options }), imitation.env);
}

async function submit(to: Provider, folder: string, nodes = 1): Promise<string> {
  const outcome = await to.submit({ ...REQUEST, folder, nodes });
  assertTrue(outcome.kind === "ok", JSON.stringify(outcome));
  return outcome.value;
}

async function kinds(of: Provider, jobIds: readonly string[]): Promise<string[]> {
  const outcome = await of.status(jobIds);
  assertTrue(outcome.kind === "ok", JSON.stringify(outcome));
  return [...outcome.value.values()].map(word);
}

function word(state: JobState): string {
  return state.kind === "ended" ? state.how : state.kind;
}

for (const type of TYPES) {
  Deno.test(`${type}: a block is queued, runs and ends, each told of in one command`, async () => {
    using imitation = new SchedulerImitation();
    const { jobs } = imitation;
    const scheduler = provider(imitation, type);
    const ids = [];
    for (const name of ["a", "b", "c"]) {
      ids.push(await submit(scheduler, imitation.blockFolder(name)));
    }
    assertEquals(await kinds(scheduler, ids), ["queued", "queued", "queued"]);
    jobs.set(ids[1], "running");
    const before = jobs.calls.length;
    assertEquals(await kinds(scheduler, ids), ["queued", "running", "queued"]);
    assertEquals(jobs.calls.length, before + 1);
    jobs.set(ids[1], "failed");
    jobs.set(ids[2], "completed");
    assertEquals(await kinds(scheduler, [...ids, "999"]), [
      "queued",
      "failed",
      "completed",
      "gone",
    ]);
    assertEquals(await scheduler.cancel([ids[0], ids[1]]), { kind: "ok", value: null });
    assertEquals(await kinds(scheduler, [ids[0]]), ["cancelled"]);
    assertEquals(await scheduler.cancel([...ids, "999"]), { kind: "ok", value: null });
  });
}

Deno.test("pbs: a server that keeps no history tells of the jobs that it has", async () => {
  using imitation = new SchedulerImitation();
  const { jobs } = imitation;
  jobs.keepNoHistory();
  const scheduler = provider(imitation, "pbs");
  const ids = [];
  for (const name of ["a", "b"]) ids.push(await submit(scheduler, imitation.blockFolder(name)));
  jobs.set(ids[0], "running");
  assertEquals(await kinds(scheduler, ids), ["running", "queued"]);
  jobs.set(ids[0], "completed");
  assertEquals(await kinds(scheduler, ids), ["gone", "queued"]);
});

/** All that a site may ask for: every directive is one that the scheduler has. */
const EVERYTHING = {
  pbs: {
    queue: "debug",
    account: "abc-1",
    coresPerNode: 32,
    memPerNode: "4G",
    gpusPerNode: 4,
    selectOptions: "model=rome",
    exclusive: true,
    schedulerOptions: "#PBS -l filesystems=home:grand",
  },
  lsf: {
    queue: "debug",
    account: "abc-1",
    coresPerNode: 32,
    memPerNode: "4G",
    gpusPerNode: 4,
    reservation: "school",
    exclusive: true,
    schedulerOptions: "#BSUB -alloc_flags smt4",
  },
  htcondor: {
    account: "abc-1",
    coresPerNode: 32,
    memPerNode: "4G",
    gpusPerNode: 4,
    requirements: "HAS_SINGULARITY == True",
    transferFiles: true,
    schedulerOptions: '+ProjectName = "example"',
  },
} as const;

for (const type of TYPES) {
  Deno.test(`${type}: everything that a profile can say is something that the scheduler takes`, async () => {
    using imitation = new SchedulerImitation();
    const scheduler = provider(imitation, type, {
      ...EVERYTHING[type],
      nodesPerBlock: 2,
      walltime: "10:30:00",
    });
    const id = await submit(scheduler, imitation.blockFolder("a"), 2);
    const script = imitation.jobs.scriptOf(id);
    assertEquals(
      script,
      scheduler.script({ ...REQUEST, folder: `${imitation.folder}/a`, nodes: 2 }),
    );
    assertTrue(script.includes(EVERYTHING[type].schedulerOptions));
  });
}

const REFUSED: readonly (readonly [Imitated, Record<string, unknown>, words: RegExp])[] = [
  ["pbs", { queue: "nope" }, /^qsub: Unknown queue$/],
  ["pbs", { account: "nobody" }, /Invalid account/],
  ["pbs", { schedulerOptions: "#PBS --no-such-option" }, /invalid option/],
  ["lsf", { queue: "nope" }, /^nope: No such queue\. Job not submitted\.$/],
  ["lsf", { schedulerOptions: "#BSUB -nosuch" }, /invalid option/],
  ["htcondor", { account: "nobody" }, /Failed to commit/],
  ["htcondor", { schedulerOptions: "no_such = 1" }, /on Line: no_such/],
];

for (const [type, options, words] of REFUSED) {
  Deno.test(`${type}: ${JSON.stringify(options)} is refused with the scheduler's words`, async () => {
    using imitation = new SchedulerImitation();
    const scheduler = provider(imitation, type, options);
    const outcome = await scheduler.submit({ ...REQUEST, folder: imitation.blockFolder("a") });
    assertTrue(outcome.kind === "fatal", JSON.stringify(outcome));
    assertEquals(outcome.failure.code, "SCHEDULER_REFUSED");
    assertMatch(outcome.failure.words, words);
  });
}

Deno.test("htcondor: a path that cannot be written is a failure, and no exception", async () => {
  using imitation = new SchedulerImitation();
  const folder = imitation.blockFolder("a\nb");
  const outcome = await provider(imitation, "htcondor").submit({ ...REQUEST, folder });
  assertTrue(outcome.kind === "fatal");
  assertMatch(outcome.failure.message, /submit description of HTCondor cannot have/);
  assertMatch(outcome.failure.hint ?? "", /stateDir/);
});

Deno.test("htcondor: no path or argument gets out of its place", async () => {
  using imitation = new SchedulerImitation();
  const nasty = `it's "quoted" $(HOME) $ENV(HOME) é`;
  const folder = imitation.blockFolder(`a ${nasty.replaceAll("/", "")}`);
  const scheduler = provider(imitation, "htcondor");
  const manager = ["/bin/funcx-endpoint", "manager", nasty, ""];
  const outcome = await scheduler.submit({ ...REQUEST, folder, manager });
  assertTrue(outcome.kind === "ok", JSON.stringify(outcome));
  assertMatch(
    imitation.jobs.scriptOf(outcome.value),
    /^arguments = "'manager' 'it''s ""quoted"" \$\(DOLLAR\)\(HOME\) \$\(DOLLAR\)ENV\(HOME\) é' ''"$/m,
  );
});
