/**
 * Starts a program in a session of its own, with pipes for its output.
 *
 * Why not `Deno.Command`: a process group of one's own is what makes it possible to end a command
 * with all that it started, and Deno makes one by a fork of this whole process, which takes
 * milliseconds and blocks the thread. `setsid(1)` before the command costs an exec, as much as a
 * short command itself. posix_spawn(3) sets the session between `vfork` and `exec`, for nothing, and holds up only the
 * thread that calls it.
 */
import { getSystemErrorMap } from "node:util";
import { cString, type Libc, openLibc, StringVector } from "./libc.ts";
import type { Binding } from "./thread_affinity.ts";

/** Of `<fcntl.h>`, `<unistd.h>`, `<poll.h>` and `<sys/wait.h>` on Linux. */
const O_CLOEXEC = 0o2000000;
const O_RDONLY = 0;
const X_OK = 1;
const POLLIN = 1;
const WNOHANG = 1;
/** POSIX_SPAWN_SETSIGDEF, _SETSIGMASK and _SETSID. */
const SPAWN_FLAGS = 0x04 | 0x08 | 0x80;
/** More than what glibc takes for its two opaque structures, on any processor. */
const STRUCTURE_BYTES = 512;
const SIGNAL_SET_BYTES = 128;
/** `struct rusage`: two times of seconds and microseconds, then the peak memory in KiB. */
const USAGE_CELLS = 18;
const PEAK_MEMORY = 4;
const RUSAGE_SELF = 0;
const READ_BYTES = 64 * 1024;
const DEV_NULL = cString("/dev/null");

export interface SpawnOptions {
  /** Absolute path of the program. */
  readonly file: string;
  /** The first is the name that the program sees of itself. */
  readonly words: readonly string[];
  readonly folder: string;
  readonly environment: StringVector;
  /**
   * Binds the program to processors, if it is to be bound. It is loaded in this thread then, which
   * waits for it: a child inherits the processors of the thread that starts it.
   */
  readonly binding?: Binding | null;
}

export interface Spawned {
  /** Also the id of its session and process group. */
  readonly pid: number;
  /** Reading ends of pipes. */
  readonly stdout: number;
  readonly stderr: number;
}

export interface Usage {
  /** 0 to 255, or null when a signal ended it. */
  readonly code: number | null;
  /** Its number, or null. */
  readonly signal: number | null;
  /** Seconds of processor time, of it and those that it waited for. */
  readonly processorTime: number;
  /** Bytes; null when it used no more than this process, of which it was a copy for a moment. */
  readonly peakMemory: number | null;
}

/** What one call of posix_spawn(3) points to. */
interface SpawnMemory {
  readonly pid: Int32Array<ArrayBuffer>;
  readonly file: Uint8Array<ArrayBuffer>;
  readonly actions: Uint8Array<ArrayBuffer>;
  readonly words: StringVector;
  readonly environment: StringVector;
  readonly folder: Uint8Array<ArrayBuffer>;
}

/** The system refused to start a program. */
export class SpawnError extends Error {
  override readonly name = "SpawnError";

  constructor(file: string, errno: number) {
    const known = getSystemErrorMap().get(-errno);
    super(`${known?.[1] ?? `system error ${errno}`}: ${file}`);
  }
}

export class PosixSpawner {
  readonly #libc: Libc;
  readonly #call: Libc["symbols"];
  readonly #attributes = new Uint8Array(STRUCTURE_BYTES);
  /** What the system reads and writes in other threads now: nothing else may hold it. */
  readonly #inUse = new Set<SpawnMemory>();
  readonly #numbers = new Int32Array(2);
  readonly #usage = new BigInt64Array(USAGE_CELLS);
  readonly #buffer = new Uint8Array(READ_BYTES);

  private constructor(libc: Libc) {
    this.#libc = libc;
    this.#call = libc.symbols;
    // What this process ignores or blocks, its children shall not.
    this.#call.posix_spawnattr_init(this.#attributes);
    this.#call.posix_spawnattr_setflags(this.#attributes, SPAWN_FLAGS);
    const all = new Uint8Array(SIGNAL_SET_BYTES).fill(0xff);
    this.#call.posix_spawnattr_setsigdefault(this.#attributes, all);
    this.#call.posix_spawnattr_setsigmask(this.#attributes, new Uint8Array(SIGNAL_SET_BYTES));
  }

  /** Null where the system does not offer it. */
  static open(): PosixSpawner | null {
    const libc = openLibc();
    return libc === null ? null : new PosixSpawner(libc);
  }

  /** When nothing is being started any more. */
  close(): void {
    this.#libc.close();
  }

  isExecutable(path: string): boolean {
    return this.#call.access(cString(path), X_OK) === 0;
  }

  /**
   * Resolves when the program is loaded, in another thread of this process unless it is to be bound,
   * and rejects with {@link SpawnError}. It may have ended by then.
   */
  async spawn(options: SpawnOptions): Promise<Spawned> {
    const stdout = this.#pipe();
    const stderr = this.#pipe();
    try {
      const pid = await this.#spawn(options, stdout.write, stderr.write);
      return { pid, stdout: stdout.read, stderr: stderr.read };
    } catch (thrown) {
      this.closeDescriptor(stdout.read);
      this.closeDescriptor(stderr.read);
      throw thrown;
    } finally {
      this.closeDescriptor(stdout.write);
      this.closeDescriptor(stderr.write);
    }
  }

  #pipe(): { readonly read: number; readonly write: number } {
    if (this.#call.pipe2(this.#numbers, O_CLOEXEC) !== 0) {
      throw new Error("no pipe for a command: this process has too many open files");
    }
    return { read: this.#numbers[0]!, write: this.#numbers[1]! };
  }

  async #spawn(options: SpawnOptions, out: number, err: number): Promise<number> {
    const call = this.#call;
    const memory: SpawnMemory = {
      pid: new Int32Array(1),
      file: cString(options.file),
      actions: new Uint8Array(STRUCTURE_BYTES),
      words: new StringVector(options.words),
      environment: options.environment,
      folder: cString(options.folder),
    };
    const { pid, actions } = memory;
    call.posix_spawn_file_actions_init(actions);
    call.posix_spawn_file_actions_addchdir_np(actions, memory.folder);
    call.posix_spawn_file_actions_addopen(actions, 0, DEV_NULL, O_RDONLY, 0);
    call.posix_spawn_file_actions_adddup2(actions, out, 1);
    call.posix_spawn_file_actions_adddup2(actions, err, 2);
    this.#inUse.add(memory);
    const errno = await this.#load(memory, options.binding ?? null);
    this.#inUse.delete(memory);
    call.posix_spawn_file_actions_destroy(actions);
    if (errno !== 0) throw new SpawnError(options.file, errno);
    return pid[0]!;
  }

  /** @returns 0 or the system's error. */
  #load(memory: SpawnMemory, binding: Binding | null): number | Promise<number> {
    const { pid, file, actions, words, environment } = memory;
    const given = [pid, file, actions, this.#attributes, words.memory, environment.memory] as const;
    return binding === null
      ? this.#call.posix_spawn(...given)
      : binding(() => this.#call.posix_spawn_in_this_thread(...given));
  }

  /** How the process ended, once; null while it runs. */
  wait(pid: number): Usage | null {
    if (this.#call.wait4(pid, this.#numbers, WNOHANG, this.#usage) !== pid) return null;
    const status = this.#numbers[0]!;
    const signal = status & 0x7f;
    const [seconds, microseconds, systemSeconds, systemMicroseconds] = this.#usage;
    const processorTime = Number(seconds! + systemSeconds!) +
      Number(microseconds! + systemMicroseconds!) / 1e6;
    return {
      code: signal === 0 ? (status >> 8) & 0xff : null,
      signal: signal === 0 ? null : signal,
      processorTime,
      peakMemory: this.#peakMemory(this.#usage[PEAK_MEMORY]!),
    };
  }

  /** Whether a process is left in the group, be it a dead one that nobody has waited for. */
  hasGroup(leader: number): boolean {
    return this.#call.kill(-leader, 0) === 0;
  }

  /** Linux counts the memory of the parent, which a child of `vfork` shares until its exec. */
  #peakMemory(kibibytes: bigint): number | null {
    this.#call.getrusage(RUSAGE_SELF, this.#usage);
    return kibibytes > this.#usage[PEAK_MEMORY]! ? Number(kibibytes) * 1024 : null;
  }

  /**
   * What a pipe holds, without waiting: bytes, valid until the next call; `"ended"` when nobody can
   * write to it any more; `"open"` when somebody can, but has not.
   */
  read(descriptor: number): Uint8Array | "ended" | "open" {
    // struct pollfd: descriptor, 16 bits of what is asked, 16 of what is.
    this.#numbers[0] = descriptor;
    this.#numbers[1] = POLLIN;
    if (this.#call.poll(this.#numbers, 1n, 0) === 0) return "open";
    if (((this.#numbers[1]! >> 16) & POLLIN) === 0) return "ended";
    const length = Number(this.#call.read(descriptor, this.#buffer, BigInt(READ_BYTES)));
    return length > 0 ? this.#buffer.subarray(0, length) : "ended";
  }

  closeDescriptor(descriptor: number): void {
    this.#call.close(descriptor);
  }
}
