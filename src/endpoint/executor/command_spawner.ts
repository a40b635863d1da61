/**
 * Starts commands, each in a session of its own, hands their output over, and says how they ended.
 *
 * Two ways, the same to whoever uses them: {@link NativeSpawner} where the system offers
 * posix_spawn(3) with sessions, and `deno_spawner.ts` elsewhere. The native way, for a command like
 * `/bin/true`, takes less than `xargs` does; the other one half as much again.
 *
 * What makes it cheap: one `SIGCHLD` listener for all commands instead of a task each, and no stream
 * object for a command that ends within {@link QUIET_TIME}. Its output fits into the pipes, or it
 * waits for this time at most, and is read from them at its end.
 */
import { Socket } from "node:net";
import { StringVector } from "../../lib/libc.ts";
import { PosixSpawner, type Spawned, type Usage } from "../../lib/posix_spawn.ts";
import type { Binding } from "../../lib/thread_affinity.ts";
import { untilDrained } from "./drain.ts";
import { type Stream, STREAMS } from "./ipc.ts";

/** After this time a command's output is read as it comes, milliseconds. */
const QUIET_TIME = 5;
/** The longest that a timer can wait, milliseconds. */
const FOR_LONG = 2 ** 31 - 1;
/** Reads of what a pipe holds at a command's end, before it counts as held open by another one. */
const MAX_LAST_READS = 64;

export interface CommandLine {
  /** Absolute path of the program. */
  readonly file: string;
  /** The first is the name that the program sees of itself. */
  readonly words: readonly string[];
  readonly folder: string;
  /** That of the spawner unless it is given; an object that is given again costs nothing. */
  readonly environment?: Readonly<Record<string, string>>;
  /** In addition to the environment. */
  readonly variables: Readonly<Record<string, string>>;
  /** Binds the program to processors, if it is to be bound. */
  readonly binding?: Binding | null;
}

export interface CommandExit {
  /** A command that a signal ended has the signal's number, negative, as Python's subprocess says. */
  readonly returncode: number;
  /** Seconds of processor time and bytes of memory, as far as the system tells. */
  readonly cpu_seconds?: number;
  readonly max_memory_bytes?: number;
}

/** Takes output; the bytes are valid during the call only. */
export type OutputTaker = (stream: Stream, data: Uint8Array) => void;

export interface RunningCommand {
  /** Also the id of its process group. */
  readonly pid: number;
  /** Settles when the command has ended; what it started may still run. */
  readonly exited: Promise<CommandExit>;
  /** Whether there is still a process in its group. */
  hasGroup(): boolean;
  /** After `exited`: resolves when all output has been handed over, a moment later at most. */
  drained(): Promise<void>;
}

export interface CommandSpawner {
  /** Rejects with the system's error, also when the program cannot be loaded. */
  start(command: CommandLine, output: OutputTaker): Promise<RunningCommand>;
  /** Whether the path is that of a program, or of a folder. */
  isExecutable(path: string): boolean;
  /** When no command runs or starts any more; a second time does nothing. */
  close(): void;
}

export class NativeSpawner implements CommandSpawner {
  readonly #system: PosixSpawner;
  readonly #environment: Readonly<Record<string, string>>;
  readonly #vectors = new WeakMap<Readonly<Record<string, string>>, StringVector>();
  readonly #running = new Set<NativeCommand>();
  #isListening = false;
  /** Keeps the event loop going while commands run, which a listener for signals does not. */
  #hold: ReturnType<typeof setInterval> | undefined;
  #isClosed = false;
  readonly #reap = (): void => {
    for (const command of this.#running) this.#reapOne(command);
  };

  private constructor(system: PosixSpawner, environment: Readonly<Record<string, string>>) {
    this.#system = system;
    this.#environment = environment;
  }

  /** Null where the system does not offer it. */
  static open(environment: Readonly<Record<string, string>>): NativeSpawner | null {
    const system = PosixSpawner.open();
    return system === null ? null : new NativeSpawner(system, environment);
  }

  async start(line: CommandLine, output: OutputTaker): Promise<RunningCommand> {
    const { file, words, folder, variables, binding } = line;
    // Before the first child, so that no end is missed.
    if (!this.#isListening) Deno.addSignalListener("SIGCHLD", this.#reap);
    this.#isListening = true;
    const base = this.#vectorOf(line.environment ?? this.#environment);
    const environment = new StringVector(pairs(variables), base);
    const spawned = await this.#system.spawn({ file, words, folder, environment, binding });
    const command = new NativeCommand(this.#system, spawned, output);
    this.#running.add(command);
    this.#hold ??= setInterval(() => {}, FOR_LONG);
    // The signal of one that was quicker than this thread found nobody.
    this.#reapOne(command);
    return command;
  }

  #vectorOf(environment: Readonly<Record<string, string>>): StringVector {
    let vector = this.#vectors.get(environment);
    if (vector === undefined) {
      vector = new StringVector(pairs(environment));
      this.#vectors.set(environment, vector);
    }
    return vector;
  }

  #reapOne(command: NativeCommand): void {
    const usage = this.#system.wait(command.pid);
    if (usage === null) return;
    this.#running.delete(command);
    command.ended(usage);
    if (this.#running.size > 0) return;
    clearInterval(this.#hold);
    this.#hold = undefined;
  }

  isExecutable(path: string): boolean {
    return this.#system.isExecutable(path);
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    if (this.#isListening) Deno.removeSignalListener("SIGCHLD", this.#reap);
    this.#system.close();
  }
}

function pairs(environment: Readonly<Record<string, string>>): string[] {
  return Object.entries(environment).map(([name, value]) => `${name}=${value}`);
}

class NativeCommand implements RunningCommand {
  readonly pid: number;
  readonly #system: PosixSpawner;
  readonly #descriptors: Readonly<Record<Stream, number>>;
  readonly #output: OutputTaker;
  readonly #exited = Promise.withResolvers<CommandExit>();
  readonly #timer: ReturnType<typeof setTimeout>;
  readonly #streams = new Map<Stream, Socket>();

  constructor(system: PosixSpawner, spawned: Spawned, output: OutputTaker) {
    this.#system = system;
    this.pid = spawned.pid;
    this.#descriptors = spawned;
    this.#output = output;
    this.#timer = setTimeout(() => STREAMS.forEach((stream) => this.#listen(stream)), QUIET_TIME);
  }

  get exited(): Promise<CommandExit> {
    return this.#exited.promise;
  }

  hasGroup(): boolean {
    return this.#system.hasGroup(this.pid);
  }

  ended({ code, signal, processorTime, peakMemory }: Usage): void {
    clearTimeout(this.#timer);
    this.#exited.resolve({
      returncode: code ?? -signal!,
      cpu_seconds: processorTime,
      ...(peakMemory === null ? {} : { max_memory_bytes: peakMemory }),
    });
  }

  async drained(): Promise<void> {
    if (this.#streams.size === 0) {
      for (const stream of STREAMS) if (!this.#readToEnd(stream)) this.#listen(stream);
    }
    if (this.#streams.size === 0) return;
    await untilDrained(Promise.all([...this.#streams.values()].map(closed)));
    for (const [stream, socket] of this.#streams) {
      // On a busy machine it may not have been heard of yet.
      if (!socket.destroyed) this.#readRest(stream);
      socket.destroy();
    }
  }

  /** What the pipe holds now; its descriptor stays. */
  #readRest(stream: Stream): void {
    for (let reads = 0; reads < MAX_LAST_READS; reads++) {
      const found = this.#system.read(this.#descriptors[stream]);
      if (found === "open" || found === "ended") return;
      this.#output(stream, found);
    }
  }

  /** False when another process holds the pipe open. */
  #readToEnd(stream: Stream): boolean {
    const descriptor = this.#descriptors[stream];
    for (let reads = 0; reads < MAX_LAST_READS; reads++) {
      const found = this.#system.read(descriptor);
      if (found === "open") return false;
      if (found === "ended") {
        this.#system.closeDescriptor(descriptor);
        return true;
      }
      this.#output(stream, found);
    }
    return false;
  }

  /** Reads the stream as it comes; its descriptor belongs to the socket from now on. */
  #listen(stream: Stream): void {
    const socket = new Socket({ fd: this.#descriptors[stream], readable: true, writable: false });
    socket.on("data", (data: Uint8Array) => this.#output(stream, data));
    socket.on("error", () => socket.destroy());
    this.#streams.set(stream, socket);
  }
}

function closed(stream: Socket): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  if (stream.destroyed) resolve();
  else stream.once("close", resolve);
  return promise;
}
