/**
 * Tells listeners what has changed. Tasks change all the time, so of theirs no more is told than
 * once per turn of the event loop.
 */
import { setImmediate } from "node:timers";
import type { EndpointId, TaskGroupId, UserId } from "../../../contract/ids.ts";
import type { Connection } from "../../../lib/database.ts";
import type { EndedTask, StoreChanges } from "../changes.ts";
import { Query } from "./query.ts";
import type { Counts } from "./transaction.ts";

type EndListener = (endpointId: EndpointId, ends: readonly EndedTask[]) => void;

export class Changes implements StoreChanges {
  readonly #userName: (ownerRow: number) => UserId;
  /** Those with unfinished tasks there; what has moved is one of them. */
  readonly #ownersAt: Query<[ownerRow: number]>;
  readonly #listeners = new Set<(owner: UserId) => void>();
  readonly #endpointListeners = new Set<(endpointId: EndpointId) => void>();
  readonly #endListeners = new Set<EndListener>();
  readonly #groupListeners = new Set<(taskGroupId: TaskGroupId) => void>();
  readonly #nameEndpoint: Query<[endpointId: EndpointId]>;
  readonly #endpointIds = new Map<number, EndpointId>();
  readonly #owners = new Set<number>();
  readonly #endpoints = new Set<EndpointId>();
  #scheduled = false;

  constructor(connection: Connection, userName: (ownerRow: number) => UserId) {
    this.#userName = userName;
    this.#nameEndpoint = new Query(
      connection,
      "SELECT endpoint_id FROM endpoints WHERE endpoint_row = ?",
    );
    this.#ownersAt = new Query(
      connection,
      `SELECT c.owner_row FROM task_counts c JOIN endpoints e USING (endpoint_row)
       WHERE e.endpoint_id = ? AND c.unfinished > 0`,
    );
  }

  onTasks(listener: (owner: UserId) => void): () => void {
    return subscribed(this.#listeners, listener);
  }

  /** See `EndpointStore.onChange`. */
  onEndpoint(listener: (endpointId: EndpointId) => void): () => void {
    return subscribed(this.#endpointListeners, listener);
  }

  /** What is stored of an endpoint has changed. */
  endpointChanged(endpointId: EndpointId): void {
    for (const listener of this.#endpointListeners) listener(endpointId);
  }

  /** Numbers of owners' tasks have changed. */
  counted(counts: Iterable<{ readonly ownerRow: number }>): void {
    if (this.#listeners.size === 0) return;
    for (const { ownerRow } of counts) this.#owners.add(ownerRow);
    this.#schedule();
  }

  /** Tasks of an endpoint have moved, without an end. */
  moved(endpointId: EndpointId): void {
    if (this.#listeners.size === 0) return;
    this.#endpoints.add(endpointId);
    this.#schedule();
  }

  /** See `StoreChanges.onEnded`. */
  onEnded(listener: (endpointId: EndpointId, ends: readonly EndedTask[]) => void): () => void {
    return subscribed(this.#endListeners, listener);
  }

  /** These were committed. */
  ended(counts: Iterable<Pick<Counts, "endpointRow" | "ends">>): void {
    if (this.#endListeners.size === 0) return;
    for (const { endpointRow, ends } of counts) {
      if (ends.length === 0) continue;
      const endpointId = this.#endpointId(endpointRow);
      for (const listener of this.#endListeners) listener(endpointId, ends);
    }
  }

  #endpointId(endpointRow: number): EndpointId {
    const known = this.#endpointIds.get(endpointRow);
    if (known !== undefined) return known;
    const [endpointId] = this.#nameEndpoint.get(endpointRow)!;
    this.#endpointIds.set(endpointRow, endpointId);
    return endpointId;
  }

  /** See `StoreChanges.onGroupDeleted`. */
  onGroupDeleted(listener: (taskGroupId: TaskGroupId) => void): () => void {
    return subscribed(this.#groupListeners, listener);
  }

  /** It was committed. */
  groupDeleted(taskGroupId: TaskGroupId): void {
    for (const listener of this.#groupListeners) listener(taskGroupId);
  }

  /** Nobody is told anything any more. */
  close(): void {
    this.#listeners.clear();
    this.#endpointListeners.clear();
    this.#endListeners.clear();
    this.#groupListeners.clear();
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => this.#tell());
  }

  #tell(): void {
    this.#scheduled = false;
    if (this.#listeners.size === 0) return;
    for (const endpointId of this.#endpoints) {
      for (const [ownerRow] of this.#ownersAt.all(endpointId)) this.#owners.add(ownerRow);
    }
    const owners = [...this.#owners].map((row) => this.#userName(row));
    this.#owners.clear();
    this.#endpoints.clear();
    for (const owner of owners) {
      for (const listener of this.#listeners) listener(owner);
    }
  }
}

/** Adds the listener; @returns what takes it out again. */
function subscribed<T>(listeners: Set<T>, listener: T): () => void {
  listeners.add(listener);
  return () => {
    listeners.delete(listener);
  };
}
