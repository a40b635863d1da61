/** What counts as begun when a worker dies before all that it has said was read. */
import { assertEquals } from "../../lib/assert.ts";
import { join } from "../../lib/path.ts";
import { Harness, isAlive, PYTHON, python, valueOf } from "./testing/harness.ts";

const hasPython = await new Deno.Command(PYTHON, { args: ["-c", ""], stderr: "null" }).output()
  .then(({ success }) => success, () => false);
const ignore = !hasPython || Deno.build.os !== "linux";

/** Leaves a line in a file, and its worker dies. */
const FATAL = python(`
import os
def f(path):
    with open(path, "a") as file:
        file.write("ran\\n")
    os.kill(os.getpid(), 9)
`);
/**
 * The same; a child that has left the process group, and the folder, as daemons do, holds the worker's
 * descriptors. It ends by itself once the executor has closed its own.
 */
const FATAL_WITH_CHILD = python(`
import os
def f():
    left, leave = os.pipe()
    if os.fork() == 0:
        os.setsid()
        os.chdir("/")
        os.write(leave, b"x")
        os.read(5, 1)
        os._exit(0)
    os.read(left, 1)
    os.kill(os.getpid(), 9)
`);
const ANSWER = python("def f():\n    return 42\n");

Deno.test("what a worker said before its death is heard, though tasks were sent to it since", {
  ignore,
}, async () => {
  await using harness = await Harness.start({ prefetch: 2 });
  const { details } = await harness.run({ code: ANSWER });
  const ledger = join(harness.folder, "ledger");
  const options = { max_attempts: 1 };
  const [fatal] = harness.give({ code: FATAL, args: [ledger], options });
  // The event loop must not turn: what the worker says stays unread until the next task is sent.
  while (isAlive(details.pid as number));
  const [next] = harness.give({ code: ANSWER, options });
  assertEquals((await harness.end(fatal!)).outcome.kind, "lost");
  assertEquals(valueOf(await harness.end(next!)), 42);
  assertEquals(Deno.readTextFileSync(ledger), "ran\n");
});

Deno.test("all that a dead worker held counts as begun while a child may still speak for it", {
  ignore,
}, async () => {
  await using harness = await Harness.start({ prefetch: 2 });
  await harness.run({ code: ANSWER });
  const held = harness.give({ code: FATAL_WITH_CHILD }, { code: ANSWER });
  const ends = await harness.ends(held);
  assertEquals(ends.map(({ outcome }) => outcome.kind), ["lost", "lost"]);
});
