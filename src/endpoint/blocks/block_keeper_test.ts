import { assertEquals, assertMatch, assertTrue } from "../../lib/assert.ts";
import { delay } from "../../lib/async.ts";
import { join } from "../../lib/path.ts";
import type { FuncxFailure } from "../../contract/errors.ts";
import { fatal, ok, retryable } from "../../lib/outcome.ts";
import { checkProfile } from "../../profile/problems.ts";
import { resolveProvider } from "../../profile/provider_defaults.ts";
import type { BlockProvider } from "../../profile/resolved_provider.ts";
import type { ManagerStatus } from "../managers/manager_pool.ts";
import type {
  BlockRequest,
  JobState,
  Provider,
  SchedulerFailure,
  SchedulerOutcome,
} from "../providers/provider.ts";
import { ended, GONE } from "../providers/provider.ts";
import type { LiveState } from "./block.ts";
import { BlockKeeper } from "./block_keeper.ts";

const MINUTE = 60_000;

function failure(
  code: SchedulerFailure["code"],
  words: string,
  mayBeDone = false,
): SchedulerFailure {
  return { code, message: words, hint: "Mend it.", words, mayBeDone };
}

/** A scheduler whose answers a test decides. */
class Scheduler implements Provider {
  readonly type = "slurm";
  readonly jobs = new Map<string, JobState>();
  readonly requests: BlockRequest[] = [];
  readonly cancelled: string[] = [];
  asked = 0;
  /** Given instead of an answer while it is set. */
  refusal: Exclude<SchedulerOutcome<never>, { kind: "ok" }> | undefined;

  script(): string {
    return "";
  }

  submit(request: BlockRequest): Promise<SchedulerOutcome<string>> {
    this.requests.push(request);
    if (this.refusal !== undefined) return Promise.resolve(this.refusal);
    const jobId = String(this.requests.length);
    this.jobs.set(jobId, { kind: "queued", reason: "Priority" });
    return Promise.resolve(ok(jobId));
  }

  status(jobIds: readonly string[]): ReturnType<Provider["status"]> {
    this.asked += 1;
    if (this.refusal !== undefined) return Promise.resolve(this.refusal);
    return Promise.resolve(ok(new Map(jobIds.map((id) => [id, this.jobs.get(id)!]))));
  }

  cancel(jobIds: readonly string[]): ReturnType<Provider["cancel"]> {
    if (this.refusal !== undefined) return Promise.resolve(this.refusal);
    for (const id of jobIds) this.cancelled.push(id);
    return Promise.resolve(ok(null));
  }
}

/** A keeper with all that is around it. */
class Stage implements AsyncDisposable {
  readonly folder = Deno.makeTempDirSync();
  readonly scheduler = new Scheduler();
  readonly managers: ManagerStatus[] = [];
  readonly retired: string[] = [];
  readonly closed: string[] = [];
  /** Of the blocks that were to end, why. */
  readonly planned: string[] = [];
  problem: FuncxFailure | null = null;
  waiting = 0;
  now = 1_000_000;
  keeper: BlockKeeper;
  #look = (): void => {};
  readonly #settings: BlockProvider;

  constructor(provider: object = {}) {
    this.#settings = settingsOf(provider);
    this.keeper = this.#start();
  }

  #start(): BlockKeeper {
    const keeper = new BlockKeeper({
      provider: this.scheduler,
      settings: this.#settings,
      access: {
        pool: {
          managers: this.managers,
          awaitsManagers: false,
          retire: (blockId) => this.retired.push(blockId),
        },
        open: (_blockId, folder) => join(folder, "connection.json"),
        ended: (blockId, _reason, planned) => {
          this.closed.push(blockId);
          if (planned !== undefined) this.planned.push(planned);
        },
      },
      stateDir: this.folder,
      name: "test",
      workersPerNode: 2,
      expectedWorkers: 2,
      now: () => this.now,
      repeat: (look) => {
        this.#look = look;
        return () => this.#look = (): void => {};
      },
    });
    keeper.start({
      tasks: () => ({ waiting: this.waiting, running: this.#running, onNodes: new Map() }),
      tell: (problem) => this.problem = problem,
      changed: () => undefined,
    });
    return keeper;
  }

  get #running(): number {
    return this.managers.reduce((sum, { outstanding }) => sum + outstanding, 0);
  }

  /** As after a kill of the agent: nobody calls the keeper of before. */
  restart(): void {
    this.keeper = this.#start();
  }

  /** Lets so much time pass, and everything happen that has to. */
  async pass(milliseconds: number): Promise<void> {
    this.now += milliseconds;
    for (let turn = 0; turn < 2; turn++) {
      this.#look();
      // For the scheduler's answers.
      await delay(0);
    }
  }

  /** A manager of the block comes, with so many tasks. */
  arrive(blockId: string, outstanding = 0): void {
    this.managers.push({
      managerId: `manager of ${blockId}`,
      blockId,
      hostname: "node1",
      state: "attached",
      hello: { workers: 2 } as ManagerStatus["hello"],
      workers: 2,
      idleWorkers: Math.max(0, 2 - outstanding),
      outstanding,
      hasWholeNodes: false,
      endsAt: null,
      outlook: "open",
      images: [],
    });
  }

  /** Kinds of state of the blocks that live, the oldest first. */
  get states(): LiveState["kind"][] {
    return this.keeper.blocks.flatMap(({ state }) => state.kind === "ended" ? [] : state.kind)
      .reverse();
  }

  get blockIds(): string[] {
    return this.keeper.blocks.map(({ blockId }) => blockId).reverse();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.scheduler.refusal = undefined;
    await this.keeper.close();
    Deno.removeSync(this.folder, { recursive: true });
  }
}

function settingsOf(provider: object): BlockProvider {
  const wanted = { type: "slurm", maxBlocks: 3, maxIdleTime: 60, pollInterval: 20, ...provider };
  const checked = checkProfile({ executor: { provider: wanted } }, "");
  assertTrue("profile" in checked, JSON.stringify(checked));
  const resolved = resolveProvider(checked.profile.executor!.provider!);
  assertTrue(resolved.type !== "local");
  return resolved;
}

Deno.test("blocks are asked for as tasks need them, and never more than there may be", async () => {
  await using stage = new Stage();
  await stage.pass(0);
  assertEquals(stage.states, []);
  stage.waiting = 3;
  await stage.pass(1_000);
  assertEquals(stage.states, ["queued", "queued"]);
  stage.waiting = 1_000;
  await stage.pass(1_000);
  await stage.pass(60_000);
  assertEquals(stage.states, ["queued", "queued", "queued"]);
  const [request] = stage.scheduler.requests;
  assertEquals(Deno.statSync(request!.folder).mode! & 0o777, 0o700);
});

Deno.test("all jobs are asked about in one command, once in a poll period", async () => {
  await using stage = new Stage();
  stage.waiting = 1_000;
  await stage.pass(0);
  await stage.pass(5_000);
  const { asked } = stage.scheduler;
  for (let second = 0; second < 40; second++) await stage.pass(1_000);
  assertEquals(stage.scheduler.asked - asked, 2);
  assertEquals(stage.keeper.scheduler.answer?.text, "3 queued");
  const [block] = stage.keeper.blocks;
  assertTrue(block!.state.kind === "queued");
  assertEquals(block!.state.reason, "Priority");
});

Deno.test("a block that nothing needs for long is given no task and cancelled", async () => {
  await using stage = new Stage();
  stage.waiting = 2;
  await stage.pass(0);
  const [blockId] = stage.blockIds;
  stage.arrive(blockId!, 2);
  stage.waiting = 0;
  await stage.pass(1_000);
  assertEquals(stage.states, ["running"]);
  stage.managers[0] = { ...stage.managers[0]!, outstanding: 0, idleWorkers: 2 };
  await stage.pass(1_000);
  await stage.pass(59_000);
  assertEquals(stage.states, ["running"]);
  await stage.pass(2_000);
  assertEquals([stage.retired, stage.scheduler.cancelled], [[blockId], ["1"]]);
  assertEquals(stage.states, ["ending"]);
  stage.managers.pop();
  stage.scheduler.jobs.set("1", ended("cancelled", null));
  await stage.pass(20_000);
  assertEquals([stage.states, stage.closed], [[], [blockId]]);
});

for (const outlook of ["short", "ending"] as const) {
  Deno.test(`a block that is ${outlook} does not keep tasks waiting that others could run`, async () => {
    await using stage = new Stage();
    stage.waiting = 1;
    await stage.pass(0);
    const [blockId] = stage.blockIds;
    stage.arrive(blockId!, 1);
    await stage.pass(1_000);
    // It has room for both.
    assertEquals(stage.states, ["running"]);
    stage.managers[0] = { ...stage.managers[0]!, outlook };
    await stage.pass(1_000);
    assertEquals(stage.states, ["running", "queued"]);
    stage.managers[0] = { ...stage.managers[0], outstanding: 0, idleWorkers: 2 };
    await stage.pass(1_000);
    await stage.pass(61_000);
    // A block that drains ends by itself.
    assertEquals(stage.retired, outlook === "short" ? [blockId] : []);
    assertEquals(stage.scheduler.requests.length, 2);
  });
}

Deno.test("a submit that was cut off counts until a manager comes, or too long none does", async () => {
  await using stage = new Stage({ maxBlocks: 2 });
  const { scheduler } = stage;
  scheduler.refusal = retryable(failure("SCHEDULER_UNAVAILABLE", "no answer", true));
  stage.waiting = 1_000;
  await stage.pass(0);
  await stage.pass(10 * MINUTE);
  await stage.pass(2 * MINUTE);
  // Not one more than there may be, though nobody has seen a job.
  assertEquals([scheduler.requests.length, stage.states], [2, ["submitting", "submitting"]]);
  assertEquals(stage.problem?.code, "SCHEDULER_UNAVAILABLE");
  const [first, second] = stage.blockIds;
  stage.arrive(first!, 1);
  await stage.pass(1_000);
  assertEquals(stage.states, ["running", "submitting"]);
  scheduler.refusal = undefined;
  await stage.pass(16 * MINUTE);
  assertEquals(stage.closed, [second]);
});

Deno.test("three failures in a row end the asking, each told with its cause", async () => {
  await using stage = new Stage();
  const { scheduler } = stage;
  scheduler.refusal = fatal(failure("SCHEDULER_REFUSED", "Invalid account"));
  stage.waiting = 1_000;
  await stage.pass(0);
  assertEquals([stage.problem?.code, stage.problem?.message], [
    "SCHEDULER_REFUSED",
    "Invalid account",
  ]);
  for (let minute = 0; minute < 60; minute++) await stage.pass(MINUTE);
  assertEquals(scheduler.requests.length, 3);
  assertMatch(stage.problem!.message, /no more blocks .* 3 in a row have failed: Invalid account/);
  assertMatch(stage.problem!.hint!, /Mend it\. Then: funcx-endpoint restart test/);
});

Deno.test("a job that cannot start, or ends without a manager, is a failure; one that works ends them", async () => {
  await using stage = new Stage();
  const { scheduler } = stage;
  stage.waiting = 1;
  await stage.pass(0);
  scheduler.jobs.set("1", { kind: "stuck", reason: "BadConstraints" });
  await stage.pass(20_000);
  assertEquals(scheduler.cancelled, ["1"]);
  assertMatch(stage.problem!.message, /job 1 cannot start: BadConstraints/);
  scheduler.jobs.set("1", ended("cancelled", null));
  await stage.pass(20_000);
  const folder = stage.keeper.blocks[0]!.folder;
  Deno.writeTextFileSync(join(folder, "output"), "module: command not found\n");
  scheduler.jobs.set("2", ended("failed", 127));
  await stage.pass(20_000);
  assertMatch(
    stage.problem!.message,
    /failed with exit code 127; its last words: module: command not found/,
  );
  await stage.pass(20_000);
  stage.arrive(stage.blockIds.at(-1)!, 1);
  await stage.pass(1_000);
  assertEquals(stage.problem, null);
});

Deno.test("a scheduler that does not answer costs no block, and is asked less and less", async () => {
  await using stage = new Stage();
  const { scheduler } = stage;
  stage.waiting = 2;
  await stage.pass(0);
  stage.arrive(stage.blockIds[0]!, 2);
  stage.waiting = 0;
  await stage.pass(20_000);
  scheduler.refusal = retryable(failure("SCHEDULER_UNAVAILABLE", "slurmctld is away"));
  const { asked } = scheduler;
  for (let minute = 0; minute < 60; minute++) await stage.pass(MINUTE);
  assertTrue(scheduler.asked - asked < 25, `${scheduler.asked - asked} times in an hour`);
  assertEquals([stage.states, stage.problem?.message], [["running"], "slurmctld is away"]);
  scheduler.refusal = undefined;
  scheduler.jobs.set("1", { kind: "running", nodes: ["node1"] });
  await stage.pass(10 * MINUTE);
  assertEquals(stage.problem, null);
});

Deno.test("a job that the scheduler does not know is believed in as long as its manager is there", async () => {
  await using stage = new Stage();
  stage.waiting = 1;
  await stage.pass(0);
  stage.arrive(stage.blockIds[0]!, 1);
  stage.waiting = 0;
  stage.scheduler.jobs.set("1", GONE);
  await stage.pass(20_000);
  assertEquals(stage.states, ["running"]);
  stage.managers.pop();
  await stage.pass(20_000);
  assertEquals(stage.states, []);
});

Deno.test("a job that reached its walltime was to end, one that failed was not", async () => {
  await using stage = new Stage();
  stage.waiting = 4;
  await stage.pass(0);
  const [late, broken] = stage.blockIds;
  stage.arrive(late!, 2);
  stage.arrive(broken!, 2);
  stage.waiting = 0;
  await stage.pass(1_000);
  stage.scheduler.jobs.set("1", ended("timed-out", null));
  stage.scheduler.jobs.set("2", ended("failed", 1));
  await stage.pass(20_000);
  assertEquals(stage.closed.toSorted(), [late!, broken!].toSorted());
  assertEquals(stage.planned, [`block ${late} reached its walltime`]);
});

Deno.test("the next agent knows the jobs of the one before, and what may be one", async () => {
  await using stage = new Stage();
  const { scheduler } = stage;
  stage.waiting = 3;
  await stage.pass(0);
  const before = stage.blockIds;
  const { asked } = scheduler;
  stage.restart();
  await stage.pass(0);
  assertEquals([stage.blockIds, stage.states], [before, ["queued", "queued"]]);
  assertEquals([scheduler.asked - asked, scheduler.requests.length], [1, 2]);
});

Deno.test("managers have as long to come to an agent that was away as to one that was not", async () => {
  await using stage = new Stage();
  const { scheduler } = stage;
  stage.waiting = 4;
  await stage.pass(0);
  scheduler.jobs.set("1", { kind: "running", nodes: ["node1"] });
  await stage.pass(20_000);
  assertEquals(stage.states, ["running", "queued"]);
  stage.now += 60 * MINUTE;
  stage.restart();
  await stage.pass(4 * MINUTE);
  assertEquals([stage.states, scheduler.cancelled, stage.problem], [
    ["running", "queued"],
    [],
    null,
  ]);
  await stage.pass(2 * MINUTE);
  assertEquals(scheduler.cancelled, ["1"]);
  assertMatch(stage.problem!.message, /has run for 5 minutes without a manager/);
});

Deno.test("a submit that was cut off is in doubt for as long after the agent was away", async () => {
  await using stage = new Stage({ maxBlocks: 1 });
  stage.scheduler.refusal = retryable(failure("SCHEDULER_UNAVAILABLE", "no answer", true));
  stage.waiting = 1;
  await stage.pass(0);
  stage.now += 60 * MINUTE;
  stage.restart();
  await stage.pass(14 * MINUTE);
  assertEquals([stage.states, stage.closed], [["submitting"], []]);
  const [doubtful] = stage.blockIds;
  await stage.pass(2 * MINUTE);
  assertEquals(stage.closed, [doubtful]);
});

Deno.test("a cancel that was not carried out is repeated, and in the end left to the next agent", async () => {
  await using stage = new Stage();
  const { scheduler } = stage;
  stage.waiting = 1;
  await stage.pass(0);
  scheduler.jobs.set("1", { kind: "stuck", reason: "JobHeldUser" });
  await stage.pass(20_000);
  assertEquals(scheduler.cancelled, ["1"]);
  await stage.pass(MINUTE);
  assertEquals(scheduler.cancelled, ["1", "1"]);
  scheduler.refusal = retryable(failure("SCHEDULER_UNAVAILABLE", "away"));
  await stage.keeper.close();
  scheduler.refusal = undefined;
  stage.waiting = 0;
  stage.restart();
  // The second one was asked for after the first had failed.
  assertEquals(stage.states, ["ending", "ending"]);
});

Deno.test("a damaged file is kept, and its agent starts without blocks", async () => {
  await using stage = new Stage();
  stage.waiting = 1;
  await stage.pass(0);
  const path = join(stage.folder, "blocks", "blocks.json");
  Deno.writeTextFileSync(path, "{");
  stage.waiting = 0;
  stage.restart();
  assertEquals([stage.blockIds, Deno.readTextFileSync(`${path}.damaged`)], [[], "{"]);
});
