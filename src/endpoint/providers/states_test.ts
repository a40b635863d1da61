/** What each scheduler prints of jobs, read by the pure parser of its provider. */
import { assertEquals } from "../../lib/assert.ts";
import { parseStates } from "./exec.ts";
import { parseAds } from "./htcondor.ts";
import { parseJobsAndPods } from "./kubernetes_status.ts";
import { parseBjobs } from "./lsf.ts";
import { parseQstat } from "./pbs.ts";
import type { JobState, JobStates } from "./provider.ts";
import { parseQacct, parseQstatXml } from "./sge.ts";
import { expandHosts, parseSacct, parseSqueue } from "./slurm.ts";
import { adsText, HTCONDOR } from "./testing/recorded/htcondor.ts";
import * as kubernetes from "./testing/recorded/kubernetes.ts";
import { LSF } from "./testing/recorded/lsf.ts";
import { PBS } from "./testing/recorded/pbs.ts";
import { QACCT, QSTAT_XML } from "./testing/recorded/sge.ts";

const queued = (reason = ""): JobState => ({ kind: "queued", reason });
const stuck = (reason: string): JobState => ({ kind: "stuck", reason });
const running = (...nodes: string[]): JobState => ({ kind: "running", nodes });
const unknown = (reason: string): JobState => ({ kind: "unknown", reason });
const ended = (how: string, exitCode: number | null, reason = ""): JobState =>
  ({ kind: "ended", how, exitCode, reason }) as JobState;

function states(parsed: JobStates | undefined): Record<string, JobState> {
  return Object.fromEntries(parsed ?? []);
}

// -- Slurm -----------------------------------------------------------------------------------------

/** As Slurm 22.05 has printed it, columns of 16, 20, 12, 1000 and 200. */
function squeueLine(
  id: string,
  state: string,
  code: number,
  nodes: string,
  reason: string,
): string {
  return id.padEnd(16) + state.padEnd(20) + String(code).padEnd(12) + nodes.padEnd(1_000) +
    reason.padEnd(200);
}

Deno.test("squeue: states, nodes and wait statuses", () => {
  const text = [
    squeueLine("1", "PENDING", 0, "", "Priority"),
    squeueLine("2", "PENDING", 0, "", "launch failed requeued held"),
    squeueLine("3", "CONFIGURING", 0, "gpu1", "None"),
    squeueLine("4", "RUNNING", 0, "gpu[01-02,5],login1", "None"),
    squeueLine("5", "COMPLETED", 0, "node1", "None"),
    squeueLine("6", "FAILED", 768, "node1", "NonZeroExitCode"),
    squeueLine("7", "CANCELLED", 15, "node1", "None"),
    squeueLine("8", "CANCELLED", 0, "", "None"),
    squeueLine("9", "TIMEOUT", 15, "node1", "TimeLimit"),
    squeueLine("10", "NODE_FAIL", 1, "node1", "NodeDown"),
    squeueLine("11", "OUT_OF_MEMORY", 32_000, "node1", "OutOfMemory"),
    squeueLine("12", "COMPLETING", 0, "node1", "None"),
    squeueLine("13", "NEW_STATE", 0, "", "None"),
    "",
  ].join("\n");
  assertEquals(states(parseSqueue(text)), {
    "1": queued("Priority"),
    "2": stuck("launch failed requeued held"),
    "3": queued("its nodes are being prepared"),
    "4": running("gpu01", "gpu02", "gpu5", "login1"),
    "5": ended("completed", 0, "COMPLETED"),
    "6": ended("failed", 3, "NonZeroExitCode"),
    "7": ended("cancelled", null, "CANCELLED"),
    "8": ended("cancelled", null, "CANCELLED"),
    "9": ended("timed-out", null, "TimeLimit"),
    "10": ended("node-lost", null, "NodeDown"),
    "11": ended("out-of-memory", 125, "OutOfMemory"),
    "12": running("node1"),
    "13": unknown("NEW_STATE"),
  });
});

/** The form is that of sacct(1), with --parsable2. */
Deno.test("sacct: states with who cancelled, codes and signals", () => {
  const text =
    "1|COMPLETED|0:0|None\n2|CANCELLED by 1000|0:15|None\n3|FAILED|9:0|NonZeroExitCode\n";
  assertEquals(states(parseSacct(text)), {
    "1": ended("completed", 0, "COMPLETED"),
    "2": ended("cancelled", null, "CANCELLED"),
    "3": ended("failed", 9, "NonZeroExitCode"),
  });
});

Deno.test("a list of hosts becomes names", () => {
  assertEquals(expandHosts(""), []);
  assertEquals(expandHosts("a,b[1-2]c[3,05]"), ["a", "b1c3", "b1c05", "b2c3", "b2c05"]);
  assertEquals(expandHosts("n[098-101]"), ["n098", "n099", "n100", "n101"]);
  assertEquals(expandHosts("n[1-2,"), ["n", "1-2"]);
  assertEquals(expandHosts("n[0-99999999]").length, 10_000);
});

// -- PBS -------------------------------------------------------------------------------------------

Deno.test("qstat -f: attributes that go on in the next line, and what is no attribute", () => {
  const text = [
    PBS.queued("1.pbs"),
    PBS.held("2.pbs"),
    PBS.running("3.pbs"),
    ...["0", "3", "271", "-29", "-27", "-1", "267", "-26", "-28"].map((status, index) =>
      PBS.finished(`${index + 4}.pbs`, status)
    ),
    PBS.deleted("13.pbs"),
  ].join("\n");
  const run = "Job run at Mon Nov 16 at 10:02 on (node0001:ncpus=32) and finished";
  assertEquals(states(parseQstat(text)), {
    "1.pbs": queued("Not Running: Insufficient amount of resource: ncpus (R: 64 A: 32 T: 64)"),
    "2.pbs": stuck("job held, too many failed attempts to run"),
    "3.pbs": running("node0001", "node0002"),
    "4.pbs": ended("completed", 0, run),
    "5.pbs": ended("failed", 3, run),
    "6.pbs": ended("cancelled", null, "signal 15"),
    "7.pbs": ended("timed-out", null, "the walltime is over"),
    "8.pbs": ended("out-of-memory", null, "more memory than asked for"),
    "9.pbs": ended("failed", null, run),
    "10.pbs": ended("failed", null, "signal 11"),
    "11.pbs": ended("out-of-memory", null, "more virtual memory than asked for"),
    "12.pbs": ended("failed", null, "more processor time than it may have"),
    "13.pbs": ended(
      "cancelled",
      null,
      "Not Running: Insufficient amount of resource: ncpus and terminated",
    ),
  });
});

// -- LSF -------------------------------------------------------------------------------------------

Deno.test("bjobs: fields, of which the last one may have the delimiter", () => {
  const lines = Object.values(LSF).map((line, index) => line(String(index + 1)));
  assertEquals(states(parseBjobs(["a banner of the site", ...lines].join("\n"))), {
    "1": queued("Job's requirements for resource reservation not satisfied: 4 hosts; a|b;"),
    "2": stuck("The job was suspended by the user while pending;"),
    "3": running("hostA", "hostB"),
    "4": ended("completed", 0),
    "5": ended("failed", 3),
    "6": ended("cancelled", 130, "TERM_OWNER: job killed by owner"),
    "7": ended("timed-out", 140, "TERM_RUNLIMIT: job killed after reaching LSF run time limit"),
    "8": unknown("UNKWN"),
  });
});

// -- Grid Engine -----------------------------------------------------------------------------------

Deno.test("qstat -xml: letters, and all hosts of a parallel job", () => {
  assertEquals(states(parseQstatXml(QSTAT_XML)), {
    "11": running("node1", "node2"),
    "12": queued(),
    "13": stuck("state Eqw: `qstat -j` says which start failed"),
    "14": stuck("state hqw: the job is held"),
    "15": running("node3"),
  });
});

Deno.test("qacct: exit statuses, limits and deletions", () => {
  assertEquals(states(parseQacct(QACCT)), {
    "21": ended("completed", 0),
    "22": ended("failed", 3),
    "23": ended("cancelled", null, "assumedly after job"),
    "24": ended("failed", 0, "before writing exit_status"),
  });
});

// -- HTCondor --------------------------------------------------------------------------------------

Deno.test("condor_q: a cluster of several processes is one block", () => {
  const text = adsText([
    HTCONDOR.idle(1),
    HTCONDOR.running(2),
    HTCONDOR.running(2, 1),
    HTCONDOR.idle(2, 2),
    HTCONDOR.held(3),
    HTCONDOR.removed(4),
    HTCONDOR.overdue(5),
    HTCONDOR.completed(6),
    HTCONDOR.completed(7),
    HTCONDOR.completed(7, 2),
  ]);
  const parsed = states(parseAds(text));
  assertEquals(parsed["2"], running("node0.example.org", "node1.example.org"));
  assertEquals(
    Object.values(parsed).map((state) => state.kind === "ended" ? state.how : state.kind),
    ["queued", "running", "stuck", "cancelled", "timed-out", "completed", "failed"],
  );
  assertEquals(parsed["7"], ended("failed", 2));
  assertEquals(states(parseAds("")), {});
  assertEquals(parseAds("-- Failed to fetch ads from: <10.0.0.1:9618>"), undefined);
});

// -- Kubernetes ------------------------------------------------------------------------------------

Deno.test("kubectl: a job with its pods is one block", () => {
  const { job, pod } = kubernetes;
  const text = kubernetes.list([
    job("new"),
    job("waits"),
    pod("waits", kubernetes.UNSCHEDULABLE),
    job("stuck"),
    pod("stuck", kubernetes.NO_IMAGE, "node1"),
    job("runs"),
    pod("runs", kubernetes.RUNNING, "node1"),
    pod("runs", kubernetes.UNSCHEDULABLE),
    pod("runs", kubernetes.RUNNING, "node2"),
    job("done", [kubernetes.COMPLETE]),
    job("failed", [kubernetes.failed("BackoffLimitExceeded", "Job has reached the limit")]),
    pod("failed", kubernetes.terminated(3, "Error"), "node1"),
    job("large", [kubernetes.failed("BackoffLimitExceeded", "")]),
    pod("large", kubernetes.terminated(137, "OOMKilled"), "node1"),
    job("late", [kubernetes.failed("BackoffLimitExceeded", "Job has reached the limit")]),
    pod("late", kubernetes.LATE, "node1"),
    job("older", [kubernetes.failed("DeadlineExceeded", "Job was active longer")]),
  ]);
  assertEquals(states(parseJobsAndPods(text, "funcx-endpoint/block")), {
    new: queued(),
    waits: queued("0/3 nodes are available: 3 Insufficient cpu."),
    stuck: stuck('ImagePullBackOff: Back-off pulling image "example.org/nope"'),
    runs: running("node1", "node2"),
    done: ended("completed", 0),
    failed: ended("failed", 3, "BackoffLimitExceeded: Job has reached the limit"),
    large: ended("out-of-memory", null, "OOMKilled"),
    late: ended(
      "timed-out",
      null,
      "DeadlineExceeded: Pod was active on the node longer than the specified deadline",
    ),
    older: ended("timed-out", null, "DeadlineExceeded: Job was active longer"),
  });
  assertEquals(parseJobsAndPods('{"items":[{}]}', ""), undefined);
  assertEquals(parseJobsAndPods("Unable to connect", ""), undefined);
});

// -- exec ------------------------------------------------------------------------------------------

Deno.test("a profile's own command: an id, a state and a reason in each line", () => {
  const text = "a queued too many jobs\nb running\n c completed \nd failed no disk\ne what now\n\n";
  assertEquals(states(parseStates(text)), {
    a: queued("too many jobs"),
    b: running(),
    c: ended("completed", 0),
    d: ended("failed", null, "no disk"),
    e: unknown("what now"),
  });
});
