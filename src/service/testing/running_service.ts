/** A service that runs as `service run` runs it, in a home and on a port of its own. */
import { FuncxHome, type Login, type ServiceState } from "../../contract/home.ts";
import type { ExitCode } from "../../contract/errors.ts";
import { runService } from "../bootstrap.ts";
import type { ServiceOptions } from "../options.ts";

export class RunningService implements AsyncDisposable {
  readonly home: FuncxHome;
  /** Base URL. */
  readonly url: string;
  /** Resolves when it has stopped. */
  readonly exited: Promise<ExitCode>;
  readonly #stop: AbortController;

  private constructor(options: {
    home: FuncxHome;
    url: string;
    exited: Promise<ExitCode>;
    stop: AbortController;
  }) {
    this.home = options.home;
    this.url = options.url;
    this.exited = options.exited;
    this.#stop = options.stop;
  }

  /** On any free port unless `change.listen` says otherwise. Rejects when it does not start. */
  static async start(
    home: FuncxHome,
    change: Partial<ServiceOptions> = {},
  ): Promise<RunningService> {
    const stop = new AbortController();
    const { promise: ready, resolve: onReady } = Promise.withResolvers<string>();
    const listen = { hostname: "127.0.0.1", port: 0 };
    const exited = runService({ home, listen, signal: stop.signal, onReady, ...change });
    const url = await Promise.race([ready, exited.then(() => "")]);
    return new RunningService({ home, url, exited, stop });
  }

  get state(): ServiceState {
    return JSON.parse(Deno.readTextFileSync(this.home.serviceStateFile));
  }

  get login(): Login {
    return JSON.parse(Deno.readTextFileSync(this.home.loginFile));
  }

  /** The local user's. */
  get token(): string {
    return this.login.services[this.url]!.token;
  }

  /** JSON there and back. */
  async call(
    method: string,
    path: string,
    options: { readonly token?: string; readonly body?: unknown } = {},
    // deno-lint-ignore no-explicit-any -- tests look into answers of every shape
  ): Promise<{ readonly status: number; readonly body: any }> {
    const response = await fetch(this.url + path, {
      method,
      headers: {
        authorization: `Bearer ${options.token ?? this.token}`,
        "content-type": "application/json",
      },
      body: options.body === undefined ? undefined : JSON.stringify(options.body),
    });
    return { status: response.status, body: await response.json() };
  }

  /** As SIGTERM does. */
  stop(): Promise<ExitCode> {
    this.#stop.abort();
    return this.exited;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

/** Calls `action` with a home that is removed afterwards. */
export async function withHome(action: (home: FuncxHome) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  const umask = Deno.umask();
  try {
    await action(new FuncxHome(`${folder}/.funcx`));
  } finally {
    Deno.umask(umask);
    await Deno.remove(folder, { recursive: true });
  }
}
