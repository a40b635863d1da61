/** What is measured, and what it must reach: the rows of the table, as data. */

/** The program that this repository builds, among the subjects that are measured. */
export const OURS = "funcx-endpoint";
/** Measurements that bound a figure from below: the raw mechanism without the program. */
export const FLOOR = "floor";

export type Unit = "/s" | "ms" | "s" | "MB" | "KB" | "MB/s" | "%" | "/min" | "ratio";

export interface Figure {
  /** `ROW.name`, or `floor.name`; a sample of `ID.cpu` is its processor time per 1,000 tasks. */
  readonly id: string;
  readonly label: string;
  readonly unit: Unit;
  readonly better: "higher" | "lower";
  /** At least so much when higher is better, at most so much when lower is. */
  readonly target?: number;
  /** How many times as good as a peer it has to be. */
  readonly versus?: readonly { readonly peer: string; readonly times: number }[];
  /** Ids of floors that say what the machine allows. */
  readonly floors?: readonly string[];
}

export const PEERS = {
  parsl: "Parsl HTEX",
  futures: "concurrent.futures",
  futuresChunks: "concurrent.futures, chunks",
  dask: "Dask distributed",
  celery: "Celery + Redis",
  bullmq: "BullMQ + Redis",
  bullmqDurable: "BullMQ + Redis, appendfsync always",
  globus: "Globus Compute endpoint",
  xargs: "xargs -P2",
  parallel: "GNU parallel -j2",
} as const;

const rate = { unit: "/s", better: "higher" } as const;
const time = { unit: "ms", better: "lower" } as const;
const memory = { unit: "MB", better: "lower" } as const;
const ratio = { unit: "ratio", better: "higher" } as const;

const EXECUTOR_PEERS = [
  { peer: PEERS.parsl, times: 40 },
  { peer: PEERS.futures, times: 3 },
] as const;
const SERVICE_PEERS = [
  { peer: PEERS.bullmq, times: 3 },
  { peer: PEERS.bullmqDurable, times: 3 },
] as const;
const BETTER_THAN_GLOBUS = [{ peer: PEERS.globus, times: 1 }] as const;
const XARGS = [{ peer: PEERS.xargs, times: 0.9 }] as const;
const SERVICE_FLOORS = ["floor.trip_tasks", "floor.libsql_rows", "floor.websocket_tasks"];
const TRIP_FLOORS = [
  "floor.trip",
  "floor.fsync",
  "floor.http_trip",
  "floor.websocket_trip",
  "floor.pipe_trip",
];
const SHELL_FLOORS = ["floor.setsid_sh"];

function efficiency(where: string, how: string, floors: readonly string[] = []): Figure[] {
  return ([[1, 0.90], [10, 0.97], [100, 0.99]] as const).map(([duration, target]) => ({
    id: `5.${where}_${duration}ms`,
    label: `efficiency, tasks of ${duration} ms, ${how}`,
    ...ratio,
    target,
    floors: [...floors, `floor.wait_${duration}ms`],
  }));
}

function payloads(): Figure[] {
  return (["1KB", "100KB", "1MB", "10MB"] as const).map((size) => ({
    id: `7.${size}`,
    label: `payloads of ${size.replace(/(?=[KM])/, " ")}, each way`,
    unit: "MB/s",
    better: "higher",
    ...(size === "1MB" ? { target: 200 } : {}),
    floors: size.endsWith("MB") ? ["floor.payloads", "floor.http_bodies", "floor.write_bytes"] : [],
  }));
}

/** In the order of the table. */
export const FIGURES: readonly Figure[] = [
  {
    id: "1.typescript",
    label: "no-op tasks, executor alone, TypeScript",
    ...rate,
    target: 100_000,
    versus: EXECUTOR_PEERS,
    floors: ["floor.pipe_deno"],
  },
  {
    id: "1.python",
    label: "no-op tasks, executor alone, Python",
    ...rate,
    target: 40_000,
    versus: EXECUTOR_PEERS,
    floors: ["floor.pipe_python"],
  },
  {
    id: "2.typescript",
    label: "no-op tasks through the service, durable, TypeScript",
    ...rate,
    target: 15_000,
    versus: SERVICE_PEERS,
    floors: SERVICE_FLOORS,
  },
  {
    id: "2.python",
    label: "no-op tasks through the service, durable, Python",
    ...rate,
    target: 15_000,
    versus: SERVICE_PEERS,
    floors: SERVICE_FLOORS,
  },
  {
    id: "3.p50",
    label: "one task at a time through the service, p50",
    ...time,
    target: 2,
    floors: TRIP_FLOORS,
  },
  {
    id: "3.p99",
    label: "one task at a time through the service, p99",
    ...time,
    target: 8,
    floors: ["floor.trip_p99", "floor.fsync_p99"],
  },
  {
    id: "4.executor",
    label: "/bin/true as a shell task, executor alone",
    ...rate,
    versus: XARGS,
    floors: SHELL_FLOORS,
  },
  {
    id: "4.service",
    label: "/bin/true as a shell task, through the service",
    ...rate,
    versus: XARGS,
    floors: SHELL_FLOORS,
  },
  ...efficiency("executor", "executor alone"),
  ...efficiency("service", "through the service"),
  {
    id: "6.ratio",
    label: "rate with 1,000,000 tasks queued against 10,000",
    ...ratio,
    target: 0.9,
  },
  { id: "6.rate_few", label: "rate with 10,000 queued", ...rate },
  { id: "6.rate_many", label: "rate with 1,000,000 queued", ...rate },
  { id: "6.service_peak", label: "service, highest resident memory", ...memory, target: 400 },
  { id: "6.agent_peak", label: "agent, highest resident memory", ...memory, target: 400 },
  { id: "6.service_pss", label: "service, proportional memory at the end", ...memory },
  { id: "6.agent_pss", label: "agent, proportional memory at the end", ...memory },
  { id: "6.submit", label: "submitting the 1,000,000", ...rate, floors: ["floor.libsql_rows"] },
  ...payloads(),
  { id: "7.small_alone", label: "small tasks alone, p99", ...time },
  {
    id: "7.small_beside",
    label: "small tasks beside a stream of 10 MB ones, p99",
    ...time,
    floors: ["floor.payload_hold"],
  },
  {
    id: "7.small_ratio",
    label: "p99 beside the stream against alone",
    unit: "ratio",
    better: "lower",
    target: 5,
    floors: ["floor.payload_hold"],
  },
  {
    id: "8.replay",
    label: "SIGKILL with 1,000,000 spooled, to Active",
    unit: "s",
    better: "lower",
    target: 10,
  },
  {
    id: "9.memory",
    label: "service memory for each of 5,000 idle endpoints",
    unit: "KB",
    better: "lower",
    target: 30,
    floors: ["floor.websocket_idle"],
  },
  {
    id: "9.processor",
    label: "service, processor with 5,000 idle endpoints, over 30 s",
    unit: "%",
    better: "lower",
    target: 5,
  },
  {
    id: "9.return",
    label: "all back after a restart of the service",
    unit: "s",
    better: "lower",
    target: 20,
  },
  {
    id: "10.typescript",
    label: "warm idle TypeScript worker above bare Deno",
    ...memory,
    target: 12,
    floors: ["floor.deno_memory", "floor.deno_guest_memory"],
  },
  {
    id: "10.python",
    label: "warm idle Python worker above bare python3",
    ...memory,
    target: 12,
    floors: ["floor.python_memory"],
  },
  { id: "10.agent", label: "agent, idle", ...memory, target: 90, floors: ["floor.deno_memory"] },
  {
    id: "10.service",
    label: "service, idle",
    ...memory,
    target: 90,
    floors: ["floor.deno_memory"],
  },
  { id: "10.typescript_pss", label: "the same worker, proportional memory", ...memory },
  { id: "10.python_pss", label: "the same worker, proportional memory", ...memory },
  { id: "10.agent_pss", label: "agent, idle, proportional memory", ...memory },
  { id: "10.service_pss", label: "service, idle, proportional memory", ...memory },
  {
    id: "11.active",
    label: "start to Active",
    ...time,
    target: 1_000,
    floors: ["floor.deno_start"],
  },
  { id: "11.result", label: "start to first result", ...time, target: 1_200 },
  { id: "12.version", label: "--version", ...time, target: 80, floors: ["floor.deno_start"] },
  {
    id: "12.list",
    label: "list with 100 profiles",
    ...time,
    target: 150,
    floors: ["floor.deno_start"],
  },
  {
    id: "12.tasks",
    label: "task list --json of 10,000",
    ...time,
    target: 300,
    floors: ["floor.deno_start"],
  },
  { id: "13.alone", label: "one task at a time alone, p99", ...time },
  {
    id: "13.beside",
    label: "one task at a time beside 100,000 queued by another client, p99",
    ...time,
  },
  {
    id: "13.ratio",
    label: "p99 beside the 100,000 against alone",
    unit: "ratio",
    better: "lower",
    target: 10,
  },
  {
    id: "14.memory",
    label: "agent memory for each of 2,000 idle managers",
    unit: "KB",
    better: "lower",
  },
  {
    id: "14.processor",
    label: "agent, processor with 2,000 idle managers, over 30 s",
    unit: "%",
    better: "lower",
  },
  {
    id: "14.rate",
    label: "no-op tasks through the service, the agent and 2,000 managers with fake workers",
    ...rate,
  },
  {
    id: "14.busy_memory",
    label: "agent memory for each of the 2,000 managers, after that",
    unit: "KB",
    better: "lower",
  },
  {
    id: "14.return",
    label: "all managers back after a kill and a restart of the agent",
    unit: "s",
    better: "lower",
  },
  { id: "15.first", label: "one task at a time on a warm block of Slurm, p50", ...time },
  { id: "15.cold", label: "first result with no block, from a queue that is empty", ...time },
  {
    id: "15.ratio",
    label: "no-op tasks through the manager of a block against the local pool",
    ...ratio,
    target: 0.8,
  },
  { id: "15.rate", label: "no-op tasks through the manager of a block", ...rate },
  { id: "15.local_rate", label: "no-op tasks through the local pool, in the same minute", ...rate },
  {
    id: "15.commands",
    label: "scheduler commands a minute with 50 blocks",
    unit: "/min",
    better: "lower",
  },
  { id: "15.manager_killed", label: "a manager is killed, until its tasks wait again", ...time },
  { id: "15.manager_stopped", label: "a manager is stopped, until it is said to be away", ...time },
  { id: "15.block_cancelled", label: "scancel of a block, until its tasks wait again", ...time },
  { id: "15.agent_killed", label: "start after a kill, until its managers are back", ...time },
  {
    id: "16.endpoints",
    label: "portal, first view of 10,000 endpoints with an empty browser cache, p50",
    ...time,
    target: 300,
  },
  {
    id: "16.tasks",
    label: "portal, first view of 100,000 tasks with an empty browser cache, p50",
    ...time,
    target: 300,
  },
  {
    id: "16.interaction",
    label: "portal, longest of searching and scrolling in them, from input to paint",
    ...time,
    target: 100,
  },
  {
    id: "16.update",
    label: "portal, longest from the end of a task until the page shows it",
    ...time,
    target: 500,
  },
  {
    id: "17.trip",
    label: "official SDK, one no-op at a time by its Executor, p50",
    ...time,
    target: 50,
    floors: ["floor.sdk_poll"],
  },
  {
    id: "17.quick_trip",
    label: "the same where the SDK looks each millisecond at what has come",
    ...time,
    target: 50,
    versus: BETTER_THAN_GLOBUS,
  },
  {
    id: "17.rate",
    label: "official SDK, 5,000 no-ops at once by its Executor",
    ...rate,
    versus: BETTER_THAN_GLOBUS,
  },
  {
    id: "17.first",
    label: "official SDK, from the start of the endpoint to the result of a task that waits for it",
    unit: "s",
    better: "lower",
    versus: BETTER_THAN_GLOBUS,
  },
  {
    id: "17.memory",
    label: "the endpoint after that, all its processes",
    ...memory,
    versus: BETTER_THAN_GLOBUS,
  },
];

/** What the machine allows without the program, beside which a figure that is not reached stands. */
export const FLOORS: readonly Figure[] = [
  {
    id: "floor.sdk_poll",
    label: "time between the official SDK's looks at what has come (`poll_period_s`)",
    ...time,
  },
  {
    id: "floor.trip_tasks",
    label: "bare server, agent and workers with the same writes to disk, 1,000 tasks a request",
    ...rate,
  },
  {
    id: "floor.trip",
    label: "bare server, agent and worker with the same writes to disk, one at a time, p50",
    ...time,
  },
  {
    id: "floor.trip_p99",
    label: "bare server, agent and worker with the same writes to disk, one at a time, p99",
    ...time,
  },
  {
    id: "floor.pipe_deno",
    label: "pipes, echo of records by two processes, Deno to Deno, 256 a batch",
    ...rate,
  },
  { id: "floor.pipe_python", label: "the same, Deno to Python", ...rate },
  { id: "floor.pipe_trip", label: "one record there and back, p50", ...time },
  {
    id: "floor.websocket_tasks",
    label: "loopback WebSocket, echo of tasks, 128 a frame",
    ...rate,
  },
  { id: "floor.websocket_trip", label: "one frame there and back, p50", ...time },
  {
    id: "floor.websocket_bytes",
    label: "frames of 1 MB there and back, each way",
    unit: "MB/s",
    better: "higher",
  },
  {
    id: "floor.websocket_idle",
    label: "memory of an idle WebSocket in a bare server",
    unit: "KB",
    better: "lower",
  },
  {
    id: "floor.payloads",
    label: "1 MB as JSON to a bare server, synced, through a bare worker and back, each hop hashed",
    unit: "MB/s",
    better: "higher",
  },
  { id: "floor.payload_hold", label: "a task of 10 MB in a bare worker, p50", ...time },
  {
    id: "floor.http_bodies",
    label: "1 MB by HTTP to a bare server and on, as arguments and as a result",
    unit: "MB/s",
    better: "higher",
  },
  { id: "floor.http_trip", label: "one HTTP request to a bare server, p50", ...time },
  { id: "floor.libsql_commits", label: "libSQL, one row a commit, synchronous FULL", ...rate },
  { id: "floor.libsql_rows", label: "libSQL, inserted rows of 200 bytes, 500 a commit", ...rate },
  { id: "floor.fsync", label: "writing and syncing 4 KiB, p50", ...time },
  { id: "floor.fsync_p99", label: "writing and syncing 4 KiB, p99", ...time },
  { id: "floor.write_bytes", label: "writing and syncing 1 MB", unit: "MB/s", better: "higher" },
  { id: "floor.setsid_sh", label: "xargs -P2 setsid sh -c /bin/true", ...rate },
  { id: "floor.wait_1ms", label: "the tasks of 1 ms in two bare Python loops", ...ratio },
  { id: "floor.wait_10ms", label: "the tasks of 10 ms in two bare Python loops", ...ratio },
  { id: "floor.wait_100ms", label: "the tasks of 100 ms in two bare Python loops", ...ratio },
  { id: "floor.deno_memory", label: "bare Deno that sleeps, resident", ...memory },
  {
    id: "floor.deno_guest_memory",
    label: "bare Deno with an empty Web Worker, above bare Deno",
    ...memory,
  },
  { id: "floor.python_memory", label: "bare python3 -I -S that sleeps, resident", ...memory },
  { id: "floor.deno_start", label: "bare Deno running an empty file", ...time },
];

/** The row of a figure's id; 0 for a floor. */
export function rowOf(id: string): number {
  const row = Number.parseInt(id, 10);
  return Number.isNaN(row) ? 0 : row;
}

export const ROWS: readonly number[] = [...new Set(FIGURES.map(({ id }) => rowOf(id)))];
