import { EndpointDir } from "../../endpoint/endpoint_dir.ts";
import { assertEquals, assertMatch, assertTrue } from "../../lib/assert.ts";
import { ownIdentity } from "../../lib/process_identity.ts";
import { ProcessLock } from "../../lib/process_lock.ts";
import { daemonChecks } from "./daemon_checks.ts";
import { linesOf, ScratchPatient } from "./testing/scratch_patient.ts";

function lockFile(scratch: ScratchPatient): string {
  scratch.makeFolder();
  return new EndpointDir(scratch.home, "default").lockFile;
}

Deno.test("an endpoint that does not run has a free lock", async () => {
  using scratch = new ScratchPatient();
  assertEquals(await linesOf(daemonChecks(scratch.patient())), [
    "ok lock: free, default does not run",
  ]);
});

Deno.test("a lock that was left behind is no obstacle", async () => {
  using scratch = new ScratchPatient();
  const gone = { ...ownIdentity(), pid: 1, process_start: "1", boot_id: "another boot" };
  Deno.writeTextFileSync(lockFile(scratch), JSON.stringify(gone));
  assertMatch((await linesOf(daemonChecks(scratch.patient())))[0], /^ok lock: left behind/);
});

Deno.test("a daemon on another host is told", async () => {
  using scratch = new ScratchPatient();
  const elsewhere = { ...ownIdentity(), hostname: "login2.example.org", pid: 42 };
  Deno.writeTextFileSync(lockFile(scratch), JSON.stringify(elsewhere));
  const [line] = await linesOf(daemonChecks(scratch.patient()));
  assertEquals(
    line,
    "warning lock: held on login2.example.org (pid 42), where default runs",
  );
});

Deno.test("a daemon that holds the lock and does not answer fails", async () => {
  using scratch = new ScratchPatient();
  const attempt = ProcessLock.acquire(lockFile(scratch));
  assertTrue(attempt.kind === "held");
  try {
    const [lock, daemon] = await linesOf(daemonChecks(scratch.patient()));
    assertEquals(lock, `ok lock: held by pid ${Deno.pid} of this host`);
    assertMatch(daemon, /^failed daemon: pid \d+ does not answer on its control socket$/);
  } finally {
    attempt.lock.release();
  }
});
