/**
 * A real RabbitMQ node on this machine for one test, with files, ports, name and cookie of its own;
 * ended when it is disposed of. It takes Debian's `rabbitmq-server` and root, which installs it.
 */
import { connect } from "amqplib";
import { capture } from "../../scripts/build/command.ts";
import { writePrivateFile } from "../../src/lib/files.ts";
import { messageOf } from "../../src/lib/outcome.ts";
import { join } from "../../src/lib/path.ts";
import { APT_OPTIONS } from "./apt.ts";
import { freePorts } from "./slurm_cluster.ts";
import { until } from "./until.ts";

/** The script itself; the one on the path changes to the package's own user. */
const SERVER = "/usr/lib/rabbitmq/bin/rabbitmq-server";
const CONTROL = "/usr/lib/rabbitmq/bin/rabbitmqctl";
const EPMD = "/usr/bin/epmd";

/** An Erlang node on two busy cores takes its time. */
const PATIENCE = 120_000;

const INSTALL = `
export DEBIAN_FRONTEND=noninteractive
test -x ${SERVER} && test -x ${EPMD} && exit 0
# Its own service is not to start: a test starts the node that it needs.
policy=/usr/sbin/policy-rc.d
if [ ! -e $policy ]; then
  printf '#!/bin/sh\\nexit 101\\n' >$policy && chmod 755 $policy
  trap 'rm -f $policy' EXIT
fi
apt() {
  apt-get -q -y ${APT_OPTIONS.join(" ")} "$@"
}
apt install --no-install-recommends rabbitmq-server ||
  { apt update && apt install --no-install-recommends rabbitmq-server; }
`;

/** Why there can be none here; undefined when there can. Installs what is missing. */
export async function rabbitObstacle(): Promise<string | undefined> {
  if (Deno.build.os !== "linux" || Deno.uid() !== 0) return "it takes root on Linux";
  try {
    await capture("/bin/sh", ["-c", INSTALL]);
    return undefined;
  } catch (thrown) {
    return messageOf(thrown).split("\n").at(-1);
  }
}

/** PEM texts of the certificate that a node shows on its TLS ports. */
export interface NodeCertificate {
  readonly cert: string;
  readonly key: string;
}

export interface NodeOptions {
  /** With it the node takes TLS connections alone. */
  readonly certificate?: NodeCertificate;
  /** Words before a command that shall run in the network where the node is to be. */
  readonly enter?: readonly string[];
}

export class RabbitNode implements AsyncDisposable {
  readonly user = "funcx";
  readonly password = "p@ss/word:of-tests";
  readonly vhost = "functions/test";
  readonly amqpPort: number;
  readonly managementPort: number;
  readonly #folder: string;
  readonly #env: Record<string, string>;
  readonly #epmd: Deno.ChildProcess;
  readonly #tls: boolean;
  readonly #enter: readonly string[];
  #server: Deno.ChildProcess | undefined;

  private constructor(folder: string, { certificate, enter = [] }: NodeOptions) {
    this.#folder = folder;
    this.#enter = enter;
    this.#tls = certificate !== undefined;
    const [amqp, management, distribution, epmd] = freePorts(4);
    this.amqpPort = amqp;
    this.managementPort = management;
    this.#env = {
      PATH: "/usr/sbin:/usr/bin:/sbin:/bin",
      HOME: folder,
      LANG: "C.UTF-8",
      ERL_EPMD_PORT: String(epmd),
      ERL_EPMD_ADDRESS: "127.0.0.1",
      RABBITMQ_CONF_ENV_FILE: "/dev/null",
      RABBITMQ_NODENAME: `funcx-${amqp}@localhost`,
      RABBITMQ_DIST_PORT: String(distribution),
      RABBITMQ_CONFIG_FILE: join(folder, "rabbitmq.conf"),
      RABBITMQ_ENABLED_PLUGINS_FILE: join(folder, "enabled_plugins"),
      RABBITMQ_MNESIA_BASE: join(folder, "data"),
      RABBITMQ_LOG_BASE: join(folder, "log"),
      // Two idle cores are not to spin for work.
      RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: "+sbwt none +sbwtdcpu none +sbwtdio none",
    };
    this.#writeFiles(certificate);
    this.#epmd = this.#spawn(EPMD, "-port", String(epmd), "-address", "127.0.0.1");
  }

  /** Resolves when it takes connections. */
  static async start(options: NodeOptions = {}): Promise<RabbitNode> {
    const node = RabbitNode.prepare(options);
    try {
      await node.up();
      return node;
    } catch (thrown) {
      await node[Symbol.asyncDispose]();
      throw thrown;
    }
  }

  /** Without a password. */
  get amqpUrl(): string {
    const vhost = encodeURIComponent(this.vhost);
    return `${this.#tls ? "amqps" : "amqp"}://127.0.0.1:${this.amqpPort}/${vhost}`;
  }

  get managementUrl(): string {
    return `${this.#tls ? "https" : "http"}://127.0.0.1:${this.managementPort}`;
  }

  /** How many messages wait in a queue of a node without TLS, as it knows at this moment. */
  async waiting(queue: string): Promise<number> {
    const url = new URL(this.amqpUrl);
    url.username = this.user;
    url.password = encodeURIComponent(this.password);
    const model = await connect(url.href);
    try {
      return (await (await model.createChannel()).checkQueue(queue)).messageCount;
    } finally {
      await model.close();
    }
  }

  /** What stands in a login file. */
  get login(): string {
    return `${this.user}:${this.password}`;
  }

  /** Makes a node that {@link up} starts. */
  static prepare(options: NodeOptions = {}): RabbitNode {
    return new RabbitNode(Deno.makeTempDirSync({ prefix: "funcx-rabbitmq-" }), options);
  }

  /** Starts the node, again when it was ended. */
  async up(): Promise<void> {
    this.#server = this.#spawn(SERVER);
    await until("RabbitMQ", () => this.#isUp(), PATIENCE);
  }

  /** As a failing machine ends it: nothing is written any more. */
  async kill(): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    this.#server = undefined;
    // The Erlang machine is a child of the script.
    for (const pid of childrenOf(server.pid)) Deno.kill(pid, "SIGKILL");
    await server.status;
  }

  /** Raises the alarm for a full disk: whoever publishes is blocked until {@link freeDisk}. */
  async fillDisk(): Promise<void> {
    await this.#control("set_disk_free_limit", "1000000GB");
  }

  async freeDisk(): Promise<void> {
    await this.#control("set_disk_free_limit", "1MB");
  }

  async #control(...words: readonly string[]): Promise<void> {
    const { code } = await this.#spawn(CONTROL, ...words).status;
    if (code !== 0) throw new Error(`rabbitmqctl ${words.join(" ")} ended with ${code}`);
  }

  /** What the management interface answers: a path below `/api`, as the administrator. */
  async api(path: string, init: RequestInit = {}): Promise<Response> {
    return await fetch(`${this.managementUrl}/api/${path}`, {
      ...init,
      headers: { authorization: `Basic ${btoa(this.login)}`, ...init.headers },
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    try {
      this.#epmd.kill("SIGTERM");
    } catch (thrown) {
      if (!(thrown instanceof TypeError)) throw thrown;
    }
    await this.#epmd.status;
    Deno.removeSync(this.#folder, { recursive: true });
  }

  async #isUp(): Promise<boolean> {
    for (const port of [this.amqpPort, this.managementPort]) {
      const { success } = await this.#spawn("/bin/bash", "-c", `: </dev/tcp/127.0.0.1/${port}`)
        .status;
      if (!success) return false;
    }
    return true;
  }

  #spawn(...words: readonly string[]): Deno.ChildProcess {
    const [program, ...args] = [...this.#enter, ...words];
    return new Deno.Command(program, {
      args,
      env: this.#env,
      clearEnv: true,
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
  }

  #writeFiles(certificate: NodeCertificate | undefined): void {
    const file = (name: string): string => join(this.#folder, name);
    writePrivateFile(file(".erlang.cookie"), crypto.randomUUID());
    writePrivateFile(file("enabled_plugins"), "[rabbitmq_management].\n");
    writePrivateFile(
      file("rabbitmq.conf"),
      [
        ...(certificate === undefined ? this.#plainListeners() : this.#tlsListeners(certificate)),
        `default_vhost = ${this.vhost}`,
        `default_user = ${this.user}`,
        `default_pass = ${this.password}`,
        "loopback_users = none",
        "",
      ].join("\n"),
    );
  }

  #plainListeners(): string[] {
    return [
      `listeners.tcp.1 = 127.0.0.1:${this.amqpPort}`,
      "management.tcp.ip = 127.0.0.1",
      `management.tcp.port = ${this.managementPort}`,
    ];
  }

  #tlsListeners({ cert, key }: NodeCertificate): string[] {
    const certificateFile = join(this.#folder, "cert.pem");
    const keyFile = join(this.#folder, "key.pem");
    writePrivateFile(certificateFile, cert);
    writePrivateFile(keyFile, key);
    return [
      "listeners.tcp = none",
      `listeners.ssl.1 = 127.0.0.1:${this.amqpPort}`,
      `ssl_options.certfile = ${certificateFile}`,
      `ssl_options.keyfile = ${keyFile}`,
      "management.ssl.ip = 127.0.0.1",
      `management.ssl.port = ${this.managementPort}`,
      `management.ssl.certfile = ${certificateFile}`,
      `management.ssl.keyfile = ${keyFile}`,
    ];
  }
}

function childrenOf(parent: number): number[] {
  const text = Deno.readTextFileSync(`/proc/${parent}/task/${parent}/children`);
  return text.trim().split(" ").filter(Boolean).map(Number);
}
