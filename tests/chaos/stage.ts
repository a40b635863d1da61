/**
 * The parts of a seed as real processes: service, agent and clients in a scratch home, the links
 * between them, and their disks.
 */
import { Client, python, shell, typescript } from "../../src/client/mod.ts";
import { BLOB_DISK_RESERVE } from "../../src/contract/limits.ts";
import { DISK_RESERVE } from "../../src/endpoint/storage_health.ts";
import { join } from "../../src/lib/path.ts";
import { lockHolder } from "../../src/lib/process_lock.ts";
import { Mount } from "../helpers/mount.ts";
import { processesOf, type ProcessInfo } from "../helpers/processes.ts";
import { PATH_WITH_PYTHON } from "../helpers/python.ts";
import { type Finished, Running } from "../helpers/running.ts";
import { TestEnv } from "../helpers/test_env.ts";
import { until } from "../helpers/until.ts";
import type { ClientProcessOptions } from "./client_main.ts";
import { buildClock, clockEnvironment, setClock } from "./clock.ts";
import { Ledger } from "./ledger.ts";
import { mendOf } from "./mend.ts";
import { Part } from "./part.ts";
import type { DaemonName, DiskName, LinkName, Means, Plan } from "./plan.ts";
import { Link } from "./proxy.ts";
import { CLIENTS, GROUPS, SOURCES } from "./workload.ts";

const WORKERS = 4;
/** Beyond the room that they leave free; a service's for blobs is the larger one. */
const DISKS: Readonly<Record<DiskName, number>> = {
  "agent disk": DISK_RESERVE + 128 * 1024 * 1024,
  "service disk": BLOB_DISK_RESERVE + 128 * 1024 * 1024,
};
const START_PATIENCE = 60_000;
const CLIENT_MAIN = join(import.meta.dirname!, "client_main.ts");

export class Stage implements AsyncDisposable {
  readonly env: TestEnv;
  readonly ledger: Ledger;
  readonly links: Readonly<Record<LinkName, Link>>;
  readonly disks = new Map<DiskName, Mount>();
  readonly daemons: Readonly<Record<DaemonName, Part>>;
  readonly clients: Part[] = [];
  /** What no process should have done. */
  readonly troubles: string[] = [];
  /** What is wrong at present and may be why a daemon does not come up. */
  readonly excuses = new Set<string>();
  /** Commits of the spool were lost that its disk had confirmed. */
  spoolLost = false;
  readonly #plan: Plan;
  readonly #port: number;
  /** Environments of those whose clocks can be set. */
  readonly #clocks = new Map<string, Record<string, string>>();
  #finishedClients = 0;
  readonly #allFinished = Promise.withResolvers<void>();
  #admin: Client | undefined;

  static readonly #open = new Set<Stage>();

  private constructor(plan: Plan, env: TestEnv, port: number, links: Stage["links"]) {
    this.#plan = plan;
    this.env = env;
    this.#port = port;
    this.links = links;
    this.ledger = new Ledger(join(env.root, "ledger"));
    this.daemons = {
      service: this.#daemon("service", ["service", "run", "--listen", `127.0.0.1:${port}`]),
      agent: this.#daemon("agent", ["start", "default", "--foreground"]),
    };
  }

  /** Ends what all seeds have started, when the run is interrupted. */
  static async endAll(): Promise<void> {
    for (const stage of Stage.#open) await stage[Symbol.asyncDispose]();
  }

  /** Everything up, the endpoint Active, and no task submitted. */
  static async open(plan: Plan, means: Means): Promise<Stage> {
    const env = new TestEnv({
      prefix: "funcx-chaos-",
      env: { PATH: PATH_WITH_PYTHON },
      ownTemporaryFolders: true,
    });
    const port = freePort(plan.seed);
    const links = { "agent link": await Link.open(port), "client link": await Link.open(port) };
    const stage = new Stage(plan, env, port, links);
    Stage.#open.add(stage);
    try {
      await stage.#prepare(means);
      return stage;
    } catch (thrown) {
      env.keepFiles();
      await stage[Symbol.asyncDispose]();
      throw thrown;
    }
  }

  /** Straight to the service. */
  get admin(): Client {
    return this.#admin!;
  }

  get serviceUrl(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** Worker processes of the agent, in the order of their ids. */
  workers(): ProcessInfo[] {
    const { pid } = this.daemons.agent;
    return processesOf(this.env.root).filter((each) => each.parent === pid)
      .toSorted((left, right) => left.pid - right.pid);
  }

  /** The clients begin to submit at `begin`, milliseconds since 1970. */
  async startClients(begin: number): Promise<void> {
    const endpointId = this.#endpointId();
    const functionIds = await this.#registerFunctions();
    for (const [number, batches] of this.#plan.workload.clients.entries()) {
      const options: ClientProcessOptions = {
        url: `http://127.0.0.1:${this.links["client link"].port}`,
        tokenFile: this.#tokenFile,
        endpointId,
        functionIds,
        taskGroupIds: Array.from({ length: GROUPS }, () => crypto.randomUUID()),
        batches,
        ledger: this.ledger.path,
        journal: this.journal(number),
        begin,
      };
      this.clients.push(this.#client(number, options));
    }
    for (const client of this.clients) client.start();
  }

  journal(client: number): string {
    return join(this.env.root, `client-${client}.journal`);
  }

  /** Resolves when every client has seen a result of each of its tasks. */
  get allFinished(): Promise<void> {
    return this.#allFinished.promise;
  }

  setClock(daemon: DaemonName, seconds: number): void {
    setClock(this.#clockFile(daemon), seconds);
  }

  /** Whether this process is the endpoint's agent, and has said so. */
  holdsLock(pid: number): boolean {
    return lockHolder(join(this.env.state, "default", "agent.lock"))?.pid === pid;
  }

  /** Spool or store. */
  databaseOf(daemon: DaemonName): string {
    return daemon === "agent"
      ? join(this.env.state, "default", "spool.db")
      : join(this.env.state, "service", "service.db");
  }

  async isHealthy(): Promise<boolean> {
    try {
      return (await fetch(`${this.serviceUrl}/v3/health`)).ok;
    } catch {
      return false;
    }
  }

  /** What helps to understand a seed that failed, into its folder; before anything is stopped. */
  async keepEvidence(): Promise<void> {
    this.env.keepFiles();
    for (const [name, part] of Object.entries(this.daemons)) {
      const args = name === "agent" ? ["status", "default"] : ["service", "status"];
      const { stdout, stderr } = await this.env.run([...args, "--json"]).catch((thrown: Error) => ({
        stdout: "",
        stderr: thrown.message,
      }));
      const text = [part.said, stdout, stderr].join("\n---\n");
      Deno.writeTextFileSync(join(this.env.root, `${name}.said`), text);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const part of [...this.clients, this.daemons.agent, this.daemons.service]) {
      await part.end("SIGKILL");
    }
    for (const link of Object.values(this.links)) await link[Symbol.asyncDispose]();
    for (const disk of this.disks.values()) {
      if (this.env.failed) await disk.unmountKeepingFiles();
      else await disk[Symbol.asyncDispose]();
    }
    await this.env[Symbol.asyncDispose]();
    Stage.#open.delete(this);
  }

  // -- preparing ------------------------------------------------------------------------------------

  get #tokenFile(): string {
    return join(this.env.root, "token");
  }

  #clockFile(daemon: string): string {
    return join(this.env.root, `${daemon}.clock`);
  }

  async #prepare({ mounts }: Means): Promise<void> {
    const { env } = this;
    const jumps = this.#plan.faults.filter(({ kind }) => kind === "clock");
    if (jumps.length > 0) {
      const library = await buildClock(env.root);
      for (const { lane } of jumps) {
        this.#clocks.set(lane, clockEnvironment(library, this.#clockFile(lane)));
      }
    }
    for (const folder of ["default", "service"]) {
      Deno.mkdirSync(join(env.state, folder), { recursive: true, mode: 0o700 });
    }
    Deno.chmodSync(env.state, 0o700);
    if (mounts) {
      await this.#mount("agent disk", "default");
      await this.#mount("service disk", "service");
    }
    env.file(".funcx/default/config.ts", this.#profile());
    this.daemons.service.start();
    await until("the service", () => this.isHealthy(), START_PATIENCE);
    const { token } = await env.json<{ token: string }>(["service", "token", "create"]);
    Deno.writeTextFileSync(this.#tokenFile, token, { mode: 0o600 });
    this.#admin = new Client({ url: this.serviceUrl, token });
    this.daemons.agent.start();
    await until("the endpoint", () => this.#isOnline(), START_PATIENCE);
  }

  async #mount(disk: DiskName, folder: string): Promise<void> {
    const options = `size=${DISKS[disk]},mode=0700`;
    this.disks.set(disk, await Mount.make(join(this.env.state, folder), options));
  }

  async #isOnline(): Promise<boolean> {
    for await (const { status } of this.admin.endpoints()) if (status === "online") return true;
    if (this.troubles.length > 0) throw new Error(this.troubles.join("; "));
    return false;
  }

  #profile(): string {
    const profile = {
      service: `http://127.0.0.1:${this.links["agent link"].port}`,
      executor: {
        workersPerNode: WORKERS,
        runtimes: { typescript: { permissions: { write: [this.ledger.path] } } },
      },
    };
    return `export default ${JSON.stringify(profile, null, 2)};\n`;
  }

  #endpointId(): string {
    const path = join(this.env.state, "default", "endpoint.json");
    return JSON.parse(Deno.readTextFileSync(path)).endpoint_id;
  }

  async #registerFunctions(): Promise<ClientProcessOptions["functionIds"]> {
    const register = async (...args: Parameters<Client["register"]>): Promise<string> =>
      (await this.admin.register(...args)).functionId;
    return {
      typescript: await register(typescript(SOURCES.typescript)),
      python: await register(python(SOURCES.python, "task")),
      shell: await register(shell(SOURCES.shell)),
    };
  }

  // -- processes ------------------------------------------------------------------------------------

  #daemon(name: DaemonName, args: readonly string[]): Part {
    return new Part({
      spawn: () => {
        const clock = this.#clocks.get(name);
        return this.env.start(args, { env: { FUNCX_TOKEN_FILE: this.#tokenFile, ...clock } });
      },
      onEnd: (finished) => this.#daemonEnded(name, finished),
    });
  }

  /** As its user would: the mend is followed, and it is started again. */
  async #daemonEnded(name: DaemonName, finished: Finished): Promise<boolean> {
    const harmed = name === "agent" ? this.ledger.harm() : undefined;
    const mended = await mendOf(this, name, finished);
    this.ledger.note(`${name} ended by itself with ${finished.code}: ${mended.what}`);
    harmed?.();
    if (mended.kind === "trouble") this.troubles.push(mended.what);
    return this.troubles.length < 10;
  }

  #client(number: number, options: ClientProcessOptions): Part {
    const file = join(this.env.root, `client-${number}.json`);
    Deno.writeTextFileSync(file, JSON.stringify(options));
    const command = [Deno.execPath(), "run", "-A", "--quiet", "--no-check", CLIENT_MAIN, file];
    return new Part({
      spawn: () => new Running(command, { env: { FUNCX_TEST: this.env.root, NO_COLOR: "1" } }),
      onEnd: ({ code, stderr }) => {
        if (code !== 0) this.troubles.push(`client ${number} ended with ${code}: ${stderr}`);
        this.#finishedClients += 1;
        if (this.#finishedClients === CLIENTS) this.#allFinished.resolve();
        return Promise.resolve(false);
      },
    });
  }
}

/** Below the ports that the system gives to outgoing connections, which could take it meanwhile. */
function freePort(seed: number): number {
  for (let port = 20_000 + (seed * 97) % 9_000;; port++) {
    try {
      Deno.listen({ hostname: "127.0.0.1", port }).close();
      return port;
    } catch (thrown) {
      if (!(thrown instanceof Deno.errors.AddrInUse)) throw thrown;
    }
  }
}
