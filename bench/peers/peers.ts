/** The peers, each driven by a script of its own in this folder with two workers, warm. */
import { fromFileUrl, join } from "../../src/lib/path.ts";
import { PYTHON } from "../../tests/helpers/python.ts";
import { PEERS } from "../figures.ts";
import { spawnRate } from "../floors/spawning.ts";
import { type Scenario, type ScenarioContext, sized } from "../scenario.ts";
import {
  debianEnvironment,
  debianVersion,
  type Ecosystem,
  PeerInstaller,
  pinnedVersion,
} from "./install.ts";
import { type RedisServer, SNAPSHOTS, startRedis, SYNCED } from "./redis.ts";

const FOLDER = fromFileUrl(new URL("./", import.meta.url));
const installer = new PeerInstaller(
  fromFileUrl(new URL("../../dist/bench-peers", import.meta.url)),
);

/** What a driver prints. */
interface Measured {
  readonly rate: number;
  readonly p50?: number;
  readonly p99?: number;
  /** By milliseconds of a task. */
  readonly efficiency?: Readonly<Record<string, number>>;
}

interface Peer {
  readonly name: string;
  /** What a reader has to know to judge the comparison. */
  readonly settings: string;
  readonly needs: readonly Ecosystem[];
  /** Packages whose versions the page names. */
  readonly packages?: readonly string[];
  /** In the folder of this file. */
  readonly script: string;
  /** Of the rate: about two seconds. */
  readonly tasks: number;
  /** Figures that its rate and its efficiency stand beside. */
  readonly rates: readonly string[];
  readonly efficiency?: "executor" | "service";
  readonly redis?: readonly string[];
  readonly chunks?: boolean;
}

const EXECUTOR_RATES = ["1.typescript", "1.python"];
const SERVICE_RATES = ["2.typescript", "2.python"];

const DRIVEN: readonly Peer[] = [
  {
    name: PEERS.parsl,
    settings: "one local block, 2 workers, prefetch_capacity 100, no strategy, no memoization",
    needs: ["python"],
    packages: ["parsl"],
    script: "parsl_peer.py",
    tasks: 3_000,
    rates: EXECUTOR_RATES,
    efficiency: "executor",
  },
  {
    name: PEERS.futures,
    settings: "ProcessPoolExecutor(2), a future for each task",
    needs: [],
    script: "futures_peer.py",
    tasks: 20_000,
    rates: EXECUTOR_RATES,
    efficiency: "executor",
  },
  {
    name: PEERS.futuresChunks,
    settings:
      "ProcessPoolExecutor(2).map, 1,000 tasks a chunk; a chunk fails or is lost as a whole",
    needs: [],
    script: "futures_peer.py",
    tasks: 300_000,
    rates: EXECUTOR_RATES,
    chunks: true,
  },
  {
    name: PEERS.dask,
    settings:
      "LocalCluster of 2 processes with a thread each, Client.map in batches; keeps nothing " +
      "on disk",
    needs: ["python"],
    packages: ["distributed"],
    script: "dask_peer.py",
    tasks: 1_500,
    rates: SERVICE_RATES,
    efficiency: "service",
  },
  {
    name: PEERS.celery,
    settings: "prefork worker of 2 processes, prefetch multiplier 64, JSON; Redis for " +
      "broker and results, with its default snapshots",
    needs: ["python", "redis"],
    packages: ["celery"],
    script: "celery_peer.py",
    tasks: 1_500,
    rates: SERVICE_RATES,
    efficiency: "service",
    redis: SNAPSHOTS,
  },
  {
    name: PEERS.bullmq,
    settings:
      "2 worker processes, 100 jobs at a time each for the rate and 1 for the rest, bulks " +
      "of 1,000, finished jobs removed; Redis with its default snapshots, which lose the last " +
      "minutes with the machine",
    needs: ["npm", "redis"],
    packages: ["bullmq"],
    script: "bullmq_peer.mjs",
    tasks: 10_000,
    rates: SERVICE_RATES,
    efficiency: "service",
    redis: SNAPSHOTS,
  },
  {
    name: PEERS.bullmqDurable,
    settings:
      "the same with an append-only file that is synced before each answer, which is what " +
      "this program promises",
    needs: ["npm", "redis"],
    packages: ["bullmq"],
    script: "bullmq_peer.mjs",
    tasks: 6_000,
    rates: SERVICE_RATES,
    efficiency: "service",
    redis: SYNCED,
  },
];

function scenarioOf(peer: Peer): Scenario {
  return {
    name: "rate, round trip, efficiency",
    subject: peer.name,
    rows: [...new Set(peer.rates.map((id) => Number.parseInt(id, 10)))].concat(
      peer.chunks ? [] : [3, 5],
    ),
    // The first run also installs it.
    minutes: 10,
    run: async (context) => {
      const folders = await installed(context, peer.needs);
      if (folders === undefined) return;
      const versions = (peer.packages ?? []).map(pinnedVersion);
      if (folders.redis !== undefined) versions.push(debianVersion(folders.redis, "redis-server"));
      context.note([...versions, peer.settings].join("; "));
      await using redis = peer.redis === undefined
        ? undefined
        : await startRedis(folders.redis!, context.folder, peer.redis);
      record(context, peer, await drive(context, peer, folders, redis));
    },
  };
}

type Folders = Partial<Record<Ecosystem, string>>;

/** Undefined, with a note, when something that the peer needs is not to be had here. */
async function installed(
  context: ScenarioContext,
  needs: readonly Ecosystem[],
): Promise<Folders | undefined> {
  const folders: Folders = {};
  for (const ecosystem of needs) {
    const found = await installer.install(ecosystem);
    if (found.kind === "missing") {
      context.note(found.reason);
      return undefined;
    }
    folders[ecosystem] = found.folder;
  }
  return folders;
}

async function drive(
  context: ScenarioContext,
  peer: Peer,
  folders: Folders,
  redis: RedisServer | undefined,
): Promise<Measured> {
  const folder = Deno.makeTempDirSync({ dir: context.folder });
  const settings = {
    tasks: sized(context, peer.tasks, 100),
    trips: sized(context, 200, 5),
    waits: context.isSmoke ? [[1, 10]] : [[1, 1_000], [10, 200], [100, 40]],
    folder,
    chunks: peer.chunks,
    port: redis?.port,
  };
  const python = folders.python === undefined ? PYTHON! : join(folders.python, "bin", "python");
  const child = new Deno.Command(peer.script.endsWith(".py") ? python : "node", {
    args: [join(FOLDER, peer.script), JSON.stringify(settings)],
    cwd: folder,
    env: {
      PATH: `${join(python, "..")}:${Deno.env.get("PATH") ?? ""}`,
      PYTHONPATH: FOLDER,
      PYTHONDONTWRITEBYTECODE: "1",
      PEER_PACKAGES: folders.npm ?? "",
      PEER_REDIS: `redis://127.0.0.1:${redis?.port}/0`,
    },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const { success, stdout, stderr } = await child.output();
  const last = new TextDecoder().decode(stdout).trim().split("\n").at(-1) ?? "";
  if (!success) throw new Error(new TextDecoder().decode(stderr).slice(-2_000));
  return JSON.parse(last);
}

function record(context: ScenarioContext, peer: Peer, measured: Measured): void {
  for (const id of peer.rates) context.record(id, measured.rate);
  if (measured.p50 !== undefined) context.record("3.p50", measured.p50);
  if (measured.p99 !== undefined) context.record("3.p99", measured.p99);
  for (const [duration, value] of Object.entries(measured.efficiency ?? {})) {
    context.record(`5.${peer.efficiency}_${duration}ms`, value);
  }
}

const parallel: Scenario = {
  name: "parallel -j2 /bin/true",
  subject: PEERS.parallel,
  rows: [4],
  run: async (context) => {
    const folders = await installed(context, ["parallel"]);
    if (folders === undefined) return;
    context.note(debianVersion(folders.parallel!, "parallel"));
    const rate = await spawnRate(
      ["parallel", "--will-cite", "-j2", "/bin/true"],
      sized(context, 300, 10),
      debianEnvironment(folders.parallel!),
    );
    context.record("4.executor", rate);
    context.record("4.service", rate);
  },
};

export const PEER_SCENARIOS: readonly Scenario[] = [...DRIVEN.map(scenarioOf), parallel];
