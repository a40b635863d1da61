import { FuncxError } from "../contract/errors.ts";
import { assertEquals, assertMatch, assertTrue } from "../lib/assert.ts";
import { join } from "../lib/path.ts";
import { ownIdentity, type ProcessIdentity } from "../lib/process_identity.ts";
import { FRESH_FOR } from "../lib/process_lock.ts";
import { lockEndpoint } from "./lock.ts";

function lockFile(): { path: string; [Symbol.dispose](): void } {
  const folder = Deno.makeTempDirSync();
  return {
    path: join(folder, "agent.lock"),
    [Symbol.dispose]: () => Deno.removeSync(folder, { recursive: true }),
  };
}

function leave(path: string, changes: Partial<ProcessIdentity>, age = 0): string {
  const content = JSON.stringify({ ...ownIdentity(), ...changes });
  Deno.writeTextFileSync(path, content);
  const touched = new Date(Date.now() - age);
  Deno.utimeSync(path, touched, touched);
  return content;
}

function refusal(path: string): FuncxError {
  try {
    lockEndpoint(path, "gpu").lock.release();
  } catch (thrown) {
    if (thrown instanceof FuncxError) return thrown;
    throw thrown;
  }
  throw new Error("the lock was taken");
}

Deno.test("a lock is held by one, and free again once released", () => {
  using file = lockFile();
  const { lock, takenOver } = lockEndpoint(file.path, "gpu");
  assertEquals(takenOver, undefined);
  assertEquals(Deno.statSync(file.path).mode! & 0o777, 0o600);
  const { code, message, hint } = refusal(file.path);
  assertEquals(code, "ALREADY_RUNNING");
  assertMatch(message, new RegExp(`^gpu already runs on this host \\(pid ${Deno.pid}`));
  assertMatch(hint!, /funcx-endpoint stop gpu/);
  lock.release();
  lockEndpoint(file.path, "gpu").lock.release();
});

Deno.test("what a dead agent left behind is taken over and told", () => {
  using file = lockFile();
  const dead: Partial<ProcessIdentity>[] = [
    { boot_id: "before the reboot" },
    { process_start: "1" },
    { pid: 2 ** 22 + 1 },
  ];
  for (const changes of dead) {
    const left = leave(file.path, changes);
    const { lock, takenOver } = lockEndpoint(file.path, "gpu");
    assertEquals(takenOver, left);
    lock.release();
  }
});

Deno.test("an agent on another login node is respected while its lock is fresh", () => {
  using file = lockFile();
  leave(file.path, { hostname: "login2", pid: 42 });
  const { code, message, hint, kind } = refusal(file.path);
  assertEquals([code, kind.exit], ["ALREADY_RUNNING", 73]);
  assertMatch(message, /^gpu already runs on login2 \(pid 42/);
  assertMatch(hint!, /ssh login2/);

  leave(file.path, { hostname: "login2", pid: 42 }, FRESH_FOR + 1_000);
  const { lock, takenOver } = lockEndpoint(file.path, "gpu");
  assertTrue(takenOver!.includes("login2"));
  lock.release();
});

Deno.test("a folder that cannot be written to is named", () => {
  const { code, message } = refusal("/proc/agent.lock");
  assertEquals(code, "DIRECTORY_UNUSABLE");
  assertMatch(message, /\/proc\/agent\.lock/);
});
