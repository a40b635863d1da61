/** The kinds of events of one live stream: when each has to be read again, and what has changed. */
import type { LiveEvent, LiveInterest } from "../../contract/api.ts";
import { isTerminal } from "../../contract/task_state.ts";
import type { HeardEndpoint, LiveSource } from "./source.ts";

/** What can have changed. */
export type Change =
  | { readonly kind: "tasks" }
  /** What one is, or how busy it is. */
  | { readonly kind: "endpoint"; readonly endpointId: string }
  /** Which there are, or which are connected. */
  | { readonly kind: "endpoint_list" };

export interface View {
  /** Whether what it shows may have changed. */
  readonly isConcerned: (change: Change) => boolean;
  /** What is new since the last one; all of it at first; undefined when nothing is. */
  readonly read: () => Promise<LiveEvent | undefined>;
}

export function viewsOf(interest: LiveInterest, source: LiveSource): readonly View[] {
  const { endpoints = [], machine, stats, tasks, task_ids, groups } = interest;
  const followed = lowerCase(machine === undefined ? endpoints : [...endpoints, machine]);
  const hasEndpoints = interest.endpoints !== undefined || machine !== undefined;
  return [
    endpointListView(source),
    ...(hasEndpoints ? [endpointsView(source, followed, machine?.toLowerCase())] : []),
    ...(stats ? [statsView(source)] : []),
    ...(tasks === undefined ? [] : [tasksView(source, tasks)]),
    ...(task_ids === undefined ? [] : [taskChanges(source, lowerCase(task_ids))]),
    ...(groups === undefined ? [] : [groupsView(source, lowerCase(groups))]),
  ];
}

function endpointListView(source: LiveSource): View {
  return whole(["endpoint_list"], async () => ({
    event: "endpoint_list",
    data: await source.endpointList(),
  }));
}

function statsView(source: LiveSource): View {
  return whole(["tasks", "endpoint_list"], async () => ({
    event: "stats",
    data: await source.stats(),
  }));
}

function tasksView(source: LiveSource, filter: NonNullable<LiveInterest["tasks"]>): View {
  return whole(["tasks"], async () => ({ event: "tasks", data: [...await source.tasks(filter)] }));
}

/** Tasks change how many wait for an endpoint, so they concern it too. */
function endpointsView(
  source: LiveSource,
  ids: readonly string[],
  machine: string | undefined,
): View {
  const followed = new Set(ids);
  const changes = new ItemChanges<HeardEndpoint>(ids, {
    read: async (ids) => {
      const found = await source.endpoints(ids, machine);
      return new Map(found.map((one) => [one.record.uuid, one]));
    },
    marks: ({ record, status }) => [status, JSON.stringify({ ...record, details: null })],
  });
  return {
    isConcerned: (change) =>
      change.kind === "tasks" ||
      (change.kind === "endpoint" && followed.has(change.endpointId)),
    read: async () => {
      const found = await changes.read();
      if (found === undefined) return undefined;
      const changed = found.changed.map(({ record }) => record);
      return { event: "endpoints", data: { changed, gone: [...found.gone] } };
    },
  };
}

function taskChanges(source: LiveSource, ids: readonly string[]): View {
  // One that has ended stays as it is, and its row is the largest.
  const changes = new ItemChanges(ids, {
    read: (ids) => each(ids, source.task),
    isFinal: ({ status }) => isTerminal(status),
  });
  return itemsOfTasks(async () => {
    const found = await changes.read();
    return found && { event: "task_changes", data: [...found.changed] };
  });
}

function groupsView(source: LiveSource, ids: readonly string[]): View {
  const changes = new ItemChanges(ids, { read: (ids) => each(ids, source.group) });
  return itemsOfTasks(async () => {
    const found = await changes.read();
    return found && { event: "groups", data: [...found.changed] };
  });
}

function itemsOfTasks(read: View["read"]): View {
  return { isConcerned: ({ kind }) => kind === "tasks", read };
}

/** A view that is sent whole. */
function whole(concerns: readonly Change["kind"][], read: () => Promise<LiveEvent>): View {
  let last = "";
  return {
    isConcerned: ({ kind }) => concerns.includes(kind),
    read: async () => {
      const event = await read();
      const text = JSON.stringify(event.data);
      if (text === last) return undefined;
      last = text;
      return event;
    },
  };
}

function lowerCase(ids: readonly string[]): readonly string[] {
  return [...new Set(ids.map((id) => id.toLowerCase()))];
}

/** One after the other, so that other requests have their turn in between. */
async function each<T>(
  ids: readonly string[],
  read: (id: string) => Promise<T | undefined>,
): Promise<ReadonlyMap<string, T>> {
  const items = new Map<string, T>();
  for (const id of ids) {
    const item = await read(id);
    if (item !== undefined) items.set(id, item);
  }
  return items;
}

interface Found<T> {
  readonly changed: readonly T[];
  readonly gone: readonly string[];
}

interface ItemOptions<T> {
  /** By id, those that are there. */
  readonly read: (ids: readonly string[]) => Promise<ReadonlyMap<string, T>>;
  /** The item is the same while these are; its JSON when this is left out. */
  readonly marks?: (item: T) => readonly unknown[];
  /** Whether it stays as it is for ever. */
  readonly isFinal?: (item: T) => boolean;
}

/** Which of several items are other than they were when they were read last. */
class ItemChanges<T> {
  readonly #open: Set<string>;
  readonly #options: ItemOptions<T>;
  /** By id; empty for what is gone. */
  readonly #last = new Map<string, readonly unknown[]>();
  #isFirst = true;

  constructor(ids: readonly string[], options: ItemOptions<T>) {
    this.#open = new Set(ids);
    this.#options = options;
  }

  /** Undefined when nothing has changed; never so at first. */
  async read(): Promise<Found<T> | undefined> {
    const { read, marks = asText, isFinal } = this.#options;
    const changed: T[] = [];
    const gone: string[] = [];
    const ids = [...this.#open];
    const items = await read(ids);
    for (const id of ids) {
      const item = items.get(id);
      const now = item === undefined ? [] : marks(item);
      if (isSame(this.#last.get(id), now)) continue;
      this.#last.set(id, now);
      if (item === undefined) gone.push(id);
      else changed.push(item);
      if (item !== undefined && isFinal?.(item)) this.#open.delete(id);
    }
    const isNews = this.#isFirst || changed.length + gone.length > 0;
    this.#isFirst = false;
    return isNews ? { changed, gone } : undefined;
  }
}

function asText(item: unknown): readonly unknown[] {
  return [JSON.stringify(item)];
}

function isSame(left: readonly unknown[] | undefined, right: readonly unknown[]): boolean {
  return left?.length === right.length && left.every((mark, index) => mark === right[index]);
}
