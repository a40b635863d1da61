/**
 * A scratch home with the built program. What a test starts in it is gone when it is disposed of:
 * daemons are stopped politely, and whatever outlives that is killed and fails the test.
 */
import { BINARY, isPortable, UNPACK_FOLDER } from "./binary.ts";
import { PLAIN_PATH } from "./plain_path.ts";
import { processesOf, type ProcessInfo, signal } from "./processes.ts";
import { type Finished, Running } from "./running.ts";
import { until } from "./until.ts";
import { filesUnder } from "../../scripts/build/bundle.ts";
import { join } from "../../src/lib/path.ts";

export interface RunOptions {
  readonly input?: string;
  /** Beside the scratch environment; an empty value takes a variable away. */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Milliseconds; 60 s when left out. */
  readonly timeout?: number;
  /** Another copy of the program. */
  readonly binary?: string;
}

/** How long processes may take to end after they were told to, before they count as left behind. */
const SURVIVOR_PATIENCE = 30_000;

export interface TestEnvOptions {
  /** Of the scratch folder's name. */
  readonly prefix?: string;
  readonly homeName?: string;
  /** Of its programs; a function is given the path of the scratch home. */
  readonly env?: Record<string, string> | ((home: string) => Record<string, string>);
  /** Sockets and temporary files go into the scratch folder, so that what is left of them is seen. */
  readonly ownTemporaryFolders?: boolean;
  /** Words before the program's command line, by which it runs in another network. */
  readonly enter?: readonly string[];
}

export class TestEnv implements AsyncDisposable {
  /** Scratch folder of this test; `home` is in it. */
  readonly root: string;
  readonly home: string;
  /** Of every program that the test starts. */
  readonly environment: Readonly<Record<string, string>>;
  readonly #enter: readonly string[];
  #failed = false;

  constructor(options: TestEnvOptions = {}) {
    this.root = Deno.makeTempDirSync({ prefix: options.prefix ?? "funcx-test-" });
    this.home = join(this.root, options.homeName ?? "home");
    Deno.mkdirSync(this.home, { mode: 0o700 });
    this.#enter = options.enter ?? [];
    this.environment = {
      HOME: this.home,
      PATH: PLAIN_PATH,
      FUNCX_TEST: this.root,
      NO_COLOR: "1",
      ...(isPortable() ? { FUNCX_CACHE_DIR: UNPACK_FOLDER } : {}),
      ...(options.ownTemporaryFolders ? this.#temporaryFolders() : {}),
      ...(typeof options.env === "function" ? options.env(this.home) : options.env),
    };
  }

  #temporaryFolders(): Record<string, string> {
    const folders = { XDG_RUNTIME_DIR: join(this.root, "run"), TMPDIR: join(this.root, "tmp") };
    for (const folder of Object.values(folders)) Deno.mkdirSync(folder, { mode: 0o700 });
    return folders;
  }

  /** Whether its files are kept. */
  get failed(): boolean {
    return this.#failed;
  }

  /** The folder that holds everything of the program: `~/.funcx`. */
  get state(): string {
    return join(this.home, ".funcx");
  }

  /** Starts the program and returns at once. */
  start(args: readonly string[], options: RunOptions = {}): Running {
    const env = Object.fromEntries(
      Object.entries({ ...this.environment, ...options.env }).filter(([, value]) => value !== ""),
    );
    return new Running([...this.#enter, options.binary ?? BINARY, ...args], {
      env,
      clearEnv: true,
      cwd: options.cwd ?? this.home,
      input: options.input,
    });
  }

  /** Runs the program to its end, whatever its exit code. */
  async run(args: readonly string[], options: RunOptions = {}): Promise<Finished> {
    await using running = this.start(args, options);
    return await running.finished(options.timeout);
  }

  /** Runs it, expects exit code 0 and returns what it printed. */
  async ok(args: readonly string[], options: RunOptions = {}): Promise<string> {
    const { code, stdout, stderr } = await this.run(args, options);
    if (code === 0) return stdout;
    throw new Error(`funcx-endpoint ${args.join(" ")} ended with ${code}\n${stdout}\n${stderr}`);
  }

  /** Runs it with `--json` and returns the one document that it prints. */
  async json<T>(args: readonly string[], options: RunOptions = {}): Promise<T> {
    return JSON.parse(await this.ok([...args, "--json"], options));
  }

  /** Runs it and expects a failure: two lines on standard error, and no stack. */
  async fails(
    args: readonly string[],
    code: number,
    options: RunOptions = {},
  ): Promise<{ message: string; hint: string }> {
    const finished = await this.run(args, options);
    const lines = finished.stderr.trimEnd().split("\n");
    const [error, hint] = lines.slice(-2);
    const described = `funcx-endpoint ${args.join(" ")} ended with ${finished.code}, ` +
      `expected ${code}\n${finished.stdout}\n${finished.stderr}`;
    if (finished.code !== code) throw new Error(described);
    if (!error?.startsWith("error: ") || !hint?.startsWith("hint: ")) {
      throw new Error(`no error and hint at the end of standard error: ${described}`);
    }
    if (/^\s+at .*:\d+:\d+/m.test(finished.stderr)) throw new Error(`a stack: ${described}`);
    return { message: error.slice("error: ".length), hint: hint.slice("hint: ".length) };
  }

  /** Writes a file into the scratch home and returns its path. */
  file(name: string, content: string): string {
    const path = join(this.home, name);
    Deno.mkdirSync(join(path, ".."), { recursive: true });
    Deno.writeTextFileSync(path, content);
    return path;
  }

  /** Processes that this test has started and that still live. */
  processes(): ProcessInfo[] {
    return processesOf(this.root);
  }

  /** Waits until no process of this test lives. */
  async noProcessIsLeft(): Promise<void> {
    await until(
      `the end of ${describe(this.processes())}`,
      () => this.processes().length === 0,
      SURVIVOR_PATIENCE,
    );
  }

  /** Called when the test has failed: its files are kept, its logs printed. */
  keep(): void {
    this.keepFiles();
    for (const path of filesUnder(this.home)) {
      if (!/\.(log|out)$/.test(path)) continue;
      console.log(`--- ${path}\n${Deno.readTextFileSync(path).slice(-4_000)}`);
    }
    console.log(`The files of the failed test are kept in ${this.root}`);
  }

  keepFiles(): void {
    this.#failed = true;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const survivors = await this.#stopEverything();
    for (const { pid } of survivors) signal(pid, "SIGKILL");
    if (!this.#failed) {
      removeTree(this.root);
      if (survivors.length > 0) throw new Error(`left behind: ${describe(survivors)}`);
    }
  }

  async #stopEverything(): Promise<ProcessInfo[]> {
    if (this.processes().length > 0) {
      await this.run(["stop", "--all", "--now"]).catch(() => undefined);
      await this.run(["service", "stop"]).catch(() => undefined);
    }
    await this.noProcessIsLeft().catch(() => undefined);
    return this.processes();
  }
}

/** A test with a scratch home of its own. */
export function processTest(
  name: string,
  body: (env: TestEnv) => Promise<void>,
  options: { readonly homeName?: string; readonly ignore?: boolean; readonly path?: string } = {},
): void {
  Deno.test({
    name,
    ignore: options.ignore ?? false,
    fn: async () => {
      await using env = new TestEnv({
        homeName: options.homeName,
        env: options.path === undefined ? {} : { PATH: options.path },
      });
      try {
        await body(env);
      } catch (thrown) {
        env.keep();
        throw thrown;
      }
    },
  });
}

function describe(processes: readonly ProcessInfo[]): string {
  return processes.map(({ pid, command }) => `${pid} ${command.join(" ").trim()}`).join("; ");
}

/** Also of folders whose mode forbids it. */
function removeTree(folder: string): void {
  try {
    Deno.removeSync(folder, { recursive: true });
  } catch (thrown) {
    if (!(thrown instanceof Deno.errors.PermissionDenied)) throw thrown;
    for (const entry of Deno.readDirSync(folder)) {
      if (entry.isDirectory) Deno.chmodSync(join(folder, entry.name), 0o700);
    }
    Deno.removeSync(folder, { recursive: true });
  }
}
