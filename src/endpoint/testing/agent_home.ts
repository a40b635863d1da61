/** A scratch home with a service in it, and agents that live there. */
import { MAX_RESULT_BYTES } from "../../contract/limits.ts";
import type { ExitCode } from "../../contract/errors.ts";
import type { Login, ServiceState } from "../../contract/home.ts";
import { FuncxHome } from "../../contract/home_folder.ts";
import type { AgentStatus } from "../../contract/control.ts";
import { CONTROL_PATHS } from "../../contract/control.ts";
import { assertTrue } from "../../lib/assert.ts";
import { ensurePrivateFolder, writePrivateFile } from "../../lib/files.ts";
import { join } from "../../lib/path.ts";
import { ownIdentity } from "../../lib/process_identity.ts";
import { events, requestJson } from "../../lib/unix_http.ts";
import { VERSION } from "../../lib/version.ts";
import type { ResolvedProfile } from "../../profile/schema.ts";
import { serveAgent } from "../agent.ts";
import { EndpointDir } from "../endpoint_dir.ts";
import { FakeExecutor } from "./fake_executor.ts";
import { type FakeService, USER_TOKEN } from "./fake_service.ts";

export class AgentHome implements Disposable {
  readonly home: FuncxHome;
  readonly dir: EndpointDir;
  readonly #root = Deno.makeTempDirSync();

  constructor() {
    this.home = new FuncxHome(join(this.#root, "home with spaces"));
    this.dir = new EndpointDir(this.home, "default");
    ensurePrivateFolder(this.home.root);
    ensurePrivateFolder(this.home.serviceFolder);
  }

  /** As a private service writes it when it listens. */
  publish(service: FakeService): void {
    const { url, serviceId: service_id, proofKey: proof_key } = service;
    const state: ServiceState = {
      service_id,
      url,
      proof_key,
      ...ownIdentity(),
      socket: "",
      software_version: VERSION,
      started_at: Date.now(),
    };
    const entry = { token: USER_TOKEN, service_id, proof_key };
    const login: Login = { current: url, services: { [url]: entry } };
    writePrivateFile(this.home.loginFile, JSON.stringify(login));
    writePrivateFile(this.home.serviceStateFile, JSON.stringify(state));
  }

  /** As `login` writes it for a service elsewhere. */
  logIn(service: FakeService): void {
    const login: Login = {
      current: service.url,
      services: { [service.url]: { token: USER_TOKEN } },
    };
    writePrivateFile(this.home.loginFile, JSON.stringify(login));
  }

  profile(changes: Partial<ResolvedProfile> = {}): ResolvedProfile {
    return {
      name: "default",
      displayName: "Default",
      description: "for tests",
      site: "Midway 3",
      service: null,
      stateDir: this.dir.folder,
      executor: {
        workersPerNode: 1,
        slot: { cores: null, memory: null, accelerators: 0, cpuAffinity: "none" },
        prefetch: 0,
        maxAttempts: 2,
        maxResultBytes: MAX_RESULT_BYTES,
        walltimeSeconds: null,
        idleSeconds: 600,
        mpiLauncher: null,
        provider: { type: "local" },
        link: { address: { kind: "auto" }, portRange: null, reattachSeconds: 600 },
        runtimes: { typescript: null, python: null, shell: { shell: "/bin/sh" } },
        container: null,
        workerInit: "",
        environment: {},
        sandbox: false,
        workingFolder: this.dir.folder,
      },
      allowedFunctions: null,
      public: false,
      logLevel: "error",
      ...changes,
    };
  }

  start(changes: Partial<ResolvedProfile> = {}): RunningAgent {
    return new RunningAgent(this, this.profile(changes));
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.#root, { recursive: true });
  }
}

export class RunningAgent {
  readonly #home: AgentHome;
  readonly #executor = Promise.withResolvers<FakeExecutor>();
  readonly #stop = new AbortController();
  /** The exit code, or what it could not start for. */
  readonly ended: Promise<ExitCode>;

  constructor(home: AgentHome, profile: ResolvedProfile) {
    this.#home = home;
    this.ended = serveAgent(
      { home: home.home, name: "default", profile, signal: this.#stop.signal },
      ({ events }) => {
        const executor = new FakeExecutor(2, events);
        this.#executor.resolve(executor);
        return Promise.resolve({ executor });
      },
    );
    // A test that does not expect the end sees it in what it does expect.
    this.ended.catch(() => undefined);
  }

  get executor(): Promise<FakeExecutor> {
    return this.#executor.promise;
  }

  get socket(): string {
    return this.#home.dir.controlSocket((name) => Deno.env.get(name));
  }

  async status(): Promise<AgentStatus> {
    const answer = await requestJson(this.socket, "GET", CONTROL_PATHS.status);
    assertTrue(answer.kind === "ok");
    return answer.value as AgentStatus;
  }

  /** The first status for which `holds`. */
  async until(holds: (status: AgentStatus) => boolean): Promise<AgentStatus> {
    for await (const status of events(this.socket, CONTROL_PATHS.events)) {
      if (holds(status as AgentStatus)) return status as AgentStatus;
    }
    throw new Error("the agent ended before");
  }

  async stop(timeout: number): Promise<void> {
    const answer = await requestJson(this.socket, "POST", CONTROL_PATHS.stop, { timeout });
    assertTrue(answer.kind === "ok");
  }

  /** What the command line's signal does. */
  interrupt(): void {
    this.#stop.abort();
  }
}
