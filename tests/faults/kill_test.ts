/**
 * kill -9 of each process while thousands of tasks run: every task ends in exactly one terminal
 * state, and the client that waits for them sees each of them once.
 */
import { assertEquals, assertMatch, assertTrue } from "../../src/lib/assert.ts";
import { WORD_COUNT_TS } from "../helpers/functions.ts";
import { processesOf, signal } from "../helpers/processes.ts";
import type { Running } from "../helpers/running.ts";
import { processTest, type TestEnv } from "../helpers/test_env.ts";
import { until } from "../helpers/until.ts";

const TASKS = 5_000;

/** Enough work in each task that the kill comes while many are on their way. */
const WORK_TS = `${WORD_COUNT_TS}
export function work(n: number): number {
  let sum = 0;
  for (let i = 0; i < 2_000_000; i++) sum += i % 7;
  return sum < 0 ? -1 : n * 2;
}
`;

interface Status {
  readonly agent: { readonly pid: number };
}

/** Starts `map` over all tasks, and waits until results have begun to come. */
async function mapAll(env: TestEnv): Promise<Running> {
  env.file("work.ts", WORK_TS);
  const input = Array.from({ length: TASKS }, (_, index) => `[${index}]\n`).join("");
  const map = env.start(
    ["map", "work.ts:work", "--endpoint", "default", "--on-error", "write"],
    { input },
  );
  await map.untilPrinted(/^(.*\n){200}/);
  return map;
}

/** One line for each task, in order: its result, or the loss that ended it. */
async function expectAllAnswered(
  env: TestEnv,
  map: Running,
  options: { readonly lossAllowed: boolean },
): Promise<void> {
  const { stdout, stderr } = await map.finished(180_000);
  const lines = stdout.trimEnd().split("\n").map((line) => JSON.parse(line));
  assertTrue(lines.length === TASKS, `${lines.length} results: ${stderr}`);
  const lost = lines.filter((line) => typeof line === "object");
  if (!options.lossAllowed) assertEquals(lost, []);
  lines.forEach((line, index) => {
    if (typeof line === "number") assertEquals(line, index * 2);
    else {assertTrue(
        ["WORKER_LOST", "ENDPOINT_LOST"].includes(line.error.code),
        JSON.stringify(line),
      );}
  });
  await expectOneTerminalStateEach(env);
}

/** As the service has it: no task is unfinished, and no timeline ends twice. */
async function expectOneTerminalStateEach(env: TestEnv): Promise<void> {
  interface Listed {
    readonly task_id: string;
    readonly status: string;
  }
  const tasks = await env.json<Listed[]>(["task", "list", "--limit", String(TASKS * 2)]);
  assertEquals(tasks.length, TASKS);
  assertEquals(new Set(tasks.map((task) => task.task_id)).size, TASKS);
  assertEquals(tasks.filter((task) => !/^(success|failed)$/.test(task.status)), []);
  for (const { task_id } of tasks.filter((_, index) => index % 500 === 0)) {
    const { timeline } = await env.json<{ timeline: { state: string }[] }>([
      "task",
      "show",
      task_id,
    ]);
    const ends = timeline.filter((event) => /^(success|failed|cancelled)$/.test(event.state));
    assertTrue(ends.length === 1, JSON.stringify(timeline));
  }
}

async function agentPid(env: TestEnv): Promise<number> {
  return (await env.json<Status>(["status"])).agent.pid;
}

processTest("kill -9 of a worker: its tasks run again", async (env) => {
  await env.ok(["start"]);
  const agent = await agentPid(env);
  await using map = await mapAll(env);
  const workers = processesOf(env.root).filter((each) => each.parent === agent);
  assertTrue(workers.length > 0, "the agent has workers");
  signal(workers[0].pid, "SIGKILL");
  await expectAllAnswered(env, map, { lossAllowed: false });
  assertEquals(await agentPid(env), agent);
});

processTest("kill -9 of the agent: what it had accepted runs after its next start", async (env) => {
  await env.ok(["start"]);
  const agent = await agentPid(env);
  await using map = await mapAll(env);
  signal(agent, "SIGKILL");
  await until("the end of the agent", () => !env.processes().some((each) => each.pid === agent));
  // Its workers have noticed, and do not run on without anybody who wants their results.
  await until(
    "the end of its workers",
    () => !env.processes().some((each) => each.command.includes("worker")),
  );
  await env.ok(["start"]);
  assertMatch(await env.ok(["logs"]), /recovered \d+ tasks that wait/);
  await expectAllAnswered(env, map, { lossAllowed: false });
});

processTest("kill -9 of the service: clients and agent come back to it", async (env) => {
  await env.ok(["start"]);
  const { pid } = await env.json<{ pid: number }>(["service", "status"]);
  await using map = await mapAll(env);
  signal(pid, "SIGKILL");
  await until("the end of the service", () => !env.processes().some((each) => each.pid === pid));
  await env.ok(["service", "start"]);
  await expectAllAnswered(env, map, { lossAllowed: false });
});
