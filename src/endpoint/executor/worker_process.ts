/** One worker process: its start, its pipes, and its end together with all that it has started. */
import { type ChildProcess, spawn } from "node:child_process";
import type { Duplex, Readable } from "node:stream";
import { messageOf } from "../../lib/outcome.ts";
import type { Contained } from "./containers/containers.ts";
import { untilDrained } from "./drain.ts";
import { oomKillCount, type ProcessExit } from "./exit_reason.ts";
import type { Stream } from "./ipc.ts";
import { endGroup } from "./process_group.ts";
import { TailBuffer } from "./tail_buffer.ts";

const LAST_WORDS_BYTES = 4 * 1024;

export interface WorkerCommand {
  readonly command: readonly string[];
  readonly cwd: string;
  readonly environment: Readonly<Record<string, string>>;
  /** 5 adds a second socket to the worker. */
  readonly recallDescriptor: 4 | 5;
  /** What the command is the start of; then descriptors from 3 on are its sockets. */
  readonly contained?: Contained;
}

export interface WorkerEnd extends ProcessExit {
  /** Why it was not started at all, or was given up before it was ready. */
  readonly startFailure: string | null;
  /** All that it wrote to descriptor 3 has been read. */
  readonly toldAll: boolean;
  /** The end of its stderr. */
  readonly lastWords: string;
  /** Processes that the kernel has killed for want of memory while it ran. */
  readonly oomKills: number;
}

export interface WorkerProcessEvents {
  /** Bytes of records. */
  records(chunk: Uint8Array): void;
  output(stream: Stream, chunk: Uint8Array): void;
  /** Once, last; nothing of its process group is left. */
  ended(end: WorkerEnd): void;
}

/** A child in a session and process group of its own, led by it. */
export class WorkerProcess {
  readonly #events: WorkerProcessEvents;
  readonly #child: ChildProcess;
  readonly #exited = Promise.withResolvers<ProcessExit>();
  readonly #ended = Promise.withResolvers<void>();
  readonly #lastWords = new TailBuffer(LAST_WORDS_BYTES);
  readonly #recallDescriptor: 4 | 5;
  readonly #contained: Contained | undefined;
  readonly #oomKills = oomKillCount();
  /** Descriptor 3 has been read to its end. */
  #toldAll = false;
  #startFailure: string | null = null;
  #ending = false;

  constructor(options: WorkerCommand, events: WorkerProcessEvents) {
    this.#events = events;
    this.#recallDescriptor = options.recallDescriptor;
    this.#contained = options.contained;
    const pipes = options.contained === undefined ? options.recallDescriptor : 2;
    const [program, ...args] = options.command;
    this.#child = spawn(
      program!,
      args,
      {
        cwd: options.cwd,
        env: options.environment,
        detached: true,
        stdio: [
          "ignore",
          ...Array<"pipe">(pipes).fill("pipe"),
        ],
      } as Parameters<typeof spawn>[2],
    );
    this.#child.on("error", (thrown) => this.#notSpawned(messageOf(thrown)));
    this.#child.on("exit", (code, signal) => this.#exited.resolve({ code, signal }));
    void this.#finish(this.#listen());
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Settles when nothing of it is left. */
  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  send(bytes: Uint8Array): void {
    this.#socket(4)?.write(bytes);
  }

  /** Writes a recall to where the worker listens while it runs a task. */
  sendRecall(bytes: Uint8Array): void {
    this.#socket(this.#recallDescriptor)?.write(bytes);
  }

  /** Ends the process group: asked first, killed after `KILL_GRACE`. */
  end(): void {
    if (this.#ending || this.#child.pid === undefined) return;
    this.#ending = true;
    void endGroup(this.#child.pid, this.#exited.promise);
  }

  #socket(descriptor: 3 | 4 | 5): Duplex | undefined {
    if (this.#contained !== undefined) return this.#contained.sockets?.streams[descriptor];
    const descriptors: readonly unknown[] = this.#child.stdio;
    return descriptors[descriptor] as Duplex | undefined ?? undefined;
  }

  #notSpawned(reason: string): void {
    if (this.#child.pid !== undefined) return;
    this.#startFailure = reason;
    this.#exited.resolve({ code: null, signal: null });
  }

  /**
   * A write to a worker that has died destroys its socket with what is unread in it, so records come
   * in by one that is never written to.
   * @returns settles when all that it writes to has been read to its end.
   */
  #listen(): Promise<unknown> {
    const { stdout, stderr } = this.#child;
    const records = this.#socket(3);
    stdout?.on("data", (chunk: Uint8Array) => this.#events.output("stdout", chunk));
    stderr?.on("data", (chunk: Uint8Array) => {
      this.#lastWords.push(chunk);
      this.#events.output("stderr", chunk);
    });
    records?.on("data", (chunk: Uint8Array) => this.#events.records(chunk));
    records?.on("end", () => {
      this.#toldAll = true;
    });
    // What is sent to a worker that has died is lost with it; its exit says so.
    for (const input of [this.#socket(4), this.#socket(5)]) input?.on("error", () => {});
    return Promise.all([stdout, stderr, records].map(closed));
  }

  async #finish(drained: Promise<unknown>): Promise<void> {
    const exit = await this.#exited.promise;
    const pid = this.#child.pid;
    this.#contained?.sockets?.exited();
    if (pid !== undefined) {
      await Promise.all([untilDrained(drained), endGroup(pid, this.#exited.promise)]);
    }
    await this.#contained?.ended(pid === undefined || (exit.code !== null && !this.#ending));
    for (const stream of this.#child.stdio) stream?.destroy();
    this.#events.ended({
      ...exit,
      startFailure: this.#startFailure,
      toldAll: this.#toldAll,
      lastWords: new TextDecoder().decode(this.#lastWords.bytes()),
      oomKills: oomKillCount() - this.#oomKills,
    });
    this.#ended.resolve();
  }
}

function closed(stream: Readable | null | undefined): Promise<void> {
  if (stream === null || stream === undefined) return Promise.resolve();
  const { promise, resolve } = Promise.withResolvers<void>();
  stream.on("close", resolve);
  // A socket whose other end has died may report that instead of its end.
  stream.on("error", () => resolve());
  return promise;
}
