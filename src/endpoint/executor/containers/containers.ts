/** The containers of one manager: what runs in which image, how each is started, and that each ends. */
import process from "node:process";
import type { TaskError } from "../../../contract/errors.ts";
import { FuncxError } from "../../../contract/errors.ts";
import { allowsImage, imageProblem } from "../../../contract/container_image.ts";
import { ensurePrivateFolder } from "../../../lib/files.ts";
import { logger } from "../../../lib/log.ts";
import { messageOf } from "../../../lib/outcome.ts";
import { join } from "../../../lib/path.ts";
import { runProgram } from "../../../lib/run_program.ts";
import type { ResolvedContainer } from "../../../profile/container.ts";
import { manageError } from "../assignment.ts";
import { ACCELERATOR_VARIABLES } from "../resources/devices.ts";
import { THREADS_VARIABLE } from "../resources/placement.ts";
import { quote } from "../runtimes/shell_template.ts";
import { containedPythonCommand, pythonRuntime } from "../runtimes/python.ts";
import type { WorkerRuntime } from "../runtimes/runtime.ts";
import { canBeMounted, containerCommand, type MountedFolder } from "./command_line.ts";
import { removeContainerFolder, SOCKET } from "./container_folder.ts";
import { isEngine, removeLeftContainers } from "./left_containers.ts";
import { WorkerSockets } from "./worker_sockets.ts";

const log = logger("executor", "containers");

/** Made inside when the container has started. */
const BEGUN = "begun";
/** Images whose runtimes are kept. */
const MAX_RUNTIMES = 100;

export interface ContainersOptions {
  readonly container: ResolvedContainer;
  readonly managerId: string;
  /** Absolute; of this manager alone, and removed at its end. */
  readonly folder: string;
  /** That workers see inside, under the same path. */
  readonly mounted: readonly MountedFolder[];
  readonly workerInit: string;
  /** Of workers. */
  readonly environment: Readonly<Record<string, string>>;
  /** Names of the variables in it that the profile adds. */
  readonly added: readonly string[];
  /** Paths or names inside; null where the profile does not offer the runtime. */
  readonly interpreter: string | null;
  readonly shell: string | null;
}

/** One container, about to be started. */
export interface Contained {
  readonly command: readonly string[];
  /** For a worker. */
  readonly sockets: WorkerSockets | null;
  /** Whether its command was started inside. */
  hasBegun(): boolean;
  /**
   * The process that was started has ended: sees to it that nothing is left of the container.
   * @param byItself false when it was ended, so that the container may go on without it
   */
  ended(byItself: boolean): Promise<void>;
}

/** What a function that names this image, or none, runs in. */
export type ImageChoice =
  | { readonly kind: "none" }
  | { readonly kind: "image"; readonly image: string }
  | { readonly kind: "refused"; readonly error: TaskError };

const NONE: ImageChoice = { kind: "none" };

/** For a manager with `containers`, or without any. */
export function chooseImage(
  container: ResolvedContainer | null,
  image: string | null,
): ImageChoice {
  if (image === null) {
    return container === null || container.image === null
      ? NONE
      : { kind: "image", image: container.image };
  }
  const problem = imageProblem(image);
  if (problem !== null) return refused(`the image of the function's container ${problem}`);
  if (container === null) return refused("this endpoint runs no functions in containers");
  const isAllowed = image === container.image ||
    container.allow.some((pattern) => allowsImage(pattern, image));
  if (isAllowed) return { kind: "image", image };
  return refused(`this endpoint does not allow containers with the image ${image}`);
}

function refused(message: string): ImageChoice & { readonly kind: "refused" } {
  const hint = "Its owner allows images in the profile: executor.container with a type, and allow.";
  return { kind: "refused", error: manageError("FUNCTION_NOT_ALLOWED", message, hint) };
}

export class Containers {
  readonly #options: ContainersOptions;
  readonly #runtimes = new Map<string, WorkerRuntime>();
  readonly #isPart: boolean;
  #count = 0;

  private constructor(options: ContainersOptions, isPart = false) {
    this.#options = options;
    this.#isPart = isPart;
  }

  /**
   * Removes what an earlier manager with the same id has left. Throws the system's error, or
   * `START_FAILED` for folders that no container program takes.
   */
  static open(options: ContainersOptions): Containers {
    const { container: { type }, folder, mounted, managerId } = options;
    const unusable = [folder, ...mounted.map(({ path }) => path)].find((path) =>
      !canBeMounted(path)
    );
    if (unusable !== undefined) {
      throw startFailed(`${unusable} cannot be shown in a container: it has ":" or "," in it`);
    }
    const containers = new Containers(options);
    removeContainerFolder(folder);
    ensurePrivateFolder(folder);
    for (const { path } of mounted) Deno.mkdirSync(path, { recursive: true, mode: 0o700 });
    if (isEngine(type)) {
      const removed = removeLeftContainers(type, managerId, options.environment);
      if (removed.length > 0) log.warn("removed containers that were left: {removed}", { removed });
    }
    return containers;
  }

  /** The same for a part of the manager, with more in the environment. */
  part(variables: Readonly<Record<string, string>>): Containers {
    const { environment, added } = this.#options;
    return new Containers({
      ...this.#options,
      folder: this.#makeFolder(),
      environment: { ...environment, ...variables },
      added: [...added, ...Object.keys(variables)],
    }, true);
  }

  /** For messages. */
  get program(): string {
    const { container } = this.#options;
    const { type, command } = container;
    return type === "custom" ? command[0]! : type === "charliecloud" ? "ch-run" : type;
  }

  /** The shell of commands, inside. */
  get insideShell(): string {
    return this.#options.shell ?? "";
  }

  get offersPython(): boolean {
    return this.#options.interpreter !== null;
  }

  get offersShell(): boolean {
    return this.#options.shell !== null;
  }

  /** Workers in the image; null where the profile does not offer Python. */
  python(image: string): WorkerRuntime | null {
    const { interpreter, environment } = this.#options;
    if (interpreter === null) return null;
    const known = this.#runtimes.get(image);
    if (known !== undefined) return known;
    const runtime = pythonRuntime({
      id: `python@${image}`,
      command: [interpreter],
      environment,
      image,
      contain: (variables) =>
        this.#contain(image, variables, (folder) => {
          const path = join(folder, SOCKET);
          return {
            sockets: new WorkerSockets(path),
            command: containedPythonCommand(interpreter, path),
          };
        }),
    });
    if (this.#runtimes.size >= MAX_RUNTIMES) this.#runtimes.clear();
    this.#runtimes.set(image, runtime);
    return runtime;
  }

  /** A command in the image. @param environment all of it */
  shell(
    image: string,
    script: string,
    workingFolder: string,
    environment: Readonly<Record<string, string>>,
  ): Contained {
    const { shell } = this.#options;
    return this.#contain(image, environment, (folder) => ({
      sockets: null,
      command: [shell!, "-c", `: > ${quote(join(folder, BEGUN))}\n${script}`],
    }), workingFolder);
  }

  #contain(
    image: string,
    environment: Readonly<Record<string, string>>,
    inside: (folder: string) => Pick<Contained, "sockets" | "command">,
    workingFolder = this.#options.mounted[0]!.path,
  ): Contained {
    const { container, managerId, mounted, workerInit, added } = this.#options;
    const folder = this.#makeFolder();
    const { sockets, command } = inside(folder);
    const name = `funcx-${managerId.slice(0, 12)}-${this.#count}-${
      crypto.randomUUID().slice(0, 8)
    }`;
    const words = containerCommand({
      container,
      image,
      name,
      managerId,
      folders: [...mounted, { path: folder, writable: true }],
      folder: workingFolder,
      variables: variablesOf(environment, added),
      command,
      user: `${Deno.uid()}:${Deno.gid()}`,
    });
    return {
      command: hostCommand(workerInit, words),
      sockets,
      hasBegun: () => exists(join(folder, BEGUN)),
      ended: async (byItself) => {
        if (!byItself) await this.#remove(name);
        sockets?.close();
        removeQuietly(folder);
      },
    };
  }

  #makeFolder(): string {
    this.#count += 1;
    const folder = join(this.#options.folder, String(this.#count));
    Deno.mkdirSync(folder, { mode: 0o700 });
    return folder;
  }

  /** Kills it first: to remove one that runs, podman would ask it to end and wait. */
  async #remove(name: string): Promise<void> {
    const { container: { type }, workerInit, environment } = this.#options;
    if (!isEngine(type)) return;
    for (const args of [["kill", name], ["rm", "--force", name]]) {
      const [program, ...rest] = hostCommand(workerInit, [type, ...args]);
      await runProgram(program!, rest, { env: environment, clearEnv: true });
    }
  }

  /** When nothing runs any more. */
  close(): void {
    const { container: { type }, managerId, environment } = this.#options;
    // Those of a part have the label of all.
    const isUsed = this.#count > 0 && !this.#isPart;
    if (isUsed && isEngine(type)) removeLeftContainers(type, managerId, environment);
    removeQuietly(this.#options.folder);
  }
}

/** Files of another user may be in it, where the program maps users; whoever ran has ended. */
function removeQuietly(folder: string): void {
  try {
    removeContainerFolder(folder);
  } catch (thrown) {
    log.warn("{folder} stays: {reason}", { folder, reason: messageOf(thrown) });
  }
}

/** `workerInit` loads the module that the program comes with; `exec` keeps the process id. */
function hostCommand(workerInit: string, words: readonly string[]): string[] {
  return ["/bin/sh", "-c", `${workerInit}\nexec "$0" "$@"`, ...words];
}

/** Say what a task has of the node, also where that is all that the machine's say. */
const OF_PLACE: readonly string[] = [THREADS_VARIABLE, ...ACCELERATOR_VARIABLES];

/** Those that are not the machine's: its PATH or HOME would be wrong inside. */
function variablesOf(
  environment: Readonly<Record<string, string>>,
  added: readonly string[],
): string[] {
  return Object.keys(environment).filter((name) =>
    process.env[name] !== environment[name] || added.includes(name) || OF_PLACE.includes(name)
  );
}

function exists(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch {
    return false;
  }
}

function startFailed(message: string): FuncxError {
  const hint = "Give the endpoint another stateDir or workingFolder in its profile.";
  return new FuncxError({ code: "START_FAILED", message, hint });
}
