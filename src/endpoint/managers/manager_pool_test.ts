/** Tasks through managers that are processes of their own. */
import { IDLE_SLOT } from "../../contract/protocol/machine_picture.ts";
import { assertEquals, assertMatch, assertTrue } from "../../lib/assert.ts";
import type { PlannedEnd } from "../../contract/protocol/manager_messages.ts";
import { newId } from "../../contract/ids.ts";
import { blobBuffer, filesBuffer } from "../../contract/blob_reference.ts";
import { jsonBuffer, pack } from "../../contract/envelope.ts";
import { checkProfile } from "../../profile/problems.ts";
import { resolveProvider } from "../../profile/provider_defaults.ts";
import type { ResolvedExecutor } from "../../profile/schema.ts";
import { errorOf, hasPython, stdoutOf, valueOf } from "../executor/testing/harness.ts";
import type { FinishedAttempt } from "../executor/executor.ts";
import { PoolStage, python, shell, type TaskInput, typescript } from "./testing/pool_stage.ts";

Deno.test("a manager runs tasks of every runtime", { ignore: !hasPython }, async () => {
  await using stage = await PoolStage.start();
  assertEquals(stage.pool.pythonVersion, undefined);
  await stage.attached();
  assertMatch(stage.pool.pythonVersion!, /^3\.\d+\.\d+$/);
  assertEquals(stage.pool.load().total_workers, 2);
  assertEquals([...stage.pool.runtimes].sort(), ["python", "shell", "typescript"]);
  const [sh, ts, py, failing] = stage.run(
    { code: shell("echo here") },
    { code: typescript("export default (a: number) => a * 2;"), args: [21] },
    { code: python("def f(a):\n    return a + 1\n"), args: [1] },
    { code: python("def f():\n    raise ValueError('no')\n") },
  );
  assertEquals(stdoutOf(await stage.end(sh!)), "here\n");
  assertEquals(valueOf(await stage.end(ts!)), 42);
  const ended = await stage.end(py!);
  assertEquals(valueOf(ended), 2);
  assertEquals(ended.timeline.map(({ state }) => state), ["waiting-for-launch", "running"]);
  assertMatch(errorOf(await stage.end(failing!)).message, /no/);
});

Deno.test("a manager shares its node out as the profile says", async () => {
  const ids = ["a", "b", "c"];
  await using stage = await PoolStage.start({
    executor: {
      slot: { cores: 0.25, memory: null, accelerators: ids, cpuAffinity: "block" },
    },
  });
  await stage.attached(stage.block("block-1", "auto"));
  assertEquals(stage.pool.load().total_workers, 3);
  const code = shell("echo $CUDA_VISIBLE_DEVICES $OMP_NUM_THREADS $(nproc)");
  const [one, all, much] = stage.run(
    { code },
    { code, options: { resource_specification: { gpus: 3 } } },
    { code, options: { resource_specification: { gpus: 4 } } },
  );
  assertMatch(stdoutOf(await stage.end(one!)), /^[abc] 1 1\n$/);
  assertEquals(stdoutOf(await stage.end(all!)), "a,b,c 1 1\n");
  assertMatch(errorOf(await stage.end(much!)).message, /4 gpus, and \S+ has 3 for it/);
});

Deno.test("many tasks are spread over managers, and each ends once", async () => {
  await using stage = await PoolStage.start();
  await stage.attached(stage.block("block-1"));
  await stage.attached(stage.block("block-2"));
  const input = { code: typescript("export default (a: number) => a;"), args: [1] };
  const waiting: TaskInput[] = Array.from({ length: 3_000 }, () => ({ ...input, taskId: newId() }));
  let seen = 0;
  const isOver = (): boolean => {
    for (; seen < stage.finished.length; seen++) {
      const { outcome, taskId, attempt } = stage.finished[seen]!;
      // As an agent does; a manager may give back what is too much for it.
      if (outcome.kind === "returned") waiting.push({ ...input, taskId, attempt });
      else if (outcome.kind === "lost") waiting.push({ ...input, taskId, attempt: attempt + 1 });
    }
    const room = stage.pool.capacity();
    if (room > 0 && waiting.length > 0) stage.run(...waiting.splice(0, room));
    return successes().length >= 3_000;
  };
  const successes = (): FinishedAttempt[] =>
    stage.finished.filter(({ outcome }) => outcome.kind === "success");
  await stage.until(isOver);
  assertEquals(successes().length, 3_000);
  assertEquals(new Set(successes().map(({ taskId }) => taskId)).size, 3_000);
  assertEquals(new Set(successes().map(({ manager }) => manager)).size, 2);
  assertEquals(stage.pool.load().outstanding_tasks, 0);
});

Deno.test("cancel, walltime and live output reach the manager", async () => {
  await using stage = await PoolStage.start();
  await stage.attached();
  const [long] = stage.run({ code: shell("sleep 1000; :") });
  await stage.begin(long!);
  const [short] = stage.run({
    code: shell("echo first; sleep 1000; :"),
    options: { walltime_seconds: 10 },
  });
  stage.pool.follow(short!, true);
  await stage.until(() => stage.output.some(({ taskId }) => taskId === short));
  assertEquals(new TextDecoder().decode(stage.output[0]!.data), "first\n");
  stage.pool.cancel([long!]);
  assertEquals((await stage.end(long!)).outcome.kind, "cancelled");
  assertEquals(errorOf(await stage.end(short!)).code, "WALLTIME_EXCEEDED");
});

Deno.test("live output comes of tasks that could not begin when it was asked for", async () => {
  await using stage = await PoolStage.start();
  await stage.attached(stage.block("block-1", 1), ["--walltime", "600"]);
  const path = `${stage.folder}/argument`;
  const bytes = new TextEncoder().encode(jsonBuffer(["large"]));
  Deno.writeFileSync(path, bytes);
  const sha256 = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
  const endless = "setInterval(() => {}, 1e6); return new Promise(() => {});";
  const [large] = stage.run({
    code: typescript(`export default (text: string) => { console.log(text); ${endless} };`),
    payload: pack([blobBuffer({ sha256, size: bytes.length }), jsonBuffer({})]),
    blobs: { [sha256]: path },
  });
  const [outlasting] = stage.run({
    code: shell("echo long; exec sleep 1000"),
    options: { walltime_seconds: 3_600 },
  });
  for (const taskId of [large!, outlasting!]) stage.pool.follow(taskId, true);
  const outputOf = (taskId: string): string =>
    stage.output.filter((chunk) => chunk.taskId === taskId)
      .map(({ data }) => new TextDecoder().decode(data)).join("");
  await stage.until(() => outputOf(large!) === "large\n");
  await stage.attached(stage.block("block-2"));
  await stage.until(() => outputOf(outlasting!) === "long\n");
  stage.pool.cancel([large!, outlasting!]);
  await stage.ends([large!, outlasting!]);
});

Deno.test("large results and arguments go as files, and leave nothing at the node", {
  ignore: !hasPython,
}, async () => {
  await using stage = await PoolStage.start();
  await stage.attached();
  const size = 3_000_000;
  const [large] = stage.run({ code: typescript(`export default () => "x".repeat(${size});`) });
  const ended = await stage.end(large!);
  assertEquals((valueOf(ended) as string).length, size);

  const bytes = new TextEncoder().encode(jsonBuffer(["y".repeat(size)]));
  const sha256 = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
  const path = `${stage.folder}/argument`;
  Deno.writeFileSync(path, bytes);
  const reference = { sha256, size: bytes.length };
  const [counted] = stage.run({
    code: typescript("export default (text: string) => text.length;"),
    payload: pack([blobBuffer(reference), jsonBuffer({})]),
    blobs: { [sha256]: path },
  });
  assertEquals(valueOf(await stage.end(counted!)), size);
  const files = { value: [null], files: { "0": { ...reference, name: "data.json" } } };
  const [named] = stage.run({
    code: python("import os\ndef f(p):\n    return [os.path.basename(p), os.path.getsize(p)]\n"),
    payload: pack([filesBuffer(files), jsonBuffer({})]),
    blobs: { [`${sha256}/data.json`]: path },
  });
  assertEquals(valueOf(await stage.end(named!)), ["data.json", bytes.length]);
  const [node] = [...Deno.readDirSync(`${stage.folder}/node`)];
  const [manager] = [...Deno.readDirSync(`${stage.folder}/node/${node!.name}`)];
  const folder = `${stage.folder}/node/${node!.name}/${manager!.name}`;
  const left = (name: string): string[] =>
    [...Deno.readDirSync(`${folder}/${name}`)].map((each) => each.name);
  await stage.until(() => left("results").length + left("arguments").length === 0);
});

Deno.test("a manager that is killed loses its tasks within two heartbeats, and is named", async () => {
  await using stage = await PoolStage.start();
  const child = await stage.attached();
  const [taskId] = stage.run({ code: shell("exec sleep 1000") });
  await stage.begin(taskId!);
  child.kill("SIGKILL");
  const ended = await stage.end(taskId!);
  assertTrue(ended.outcome.kind === "lost");
  assertEquals(ended.outcome.planned, undefined);
  assertMatch(
    errorOf(ended).message,
    new RegExp(`manager [0-9a-f]{8} on node ${Deno.hostname()} \\(block block-1\\) was lost`),
  );
  assertEquals(ended.timeline.map(({ state }) => state), ["waiting-for-launch", "running"]);
  assertEquals(stage.pool.managers, []);
  // The next one on the node ends what the tasks of the one before have left.
  const pid = processesWith("sleep 1000", stage.folder);
  assertEquals(pid.length, 1);
  await stage.attached(`${stage.folder}/blocks/block-1/connection.json`);
  await stage.until(() => processesWith("sleep 1000", stage.folder).length === 0);
});

/** Processes with the command line whose working folder lies in `folder`. */
function processesWith(command: string, folder: string): string[] {
  return [...Deno.readDirSync("/proc")].map(({ name }) => name).filter((name) => {
    try {
      return Deno.readLinkSync(`/proc/${name}/cwd`).startsWith(folder) &&
        Deno.readTextFileSync(`/proc/${name}/cmdline`).replaceAll("\0", " ").includes(command);
    } catch {
      return false;
    }
  });
}

Deno.test("a manager that falls silent is noticed, and keeps its tasks when it comes back", async () => {
  await using stage = await PoolStage.start();
  const child = await stage.attached();
  const fifo = `${stage.folder}/go`;
  assertTrue(new Deno.Command("mkfifo", { args: [fifo] }).outputSync().success);
  const [taskId] = stage.run({ code: shell(`read line < ${fifo} && echo $line`) });
  await stage.begin(taskId!);
  child.kill("SIGSTOP");
  await stage.until(() => stage.pool.managers[0]!.state === "away");
  assertEquals(stage.pool.load().managers, 0);
  assertEquals(stage.pool.capacity(), 0);
  assertEquals(stage.finished, []);
  child.kill("SIGCONT");
  await stage.until(() => stage.pool.managers[0]!.state === "attached");
  Deno.writeTextFileSync(fifo, "went on\n");
  assertEquals(stdoutOf(await stage.end(taskId!)), "went on\n");
  assertEquals(stage.finished.length, 1);
});

Deno.test("a manager that stays away too long loses its tasks, and is told to end them", async () => {
  await using stage = await PoolStage.start({ executor: { link: linkWith(2) } });
  const child = await stage.attached();
  const [taskId] = stage.run({ code: shell("exec sleep 1000") });
  await stage.begin(taskId!);
  child.kill("SIGSTOP");
  const ended = await stage.end(taskId!);
  assertMatch(errorOf(ended).message, /nothing was heard .* did not come back within 2 s/);
  child.kill("SIGCONT");
  await stage.until(() => processesWith("sleep 1000", stage.folder).length === 0);
});

Deno.test("a block that has ended loses its managers' tasks at once", async () => {
  await using stage = await PoolStage.start();
  const child = await stage.attached();
  const [taskId] = stage.run({ code: shell("sleep 1000; :") });
  await stage.begin(taskId!);
  stage.access.ended("block-1", "the scheduler says NODE_FAIL");
  const ended = await stage.end(taskId!);
  assertMatch(errorOf(ended).message, /NODE_FAIL/);
  assertEquals(plannedOf(ended), undefined);
  // Its token opens nothing any more, so it ends by itself.
  assertEquals((await child.status).code, 77);
});

Deno.test("a block that its scheduler has ended at its walltime moves its managers' tasks", async () => {
  await using stage = await PoolStage.start();
  const child = await stage.attached();
  const [taskId] = stage.run({ code: shell("sleep 1000; :") });
  await stage.begin(taskId!);
  stage.access.ended("block-1", "the scheduler says TIMEOUT", "block block-1 reached its walltime");
  const ended = await stage.end(taskId!);
  assertMatch(errorOf(ended).message, /TIMEOUT/);
  assertEquals(plannedOf(ended), { reason: "block block-1 reached its walltime" });
  assertEquals((await child.status).code, 77);
});

Deno.test("a manager draws back before its block's walltime ends", async () => {
  await using stage = await PoolStage.start({ executor: { prefetch: 1 } });
  const connection = stage.block("block-1", 1);
  const child = await stage.attached(connection, ["--walltime", "40"]);
  const [unfit] = stage.run({ code: shell(":"), options: { walltime_seconds: 3_600 } });
  const [long, waiting] = stage.run({ code: shell("sleep 1000; :") }, { code: shell(":") });
  await stage.begin(long!);
  assertEquals((await stage.end(waiting!)).outcome.kind, "returned");
  const ended = await stage.end(long!);
  assertMatch(errorOf(ended).message, /\(block block-1\) ended .* walltime ended/);
  assertMatch(
    errorOf(ended).message,
    /which is 40 s, .* had run for \d+ s, all that it could have/,
  );
  assertMatch(errorOf(ended).hint!, /executor\.provider\.walltime .* save its state/);
  assertEquals(plannedOf(ended), { reason: "block block-1 reached its walltime", outlasts: true });
  assertEquals((await child.status).code, 0);
  assertEquals(stage.finished.some(({ taskId }) => taskId === unfit), false);
  stage.pool.recall();
  assertEquals((await stage.end(unfit!)).outcome.kind, "returned");
});

Deno.test("a task that came late in its block has not outlasted it", async () => {
  await using stage = await PoolStage.start();
  const child = await stage.attached(stage.block("block-1", 1), ["--walltime", "30"]);
  const [first] = stage.run({ code: shell("exec sleep 3") });
  await stage.end(first!);
  const [late] = stage.run({ code: shell("exec sleep 1000") });
  const ended = await stage.end(late!);
  assertEquals(plannedOf(ended), { reason: "block block-1 reached its walltime" });
  assertEquals((await child.status).code, 0);
});

Deno.test("a task that may take as long as a block lasts runs in one that has just come", async () => {
  await using stage = await PoolStage.start({ executor: { provider: blocksOf(3_600) } });
  const options = { walltime_seconds: 3_600 };
  const [whole] = stage.run({ code: shell("echo whole"), options });
  await stage.attached(stage.block("block-1", 1), ["--walltime", "3600"]);
  assertEquals(stdoutOf(await stage.end(whole!)), "whole\n");
  // Not in one that came late: it has to be another one.
  await using late = await PoolStage.start({ executor: { provider: blocksOf(7_200) } });
  const [waiting] = late.run({ code: shell(":"), options: { walltime_seconds: 7_200 } });
  await late.attached(late.block("block-1", 1), ["--walltime", "3000"]);
  const [short] = late.run({ code: shell("echo short"), options: { walltime_seconds: 2_900 } });
  assertEquals(stdoutOf(await late.end(short!)), "short\n");
  assertEquals(late.pool.managers.map(({ outlook }) => outlook), ["short"]);
  late.pool.recall();
  assertEquals((await late.end(waiting!)).outcome.kind, "returned");
  assertEquals(late.pool.managers.map(({ outlook }) => outlook), ["open"]);
});

Deno.test("a block may last longer than a timer can hold", async () => {
  await using stage = await PoolStage.start();
  await stage.attached(stage.block("block-1", 1), ["--walltime", "2592000"]);
  const [taskId] = stage.run({ code: shell("echo here"), options: { walltime_seconds: 86_400 } });
  assertEquals(stdoutOf(await stage.end(taskId!)), "here\n");
});

Deno.test("what a manager takes to get ready is its block's time", async () => {
  await using stage = await PoolStage.start({ executor: { workerInit: "sleep 1" } });
  await stage.attached(stage.block("block-1", 1), ["--walltime", "600"]);
  const left = stage.pool.managers[0]!.endsAt! - Date.now();
  assertTrue(left < 599_000, `${left} ms are left`);
});

function blocksOf(walltime: number): ResolvedExecutor["provider"] {
  const wanted = { type: "slurm", walltime, maxBlocks: 1 };
  const checked = checkProfile({ executor: { provider: wanted } }, "");
  assertTrue("profile" in checked, JSON.stringify(checked));
  return resolveProvider(checked.profile.executor!.provider!);
}

for (const signal of ["SIGTERM", "SIGUSR1"] as const) {
  Deno.test(`a manager that its scheduler sends ${signal} ends, and what it ran is moved`, async () => {
    await using stage = await PoolStage.start();
    const child = await stage.attached();
    const [sh, ts] = stage.run(
      { code: shell("exec sleep 1000") },
      { code: typescript("export default () => new Promise(() => setInterval(() => {}, 1e6));") },
    );
    await stage.begin(sh!);
    await stage.begin(ts!);
    child.kill(signal);
    for (const ended of await stage.ends([sh!, ts!])) {
      assertMatch(
        plannedOf(ended)!.reason,
        /^block block-1 was told to end, as its scheduler does/,
      );
      assertMatch(errorOf(ended).message, /ended with the task: its process was told to end/);
    }
    assertEquals((await child.status).code, 0);
  });
}

Deno.test("what runs in a block that is given up goes on, and is moved when the job ends first", async () => {
  await using stage = await PoolStage.start();
  const child = await stage.attached();
  const [quick, slow] = stage.run(
    { code: shell(`until [ -e ${stage.folder}/go ]; do sleep 0.05; done; echo done`) },
    { code: shell("exec sleep 1000") },
  );
  await stage.begin(quick!);
  await stage.begin(slow!);
  stage.pool.retire("block-1");
  Deno.writeTextFileSync(`${stage.folder}/go`, "");
  assertEquals(stdoutOf(await stage.end(quick!)), "done\n");
  child.kill("SIGKILL");
  const ended = await stage.end(slow!);
  assertEquals(plannedOf(ended), { reason: "nothing needed block block-1 any more" });
});

Deno.test("a manager that is killed while it ends as planned has said so", async () => {
  await using stage = await PoolStage.start();
  const child = await stage.attached(stage.block("block-1", 2));
  // It does not heed the polite signal, so its manager waits before the final one.
  const [taskId] = stage.run({ code: shell("trap '' TERM; while :; do sleep 1; done") });
  await stage.begin(taskId!);
  assertEquals(stage.pool.load().idle_workers, 1);
  child.kill("SIGTERM");
  await stage.until(() => stage.pool.load().idle_workers === 0);
  assertEquals(stage.pool.managers.map(({ outlook }) => outlook), ["ending"]);
  child.kill("SIGKILL");
  const ended = await stage.end(taskId!);
  assertMatch(errorOf(ended).message, /was lost with the task/);
  assertMatch(plannedOf(ended)!.reason, /was told to end/);
});

Deno.test("the end of an endpoint is none that blocks had planned", async () => {
  await using stage = await PoolStage.start();
  await stage.attached();
  const [taskId] = stage.run({ code: shell("exec sleep 1000") });
  await stage.begin(taskId!);
  await stage.pool.close();
  assertEquals(plannedOf(await stage.end(taskId!)), undefined);
});

function plannedOf({ outcome }: FinishedAttempt): PlannedEnd | undefined {
  assertTrue(outcome.kind === "lost", outcome.kind);
  return outcome.planned;
}

Deno.test("work that waits behind long tasks is taken back for idle workers", async () => {
  await using stage = await PoolStage.start({ executor: { prefetch: 1 } });
  await stage.attached(stage.block("block-1", 1));
  const [long, waiting] = stage.run({ code: shell("sleep 1000; :") }, { code: shell("echo two") });
  await stage.begin(long!);
  await stage.attached(stage.block("block-2", 1));
  stage.run({ code: shell(":") });
  assertEquals((await stage.end(waiting!)).outcome.kind, "returned");
  stage.pool.cancel([long!]);
  await stage.end(long!);
});

Deno.test("ends that the agent has not kept are told again, and kept once", async () => {
  await using stage = await PoolStage.start();
  const child = await stage.attached();
  stage.keeps = false;
  const [taskId] = stage.run({ code: shell("echo once") });
  const ended = await stage.end(taskId!);
  child.kill("SIGSTOP");
  await stage.until(() => stage.pool.managers[0]!.state === "away");
  child.kill("SIGCONT");
  await stage.until(() => stage.pool.managers[0]!.state === "attached");
  stage.pool.kept([ended]);
  const [next] = stage.run({ code: shell("echo two") });
  stage.pool.kept([await stage.end(next!)]);
  assertEquals(stage.finished.length, 2);
});

function linkWith(reattachSeconds: number): ResolvedExecutor["link"] {
  return { address: { kind: "address", address: "127.0.0.1" }, portRange: null, reattachSeconds };
}

Deno.test("the picture of the nodes has the task that each worker runs", async () => {
  await using stage = await PoolStage.start();
  await stage.attached();
  const [taskId] = stage.run({ code: shell("exec sleep 1000") });
  await stage.begin(taskId!);
  const [node, ...others] = stage.pool.nodes();
  assertEquals(others, []);
  assertEquals([node!.hostname, node!.block_id, node!.state], [
    Deno.hostname(),
    "block-1",
    "attached",
  ]);
  assertEquals([node!.workers, node!.idle_workers], [2, 1]);
  assertTrue(node!.cores! > 0 && node!.memory! > 0);
  const [slot, idle] = node!.slots;
  assertEquals(idle, IDLE_SLOT);
  assertEquals([slot!.task_id, slot!.since], [taskId!, stage.started.get(taskId!)!.at]);
  stage.pool.cancel([taskId!]);
  await stage.end(taskId!);
  assertEquals(stage.pool.nodes()[0]!.slots, [IDLE_SLOT, IDLE_SLOT]);
});
