/** Running the peers, each by a script of its own in this folder. */
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
import { DRIVEN, type Peer } from "./peer_list.ts";
import { type RedisServer, startRedis } from "./redis.ts";

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

const NO_PYTHON = "there is no python3 here";

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
      if (PYTHON === undefined && peer.script.endsWith(".py")) return context.note(NO_PYTHON);
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
  const python = folders.python === undefined
    ? PYTHON ?? "python3"
    : join(folders.python, "bin", "python");
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
      [
        join(folders.parallel!, "root", "usr", "bin", "parallel"),
        "--will-cite",
        "-j2",
        "/bin/true",
      ],
      sized(context, 300, 10),
      debianEnvironment(folders.parallel!),
    );
    context.record("4.executor", rate);
    context.record("4.service", rate);
  },
};

/** Of Python's own library. */
export const PEERS_AT_HAND: readonly Scenario[] = DRIVEN.filter(({ needs }) => needs.length === 0)
  .map(scenarioOf);

export const INSTALLED_PEERS: readonly Scenario[] = [
  ...DRIVEN.filter(({ needs }) => needs.length > 0).map(scenarioOf),
  parallel,
];
