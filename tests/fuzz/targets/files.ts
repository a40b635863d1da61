/** Files that commands and daemons read at their start, spoilt. */
import fc from "fast-check";
import { spoilt, spoiltBytes } from "../../../src/contract/testing/spoilt.ts";
import { assertTrue } from "../../../src/lib/assert.ts";
import { removeIfPresent } from "../../../src/lib/files.ts";
import { join } from "../../../src/lib/path.ts";
import { TestEnv } from "../../helpers/test_env.ts";
import { check, type Target } from "../check.ts";

/** Each file, and the commands that read it. */
const READERS: Readonly<Record<string, readonly (readonly string[])[]>> = {
  "login.json": [["whoami"], ["task", "list"], ["start", "--wait", "1"]],
  "service/state.json": [["service", "status"], ["task", "list"], ["service", "start"]],
  "default/endpoint.json": [["list"], ["status"], ["start", "--wait", "1"]],
  "default/agent.lock": [["list"], ["status"], ["start", "--wait", "1"]],
  "service/identity.json": [["service", "start"]],
  "service/service.lock": [["service", "start"], ["service", "status"]],
};

interface Input {
  readonly file: string;
  readonly command: readonly string[];
  readonly bytes: Uint8Array;
}

/** The files as they are after a start, a stop and a kill. */
async function collect(env: TestEnv): Promise<Map<string, Uint8Array>> {
  await env.ok(["start"]);
  const found = new Map<string, Uint8Array>();
  for (const file of Object.keys(READERS)) {
    try {
      found.set(file, Deno.readFileSync(join(env.state, file)));
    } catch (thrown) {
      if (!(thrown instanceof Deno.errors.NotFound)) throw thrown;
    }
  }
  assertTrue(found.size >= 4, `only ${[...found.keys()]} were found`);
  await env.ok(["stop"]);
  await env.ok(["service", "stop"]);
  return found;
}

function inputs(files: ReadonlyMap<string, Uint8Array>): fc.Arbitrary<Input> {
  return fc.oneof(...[...files].map(([file, whole]) => {
    const text = new TextDecoder().decode(whole);
    const bytes = fc.constant(whole);
    const value = fc.constant(JSON.parse(text) as unknown);
    const json = spoilt(value).map((each) => new TextEncoder().encode(JSON.stringify(each)));
    return fc.record({
      file: fc.constant(file),
      command: fc.constantFrom(...READERS[file]!),
      bytes: fc.oneof(json, json, spoiltBytes(bytes), fc.uint8Array({ maxLength: 40 })),
    });
  }));
}

/** A command works or refuses in two lines; a fault of the program is neither. */
async function tryFile(
  env: TestEnv,
  files: ReadonlyMap<string, Uint8Array>,
  { file, command, bytes }: Input,
): Promise<void> {
  for (const [name, whole] of files) {
    Deno.writeFileSync(join(env.state, name), whole, { mode: 0o600 });
  }
  Deno.writeFileSync(join(env.state, file), bytes, { mode: 0o600 });
  const { code, stdout, stderr } = await env.run(command);
  const said = `${command.join(" ")} ended with ${code}\n${stdout}\n${stderr}`;
  assertTrue(code !== 70 && !/^\s+at .*:\d+:\d+|Uncaught/m.test(stderr), said);
  // `status` says on standard output what is not running.
  if (code !== 0 && stdout === "") {
    assertTrue(/^error: .+$/m.test(stderr) && /^hint: .+$/m.test(stderr), said);
  }
  await endAll(env);
  for (const name of files.keys()) removeIfPresent(join(env.state, name));
}

/** What the command has started, though its files say nothing of it any more. */
async function endAll(env: TestEnv): Promise<void> {
  for (const { pid } of env.processes()) Deno.kill(pid, "SIGKILL");
  await env.noProcessIsLeft();
}

/** Each starts the program, some of them daemons. */
const FEWER = 20;

export const files: Target = {
  name: "files",
  what: "spoilt files of the home folder, for commands and starting daemons",
  run: async (_stage, options) => {
    await using env = new TestEnv();
    const found = await collect(env);
    await check(
      "files",
      { ...options, runs: Math.ceil(options.runs / FEWER) },
      fc.asyncProperty(inputs(found), (input) => tryFile(env, found, input)),
    );
  },
};
