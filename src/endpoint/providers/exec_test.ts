import { assertEquals, assertMatch, assertTrue } from "../../lib/assert.ts";
import { commandRunner } from "./scheduler_command.ts";
import { execProvider } from "./exec.ts";
import type { JobState, Provider } from "./provider.ts";
import { REQUEST, settingsOf } from "./testing/requests.ts";

/**
 * A scheduler of a few lines: jobs are processes of this machine, and their ids are process ids. It
 * submits as `profile.d.ts` shows.
 */
const SUBMIT = `echo "submitting $2"
setsid sh -c 'echo $$ > "$0.id"; exec sh "$0"' "$0" > "$1" 2>&1 < /dev/null &
until [ -s "$0.id" ]; do sleep 0.1; done
cat "$0.id"`;
/** A zombie does not run. */
const STATUS = `for job; do
  if grep -qs '^State:.[^ZX]' "/proc/$job/status"; then echo "$job running"; fi
done`;
const CANCEL = 'for job; do kill -- "-$job" 2>/dev/null; done; true';

function local(changes: Readonly<Record<string, unknown>> = {}): Provider {
  const settings = settingsOf({
    type: "exec",
    submit: ["sh", "-c", SUBMIT, "{script}", "{output}", "{name} {nodes} {walltime}"],
    status: ["sh", "-c", STATUS, "sh", "{jobs}"],
    cancel: ["sh", "-c", CANCEL, "sh", "{jobs}"],
    ...changes,
  });
  return execProvider(settings, commandRunner({ seconds: 10 }));
}

async function stateOf(provider: Provider, id: string): Promise<JobState | undefined> {
  const outcome = await provider.status([id]);
  assertTrue(outcome.kind === "ok", JSON.stringify(outcome));
  return outcome.value.get(id);
}

Deno.test("a block by commands of a profile runs, is told of, and is ended", async () => {
  const folder = Deno.makeTempDirSync({ prefix: "funcx exec {jobs} " });
  const provider = local();
  const manager = ["/bin/sh", "-c", "echo begun; exec sleep 1000"];
  // What it leaves running is ended with it: the job has to outlive its submit.
  const submitted = await provider.submit({ ...REQUEST, folder, manager });
  assertTrue(submitted.kind === "ok", JSON.stringify(submitted));
  const gone = { kind: "ended", how: "gone", exitCode: null, reason: "" } as const;
  assertEquals(await stateOf(provider, submitted.value), { kind: "running", nodes: [] });
  assertEquals(await provider.cancel([submitted.value]), { kind: "ok", value: null });
  assertEquals(await stateOf(provider, "999999999"), gone);
  Deno.removeSync(folder, { recursive: true });
});

Deno.test("placeholders are words, whatever is in them", async () => {
  const folder = Deno.makeTempDirSync({ prefix: "funcx $(id) ' " });
  const submit = ["sh", "-c", 'printf "%s\\n" "$@" >"$0/words"; echo 7', "{folder}"];
  const words = ["{script}", "a{name}b", "{output}", "{nodes}", "{walltime}"];
  const provider = local({ submit: [...submit, ...words], walltime: "01:00:00" });
  const outcome = await provider.submit({ ...REQUEST, folder, nodes: 3 });
  assertEquals(outcome, { kind: "ok", value: "7" });
  assertEquals(Deno.readTextFileSync(`${folder}/words`).trim().split("\n"), [
    `${folder}/submit.sh`,
    `a${REQUEST.name}b`,
    `${folder}/output`,
    "3",
    "3600",
  ]);
  Deno.removeSync(folder, { recursive: true });
});

Deno.test("a submit without an id in its last line has failed, and may have submitted", async () => {
  const folder = Deno.makeTempDirSync();
  const provider = local({ submit: ["sh", "-c", "echo job 7 is submitted", "{script}"] });
  const outcome = await provider.submit({ ...REQUEST, folder });
  assertTrue(outcome.kind === "fatal" && outcome.failure.mayBeDone);
  assertMatch(outcome.failure.message, /no job id in its answer: job 7 is submitted/);
  Deno.removeSync(folder, { recursive: true });
});

Deno.test("a folder that cannot be written is a failure, and no exception", async () => {
  const outcome = await local().submit({ ...REQUEST, folder: "/nonexistent/block" });
  assertTrue(outcome.kind === "retryable");
  assertMatch(outcome.failure.message, /\/nonexistent\/block/);
});
