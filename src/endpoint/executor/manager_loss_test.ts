/** What becomes of workers whose manager is killed. */
import { assertEquals, assertTrue } from "../../lib/assert.ts";
import { delay } from "../../lib/async.ts";
import { fromFileUrl } from "../../lib/path.ts";
import { Harness, isAlive, PYTHON, python, shell, typescript } from "./testing/harness.ts";

const hasPython = await new Deno.Command(PYTHON, { args: ["-c", ""], stderr: "null" }).output()
  .then(({ success }) => success, () => false);

const CODES = [
  typescript("export default () => { for (;;); };"),
  shell("sleep 1000; :"),
  ...hasPython ? [python("def f():\n    while True:\n        pass\n")] : [],
];

/** Command lines of the processes whose environment names the folder as theirs, by process id. */
function workersIn(folder: string): Map<number, string> {
  const found = new Map<number, string>();
  for (const { name } of Deno.readDirSync("/proc")) {
    try {
      if (Deno.readLinkSync(`/proc/${name}/cwd`) !== `${folder}/tasks`) continue;
      found.set(Number(name), Deno.readTextFileSync(`/proc/${name}/cmdline`));
    } catch {
      // Not a process, not ours, or gone.
    }
  }
  return found;
}

Deno.test("workers end with a manager that is killed, commands when the next one starts", {
  ignore: Deno.build.os !== "linux",
}, async () => {
  const folder = Deno.makeTempDirSync({ prefix: "funcx-killed-" });
  const manager = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "-A",
      "--quiet",
      `--config=${fromFileUrl(new URL("../../../deno.json", import.meta.url))}`,
      fromFileUrl(new URL("./testing/manager_main.ts", import.meta.url)),
      folder,
      ...CODES,
    ],
    stdin: "null",
    stdout: "piped",
  }).spawn();
  const output = manager.stdout.getReader();
  assertEquals(new TextDecoder().decode((await output.read()).value), "running\n");
  const workers = workersIn(folder);
  // The shell and its sleep are two.
  assertEquals(workers.size, CODES.length + 1);
  manager.kill("SIGKILL");
  await manager.status;
  await output.cancel();
  const commands = [...workers].filter(([, command]) => command.includes("sleep"));
  const others = [...workers.keys()].filter((pid) => !commands.some(([other]) => other === pid));
  // Nothing tells of the end of a process that is not a child.
  while (others.some(isAlive)) await delay(10);
  assertTrue(commands.length === 2 && commands.every(([pid]) => isAlive(pid)));
  await using _next = await Harness.start({}, [], folder);
  while (commands.some(([pid]) => isAlive(pid))) await delay(10);
});
