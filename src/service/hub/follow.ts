/** Readers of live tasks: who follows what, and what each of them has not taken yet. */
import type { FollowEvent } from "../../contract/api.ts";
import type { EndpointId, TaskId } from "../../contract/ids.ts";
import { MAX_TASK_OUTPUT_BYTES } from "../../contract/limits.ts";
import type { Output } from "../../contract/protocol/messages.ts";
import { Signal } from "../../lib/async.ts";

type Chunk = Output["chunks"][number];
type OutputEvent = Extract<FollowEvent, { event: "output" }>;

/**
 * One reader of one task. It holds at most `MAX_TASK_OUTPUT_BYTES` that were not taken: what comes
 * beyond is left out, which the reader sees by the offset of the next piece.
 */
export class Follower {
  readonly taskId: TaskId;
  readonly endpointId: EndpointId;
  readonly #changed = new Signal();
  readonly #decoders = { stdout: new TextDecoder(), stderr: new TextDecoder() };
  readonly #ends = { stdout: 0, stderr: 0 };
  #waiting: OutputEvent[] = [];
  #bytes = 0;

  constructor(taskId: TaskId, endpointId: EndpointId) {
    this.taskId = taskId;
    this.endpointId = endpointId;
  }

  /** The next change; take it before looking at what there is. */
  next(): Promise<void> {
    return this.#changed.next();
  }

  wake(): void {
    this.#changed.notify();
  }

  /** Pieces that the reader has had are left out: another reader may have had them sent again. */
  output({ stream, offset, data }: Chunk): void {
    const known = Math.max(0, this.#ends[stream] - offset);
    if (known >= data.length) return;
    const fresh = data.subarray(known);
    if (this.#bytes + fresh.length > MAX_TASK_OUTPUT_BYTES) return;
    this.#ends[stream] = offset + data.length;
    this.#bytes += fresh.length;
    const text = this.#decoders[stream].decode(fresh, { stream: true });
    this.#waiting.push({ event: "output", data: { stream, offset: offset + known, text } });
    this.wake();
  }

  takeOutput(): readonly OutputEvent[] {
    const taken = this.#waiting;
    this.#waiting = [];
    this.#bytes = 0;
    return taken;
  }
}

/** All readers, by task. What an endpoint says reaches only readers of its own tasks. */
export class Followers {
  readonly #byTask = new Map<TaskId, Set<Follower>>();

  add(follower: Follower): void {
    const followers = this.#byTask.get(follower.taskId) ?? new Set();
    this.#byTask.set(follower.taskId, followers.add(follower));
  }

  /** Whether it was the last one of its task. */
  remove(follower: Follower): boolean {
    const followers = this.#byTask.get(follower.taskId);
    followers?.delete(follower);
    return followers?.size === 0 && this.#byTask.delete(follower.taskId);
  }

  tasksOf(endpointId: EndpointId): TaskId[] {
    const ids = new Set<TaskId>();
    for (const follower of this.#all()) {
      if (follower.endpointId === endpointId) ids.add(follower.taskId);
    }
    return [...ids];
  }

  progressed(endpointId: EndpointId, taskIds: readonly TaskId[]): void {
    if (this.#byTask.size === 0) return;
    for (const taskId of taskIds) {
      for (const follower of this.#of(endpointId, taskId)) follower.wake();
    }
  }

  output(endpointId: EndpointId, chunks: readonly Chunk[]): void {
    for (const chunk of chunks) {
      for (const follower of this.#of(endpointId, chunk.task_id)) follower.output(chunk);
    }
  }

  *#of(endpointId: EndpointId, taskId: TaskId): Generator<Follower> {
    for (const follower of this.#byTask.get(taskId) ?? []) {
      if (follower.endpointId === endpointId) yield follower;
    }
  }

  *#all(): Generator<Follower> {
    for (const followers of this.#byTask.values()) yield* followers;
  }
}
