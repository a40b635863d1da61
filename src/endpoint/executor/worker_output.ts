/** What a worker writes to descriptors 1 and 2: cut at its markers, and given to its tasks. */
import type { ExecutorEvents } from "./executor.ts";
import type { HeldTasks } from "./held_tasks.ts";
import type { Stream } from "./ipc.ts";
import { OutputSplitter } from "./output_splitter.ts";

export interface WorkerOutputOptions {
  /** Null for a worker that writes none: then output is whoever's task runs. */
  readonly marker: Uint8Array | null;
  readonly tasks: HeldTasks;
  /** Live output. */
  readonly events: ExecutorEvents;
}

export class WorkerOutput {
  readonly #tasks: HeldTasks;
  readonly #events: ExecutorEvents;
  readonly #splitters: Readonly<Record<Stream, OutputSplitter>> | null;
  /** Sequence of the last marker in each stream: the output up to there is complete. */
  readonly #marked = { stdout: -1, stderr: -1 };

  constructor({ marker, tasks, events }: WorkerOutputOptions) {
    this.#tasks = tasks;
    this.#events = events;
    this.#splitters = marker === null ? null : {
      stdout: this.#splitter("stdout", marker),
      stderr: this.#splitter("stderr", marker),
    };
  }

  /** The output of tasks up to this sequence is complete. */
  get completeThrough(): number {
    if (this.#splitters === null) return Infinity;
    return Math.min(this.#marked.stdout, this.#marked.stderr);
  }

  push(stream: Stream, chunk: Uint8Array): void {
    if (this.#splitters === null) this.#attribute(stream, chunk);
    else this.#splitters[stream].push(chunk);
  }

  /** Nothing more comes. */
  end(): void {
    this.#splitters?.stdout.end();
    this.#splitters?.stderr.end();
  }

  #splitter(stream: Stream, marker: Uint8Array): OutputSplitter {
    return new OutputSplitter(marker, {
      data: (bytes) => this.#attribute(stream, bytes),
      marker: (sequence) => {
        this.#marked[stream] = sequence;
      },
    });
  }

  /** It belongs to the first task whose output is not complete. */
  #attribute(stream: Stream, bytes: Uint8Array): void {
    const task = this.#tasks.firstAfter(this.#marked[stream]);
    task?.assignment.append(stream, bytes, this.#events);
  }
}
