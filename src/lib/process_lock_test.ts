import { assertEquals, assertTrue } from "./assert.ts";
import { ownIdentity } from "./process_identity.ts";
import { FRESH_FOR, ProcessLock } from "./process_lock.ts";

async function withLockPath(action: (path: string) => void | Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await action(`${folder}/lock`);
    assertEquals([...Deno.readDirSync(folder)].filter(({ name }) => name !== "lock"), []);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** A pid of which nobody has a process: that of a child that has ended. */
async function endedPid(): Promise<number> {
  const child = new Deno.Command("true").spawn();
  await child.status;
  return child.pid;
}

function write(path: string, change: Record<string, unknown>, age = 0): void {
  Deno.writeTextFileSync(path, JSON.stringify({ ...ownIdentity(), ...change }));
  const at = new Date(Date.now() - age);
  Deno.utimeSync(path, at, at);
}

Deno.test("a lock is held until it is released, and names its holder", () =>
  withLockPath((path) => {
    const first = ProcessLock.acquire(path);
    assertTrue(first.kind === "held");
    assertEquals(Deno.statSync(path).mode! & 0o777, 0o600);
    assertEquals(ProcessLock.acquire(path), { kind: "taken", holder: ownIdentity() });
    first.lock.release();
    const second = ProcessLock.acquire(path);
    assertTrue(second.kind === "held");
    second.lock.release();
  }));

Deno.test("a lock of a process that is gone is taken over", () =>
  withLockPath(async (path) => {
    for (const change of [{ pid: await endedPid() }, { boot_id: "x" }, { process_start: "1" }]) {
      write(path, change);
      const attempt = ProcessLock.acquire(path);
      assertTrue(attempt.kind === "held", JSON.stringify(change));
      attempt.lock.release();
    }
  }));

Deno.test("a lock of another host counts while it is fresh", () =>
  withLockPath((path) => {
    write(path, { hostname: "login2.example" });
    const attempt = ProcessLock.acquire(path);
    assertTrue(attempt.kind === "taken" && attempt.holder?.hostname === "login2.example");
    write(path, { hostname: "login2.example" }, FRESH_FOR + 1_000);
    const later = ProcessLock.acquire(path);
    assertTrue(later.kind === "held");
    later.lock.release();
  }));

Deno.test("a damaged lock is taken over, one that is being written is not", () =>
  withLockPath((path) => {
    Deno.writeTextFileSync(path, "{");
    assertEquals(ProcessLock.acquire(path), { kind: "taken", holder: undefined });
    const old = new Date(Date.now() - 60_000);
    Deno.utimeSync(path, old, old);
    const attempt = ProcessLock.acquire(path);
    assertTrue(attempt.kind === "held");
    attempt.lock.release();
  }));

Deno.test("a lock that was taken over is not released by its former holder", () =>
  withLockPath((path) => {
    const attempt = ProcessLock.acquire(path);
    assertTrue(attempt.kind === "held");
    write(path, { hostname: "login2.example" });
    attempt.lock.release();
    assertTrue(Deno.statSync(path).isFile);
  }));
