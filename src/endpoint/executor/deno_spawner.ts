/** Commands by way of `Deno.Command`, where the system has nothing better: `command_spawner.ts`. */
import { constants } from "node:os";
import {
  type CommandExit,
  type CommandLine,
  type CommandSpawner,
  type OutputTaker,
  type RunningCommand,
} from "./command_spawner.ts";
import { untilDrained } from "./drain.ts";
import { STREAMS } from "./ipc.ts";
import { signalGroup } from "./process_group.ts";

const SETSID_PATHS = ["/usr/bin/setsid", "/bin/setsid"];

export class DenoSpawner implements CommandSpawner {
  readonly #environment: Readonly<Record<string, string>>;
  /**
   * Gives a command a process group of its own for the price of one more exec. Where there is none
   * Deno does it, by a fork of this whole process: measured, it takes five times as long and blocks
   * this thread.
   */
  readonly #setsid = SETSID_PATHS.find((path) => this.isExecutable(path)) ?? null;

  constructor(environment: Readonly<Record<string, string>>) {
    this.#environment = environment;
  }

  // deno-lint-ignore require-await -- what it throws has to be a rejection
  async start(line: CommandLine, output: OutputTaker): Promise<RunningCommand> {
    const { file, words, folder, environment = this.#environment, variables, binding } = line;
    const command = [file, ...words.slice(1)];
    const [program, ...args] = this.#setsid === null ? command : [this.#setsid, ...command];
    const prepared = new Deno.Command(program!, {
      args,
      cwd: folder,
      env: { ...environment, ...variables },
      clearEnv: true,
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
      detached: this.#setsid === null,
    });
    const start = (): Deno.ChildProcess => prepared.spawn();
    const child = binding ? binding(start) : start();
    return new DenoCommand(child, output);
  }

  isExecutable(path: string): boolean {
    try {
      return ((Deno.statSync(path).mode ?? 0) & 0o111) !== 0;
    } catch {
      return false;
    }
  }

  close(): void {}
}

class DenoCommand implements RunningCommand {
  readonly pid: number;
  readonly exited: Promise<CommandExit>;
  readonly #readers: readonly ReadableStreamDefaultReader<Uint8Array>[];
  readonly #read: Promise<unknown>;

  constructor(child: Deno.ChildProcess, output: OutputTaker) {
    this.pid = child.pid;
    this.exited = child.status.then((status) => ({ returncode: returnCode(status) }));
    this.#readers = STREAMS.map((stream) => child[stream].getReader());
    this.#read = Promise.all(this.#readers.map(async (reader, index) => {
      for (let next = await reader.read(); !next.done; next = await reader.read()) {
        output(STREAMS[index]!, next.value);
      }
    }));
  }

  hasGroup(): boolean {
    return signalGroup(this.pid, 0);
  }

  async drained(): Promise<void> {
    await untilDrained(this.#read);
    await Promise.all(this.#readers.map((reader) => reader.cancel()));
  }
}

function returnCode({ code, signal }: Deno.CommandStatus): number {
  return signal === null
    ? code
    : -(constants.signals[signal as keyof typeof constants.signals] ?? 1);
}
