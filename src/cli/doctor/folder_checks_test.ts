import { assertEquals, assertMatch, assertTrue } from "../../lib/assert.ts";
import { join } from "../../lib/path.ts";
import type { Check } from "./check.ts";
import { folderChecks } from "./folder_checks.ts";
import { ScratchPatient } from "./testing/scratch_patient.ts";

function checksOf(scratch: ScratchPatient, runtime?: string): Check[] {
  return [...folderChecks(scratch.patient({ runtime }))];
}

function only(checks: readonly Check[], name: string, part: string): Check {
  const found = checks.filter((check) => check.name === name && check.message.includes(part));
  assertEquals(found.length, 1);
  return found[0];
}

Deno.test("a folder that is not there yet is a warning with the command that makes it", () => {
  using scratch = new ScratchPatient();
  const check = only(checksOf(scratch), "folder", "does not exist");
  assertEquals(check.status, "warning");
  assertMatch(check.mend ?? "", /funcx-endpoint init/);
});

Deno.test("private folders and files are fine", () => {
  using scratch = new ScratchPatient();
  scratch.makeFolder();
  Deno.writeTextFileSync(scratch.home.loginFile, "{}", { mode: 0o600 });
  const checks = checksOf(scratch);
  assertEquals(checks.filter(({ status }) => status === "failed"), []);
  only(checks, "folder", "~/.funcx is private (0700)");
  only(checks, "folder", "~/.funcx/default is private (0700)");
  only(checks, "secret file", "~/.funcx/login.json is private (0600)");
});

Deno.test("what others can read fails, with the command that mends it", async () => {
  using scratch = new ScratchPatient();
  const folder = scratch.home.endpointFolder("default");
  Deno.mkdirSync(folder, { recursive: true });
  for (const path of [scratch.home.root, folder]) Deno.chmodSync(path, 0o755);
  const secret = join(folder, "endpoint.json");
  Deno.writeTextFileSync(secret, "{}");
  Deno.chmodSync(secret, 0o640);
  const wrong = checksOf(scratch).filter(({ status, mend }) =>
    status === "failed" && mend?.startsWith("chmod")
  );
  assertEquals(
    wrong.map(({ name }) => name),
    ["folder", "folder", "secret file"].slice(-wrong.length),
  );
  assertMatch(only(wrong, "secret file", "endpoint.json").message, /has mode 0640/);
  for (const { mend } of wrong) {
    assertTrue((await new Deno.Command("/bin/sh", { args: ["-c", mend ?? ""] }).output()).success);
  }
  assertEquals(checksOf(scratch).filter(({ status }) => status === "failed"), []);
});

Deno.test("a path that no socket can have fails", () => {
  using scratch = new ScratchPatient();
  const long = join(scratch.runtime, "x".repeat(100));
  Deno.mkdirSync(long, { mode: 0o700 });
  const check = only(checksOf(scratch, long), "control socket", "bytes");
  assertEquals(check.status, "failed");
  assertMatch(check.mend ?? "", /XDG_RUNTIME_DIR/);
});

Deno.test("a check leaves nothing behind", () => {
  using scratch = new ScratchPatient();
  scratch.makeFolder();
  only(checksOf(scratch), "write", "a synced write");
  assertEquals([...Deno.readDirSync(scratch.home.endpointFolder("default"))], []);
});
