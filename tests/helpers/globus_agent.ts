/**
 * The endpoint agent of Globus Compute, PyPI's `globus-compute-endpoint`, set up against the built
 * program as the README says.
 */
import { capture } from "../../scripts/build/command.ts";
import { messageOf } from "../../src/lib/outcome.ts";
import { join } from "../../src/lib/path.ts";
import type { GlobusStage } from "./globus_sdk.ts";
import { PLAIN_PATH } from "./plain_path.ts";
import { signal } from "./processes.ts";
import { README } from "./readme.ts";
import { Running } from "./running.ts";
import type { TestEnv } from "./test_env.ts";
import { until } from "./until.ts";

/** As pip names it; the newest one of September 2026. */
export const GLOBUS_ENDPOINT = "globus-compute-endpoint==4.19.0";

/** Root would be a multi-user endpoint; to this user all files of root's are his own. */
const AS_SOMEONE = ["/usr/bin/unshare", "--user", "--map-user=65534", "--map-group=65534", "--"];

/** Why an agent cannot run here as somebody who is not root; undefined when it can. */
export async function someoneObstacle(): Promise<string | undefined> {
  const [program, ...words] = AS_SOMEONE;
  try {
    await capture(program!, [...words, "true"]);
    return undefined;
  } catch (thrown) {
    return `a user of its own: ${messageOf(thrown).split("\n").at(-1)}`;
  }
}

/** How long an agent may take until it is heard, and a user endpoint until it serves. */
export const PATIENCE = 90_000;

/**
 * As a site writes one: the default one makes environments of what it downloads. What a user may set
 * are the number of workers and a word that tasks see.
 */
const TEMPLATE = `
heartbeat_period: 5
engine:
  type: GlobusComputeEngine
  max_workers_per_node: {{ workers | default(2) }}
  provider:
    type: LocalProvider
    init_blocks: 1
    min_blocks: 1
    max_blocks: 1
    worker_init: export CHOSEN_WORD={{ word | default("none") }}
`;
const SCHEMA = {
  type: "object",
  properties: { workers: { type: "integer", maximum: 8 }, word: { type: "string" } },
};

/** What the README's section tells a user to type. */
export function documentedCommands(): string[] {
  const [, section = ""] = README.split("### Endpoints of Globus Compute\n");
  const [, block = ""] = /^```sh\n([\s\S]*?)^```$/m.exec(section) ?? [];
  return block.trimEnd().split("\n");
}

/** One agent, set up as the README says; its name is that of the README. */
export class GlobusAgent {
  readonly stage: GlobusStage;
  readonly name = "cluster";
  readonly folder: string;
  #running: Running | undefined;

  constructor(stage: GlobusStage) {
    this.stage = stage;
    this.folder = join(stage.env.home, ".globus_compute", this.name);
  }

  /** Everything before its start, which is the last command. */
  async configure(): Promise<void> {
    const { code, stdout, stderr } = await this.#shell(documentedCommands().slice(0, -1))
      .finished();
    if (code !== 0) throw new Error(`the agent was not configured\n${stdout}\n${stderr}`);
    const write = (name: string, text: string): void =>
      Deno.writeTextFileSync(join(this.folder, name), text);
    write("user_config_template.yaml.j2", TEMPLATE);
    write("user_config_schema.json", JSON.stringify(SCHEMA));
    const config = Deno.readTextFileSync(join(this.folder, "config.yaml"));
    write("config.yaml", `${config}heartbeat_period: 5\n`);
  }

  /** Returns its id when the service shows it online. */
  async start(): Promise<string> {
    this.#running = this.launch();
    await until("the agent", async () => await this.status() === "Active", PATIENCE);
    return this.id!;
  }

  /** Starts it and returns at once. @param token instead of a good one */
  launch(token = this.stage.token): Running {
    // Those that name the service and the user, and the start itself.
    const commands = documentedCommands();
    return this.#shell(commands.filter((line) => /^export |\bstart\b/.test(line)), token);
  }

  /** Undefined until it has registered. */
  get id(): string | undefined {
    try {
      return JSON.parse(Deno.readTextFileSync(join(this.folder, "endpoint.json"))).endpoint_id;
    } catch {
      return undefined;
    }
  }

  /** As `list` shows it; undefined when it does not. */
  async status(): Promise<string | undefined> {
    const listed = await this.stage.env.json<{ name: string; id: string; status: string }[]>(
      ["list", "--all"],
    );
    return listed.find(({ name, id }) => name === this.name && id === this.id)?.status;
  }

  /** Another command of the agent's program. */
  command(...args: readonly string[]): Running {
    const commands = documentedCommands().filter((line) => line.startsWith("export "));
    return this.#shell([...commands, `globus-compute-endpoint ${args.join(" ")}`]);
  }

  /**
   * As a failing machine ends it, with its user endpoints and their tasks. Of the files by which they
   * keep others out the agent's is removed, as its message tells people to do.
   */
  kill(): void {
    for (const { pid } of this.processes()) signal(pid, "SIGKILL");
    Deno.removeSync(join(this.folder, "daemon.pid"));
  }

  /** Of agent and user endpoints, with their workers. */
  processes(): ReturnType<TestEnv["processes"]> {
    return this.stage.env.processes().filter(({ command }) =>
      /globus-compute-endpoint|Globus Compute Endpoint|parsl/.test(command.join(" ")) &&
      // The interpreter of a test's own programs is in a folder that is named so as well.
      !/\/program_\d+\.py\b/.test(command.join(" "))
    );
  }

  async stop(): Promise<void> {
    const { code, stderr } = await this.command("stop", this.name).finished();
    if (code !== 0) throw new Error(`the agent was not stopped\n${stderr}`);
    await this.#running?.finished();
    await until("the end of the agent's processes", () => this.processes().length === 0, PATIENCE);
  }

  #shell(commands: readonly string[], token = this.stage.token): Running {
    const { env, enter, interpreter } = this.stage;
    const script = ["set -e", ...commands].join("\n");
    return new Running([...enter, ...AS_SOMEONE, "/bin/bash", "-c", script], {
      cwd: env.home,
      clearEnv: true,
      env: {
        ...env.environment,
        PATH: `${join(interpreter, "..")}:${PLAIN_PATH}`,
        PYTHONDONTWRITEBYTECODE: "1",
        TOKEN: token,
      },
    });
  }
}
