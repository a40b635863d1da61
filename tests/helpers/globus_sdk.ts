/**
 * The official SDK of Globus Compute, as PyPI has it, against the built program. Of the addresses of
 * a service it supports one that is not Globus's own, http://localhost:5000, so each such test has a
 * network of its own, in which service, endpoint and Python run.
 *
 * ```ts
 * const sdk = await globusSdk(NEWEST_SDK);
 * globusTest("a function runs", sdk, async (stage) => {
 *   await stage.startEndpoint();
 *   const printed = await stage.python(`
 * from local import client, ENDPOINT, show
 * ...
 * show(result)
 * `);
 * });
 * ```
 */
import { join } from "../../src/lib/path.ts";
import { networkObstacle, OwnNetwork } from "./own_network.ts";
import {
  interpretersOf,
  type PythonEnvironment,
  pythonEnvironment,
  type PythonObstacle,
} from "./python_environment.ts";
import { PLAIN_PATH } from "./plain_path.ts";
import { signal } from "./processes.ts";
import { Running } from "./running.ts";
import { TestEnv } from "./test_env.ts";
import { until } from "./until.ts";

/** The newest one of September 2026. */
export const NEWEST_SDK = "4.19.0";

export interface Sdk {
  readonly version: string;
  readonly environment: PythonEnvironment | PythonObstacle;
}

const NETWORK_OBSTACLE = await networkObstacle();

/**
 * That version of the SDK, and whatever else pip is to install beside it. Pythons are tried in the
 * order of `pythons`. Says in a line why there is none.
 */
export async function globusSdk(
  version: string,
  options: { readonly also?: readonly string[]; readonly pythons?: readonly string[] } = {},
): Promise<Sdk> {
  const requirements = [`globus-compute-sdk==${version}`, ...(options.also ?? [])];
  const pythons = options.pythons ?? ["3.11", "3.12", "3.13", "3.10"];
  const environment = NETWORK_OBSTACLE === undefined
    ? await pythonEnvironment(requirements, await interpretersOf(pythons))
    : { kind: "obstacle" as const, reason: NETWORK_OBSTACLE };
  if (environment.kind === "obstacle") {
    console.log(`globus-compute-sdk ${version} cannot be tested here: ${environment.reason}`);
  }
  return { version, environment };
}

/**
 * What programs import: a client as the SDK's documents make one for a service of one's own, the
 * ids that they need, and `show`, which prints a value for the test.
 */
const LOCAL_PY = `
import json, os

ENDPOINT = os.environ.get("ENDPOINT")
TOKEN = os.environ.get("TOKEN")


def authorizer(token=TOKEN):
    from globus_sdk import AccessTokenAuthorizer
    return AccessTokenAuthorizer(token)


def client(token=TOKEN, **options):
    import inspect
    from globus_compute_sdk import Client
    if "authorizer" in inspect.signature(Client).parameters:
        options["authorizer"] = authorizer(token)
    else:
        options["login_manager"] = TokenLogin(token)
    return Client(local_compute_services=True, **options)


class TokenLogin:
    """What older SDKs, such as 3.0, take instead of an authorizer: their LoginManagerProtocol."""

    def __init__(self, token):
        self._authorizer = authorizer(token)

    def ensure_logged_in(self):
        pass

    def logout(self):
        return False

    def get_auth_client(self):
        import globus_sdk
        return globus_sdk.AuthClient(authorizer=self._authorizer)

    def get_web_client(self, *, base_url=None):
        from globus_compute_sdk.sdk.web_client import WebClient
        return WebClient(base_url=base_url, authorizer=self._authorizer)


def executor(**options):
    """Of the endpoint, with as many submissions at once as the SDK allows."""
    from globus_compute_sdk import Executor
    options.setdefault("client", client())
    options.setdefault("endpoint_id", ENDPOINT)
    return Executor(api_burst_limit=8, **options)


def until(condition, seconds=60):
    """Waits for what gives no event, such as the ids of tasks that are being submitted."""
    import time
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError(f"waited {seconds} s in vain")
        time.sleep(0.01)


def show(value):
    print("\\x02" + json.dumps(value, default=str), flush=True)


def result_of(some_client, task_id, seconds=60):
    """Asks again while the task is pending, as the SDK's documents do."""
    import time
    from globus_compute_sdk.errors import TaskPending
    end = time.monotonic() + seconds
    while True:
        try:
            return some_client.get_result(task_id)
        except TaskPending:
            if time.monotonic() > end:
                raise
            time.sleep(0.05)
`;

export interface StageOptions {
  /** Further words for `service start`, also when it is started again. */
  readonly serviceFlags?: readonly string[];
  /** Writes files that the flags name; relative names are in the scratch home. */
  readonly prepare?: (env: TestEnv) => Promise<void>;
  /** For all programs, given the path of the scratch home. */
  readonly environment?: (home: string) => Record<string, string>;
}

/** A service at http://localhost:5000 of a network of its own, and programs that use the SDK. */
export class GlobusStage {
  readonly env: TestEnv;
  /** Words before a command that shall run in the service's network. */
  readonly enter: readonly string[];
  /** Of the service's user, with all scopes. */
  readonly token: string;
  readonly #sdk: PythonEnvironment;
  readonly #serviceFlags: readonly string[];
  #endpoint = "";
  #programs = 0;

  private constructor(
    env: TestEnv,
    enter: readonly string[],
    token: string,
    { sdk, serviceFlags }: { sdk: PythonEnvironment; serviceFlags: readonly string[] },
  ) {
    this.env = env;
    this.enter = enter;
    this.token = token;
    this.#sdk = sdk;
    this.#serviceFlags = serviceFlags;
  }

  /** Starts the service. */
  static async begin(
    env: TestEnv,
    network: Pick<OwnNetwork, "enter">,
    sdk: PythonEnvironment,
    options: StageOptions = {},
  ): Promise<GlobusStage> {
    env.file("local.py", LOCAL_PY);
    const { prepare, serviceFlags = [] } = options;
    await prepare?.(env);
    await env.ok(["service", "start", ...serviceFlags]);
    const { token } = await env.json<{ token: string }>(["service", "token", "create"]);
    return new GlobusStage(env, network.enter, token, { sdk, serviceFlags });
  }

  /** The interpreter that has the SDK. */
  get interpreter(): string {
    return this.#sdk.python;
  }

  /** Id of the endpoint that was started last. */
  get endpoint(): string {
    return this.#endpoint;
  }

  /** Starts an endpoint whose Python has the SDK, unless settings of the profile say otherwise. */
  async startEndpoint(name = "default", settings: readonly string[] = []): Promise<string> {
    const chosen = [
      `executor.runtimes.python.interpreter=${this.interpreter}`,
      "executor.workersPerNode=2",
      ...settings,
    ];
    await this.env.ok(["configure", name, ...chosen.flatMap((setting) => ["--set", setting])]);
    await this.env.ok(["start", name]);
    const { id } = await this.env.json<{ id: string }>(["status", name]);
    this.#endpoint = id;
    return id;
  }

  /** Kills the service and starts it again, at the same address. */
  async restartService(): Promise<void> {
    const { pid } = await this.env.json<{ pid: number }>(["service", "status"]);
    signal(pid, "SIGKILL");
    await until(
      "the end of the service",
      () => !this.env.processes().some((one) => one.pid === pid),
    );
    await this.env.ok(["service", "start", ...this.#serviceFlags]);
  }

  /** Starts a Python program, which may import `local`; disposing of it ends it. */
  startPython(program: string, env: Readonly<Record<string, string>> = {}): Running {
    const path = this.env.file(`program_${++this.#programs}.py`, program);
    return new Running([...this.enter, this.interpreter, path], {
      cwd: this.env.home,
      clearEnv: true,
      env: {
        ...this.env.environment,
        PATH: `${join(this.#sdk.folder, "bin")}:${PLAIN_PATH}`,
        PYTHONDONTWRITEBYTECODE: "1",
        TOKEN: this.token,
        ENDPOINT: this.#endpoint,
        ...env,
      },
    });
  }

  /** Runs a Python program to its end, which has to be a good one; all that it gave to `show`. */
  async python(program: string, env: Readonly<Record<string, string>> = {}): Promise<unknown[]> {
    await using running = this.startPython(program, env);
    const { code, stdout, stderr } = await running.finished(120_000);
    if (code !== 0) throw new Error(`Python ended with ${code}\n${stdout}\n${stderr}`);
    return stdout.split("\n").filter((line) => line.startsWith("\x02"))
      .map((line) => JSON.parse(line.slice(1)));
  }

  /** As {@link python}, for a program that shows one value. */
  async value<T>(program: string, env: Readonly<Record<string, string>> = {}): Promise<T> {
    const shown = await this.python(program, env);
    if (shown.length === 1) return shown[0] as T;
    throw new Error(`the program showed ${shown.length} values, not one`);
  }
}

/** A test with a stage of its own; it is ignored where the SDK cannot be had. */
export function globusTest(
  name: string,
  sdk: Sdk,
  body: (stage: GlobusStage) => Promise<void>,
  options: StageOptions = {},
): void {
  const { environment } = sdk;
  Deno.test({
    name: `${name} (SDK ${sdk.version})`,
    ignore: environment.kind === "obstacle",
    fn: async () => {
      if (environment.kind === "obstacle") return;
      await using network = await OwnNetwork.open();
      await using env = new TestEnv({ enter: network.enter, env: options.environment });
      try {
        await body(await GlobusStage.begin(env, network, environment, options));
      } catch (thrown) {
        env.keep();
        throw thrown;
      }
    },
  });
}
