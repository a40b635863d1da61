/** The kinds of events of one live stream: when each has to be read again, and what has changed. */
import type { LiveEvent, LiveInterest } from "../../contract/api.ts";
import { isTerminal } from "../../contract/task_state.ts";
import type { LiveSource } from "./source.ts";

/** What can have changed. */
export type Change =
  | { readonly kind: "tasks" }
  | { readonly kind: "endpoint"; readonly endpointId: string };

export interface View {
  /** Whether what it shows may have changed. */
  readonly isConcerned: (change: Change) => boolean;
  /** What is new since the last one; all of it at first; undefined when nothing is. */
  readonly read: () => Promise<LiveEvent | undefined>;
}

export function viewsOf(interest: LiveInterest, source: LiveSource): readonly View[] {
  const { endpoints, stats, tasks, task_ids, groups } = interest;
  return [
    endpointList(source),
    ...(endpoints === undefined ? [] : [endpointsView(source, lowerCase(endpoints))]),
    ...(stats ? [whole("any", async () => ({ event: "stats", data: await source.stats() }))] : []),
    ...(tasks === undefined ? [] : [tasksView(source, tasks)]),
    ...(task_ids === undefined ? [] : [taskChanges(source, lowerCase(task_ids))]),
    ...(groups === undefined ? [] : [groupsView(source, lowerCase(groups))]),
  ];
}

function endpointList(source: LiveSource): View {
  return whole("endpoint", async () => ({
    event: "endpoint_list",
    data: await source.endpointCounts(),
  }));
}

function tasksView(source: LiveSource, filter: NonNullable<LiveInterest["tasks"]>): View {
  return whole("tasks", async () => ({ event: "tasks", data: [...await source.tasks(filter)] }));
}

/** Tasks change how many wait for an endpoint, so they concern it too. */
function endpointsView(source: LiveSource, ids: readonly string[]): View {
  const followed = new Set(ids);
  const changes = new ItemChanges(ids, (id) => source.endpoint(id));
  return {
    isConcerned: (change) => change.kind === "tasks" || followed.has(change.endpointId),
    read: async () => {
      const found = await changes.read();
      if (found === undefined) return undefined;
      return { event: "endpoints", data: { changed: [...found.changed], gone: [...found.gone] } };
    },
  };
}

function taskChanges(source: LiveSource, ids: readonly string[]): View {
  // One that has ended stays as it is, and its row is the largest.
  const changes = new ItemChanges(ids, (id) => source.task(id), ({ status }) => isTerminal(status));
  return itemsOfTasks(async () => {
    const found = await changes.read();
    return found && { event: "task_changes", data: [...found.changed] };
  });
}

function groupsView(source: LiveSource, ids: readonly string[]): View {
  const changes = new ItemChanges(ids, (id) => source.group(id));
  return itemsOfTasks(async () => {
    const found = await changes.read();
    return found && { event: "groups", data: [...found.changed] };
  });
}

function itemsOfTasks(read: View["read"]): View {
  return { isConcerned: ({ kind }) => kind === "tasks", read };
}

/** A view that is sent whole. */
function whole(concern: Change["kind"] | "any", read: () => Promise<LiveEvent>): View {
  let last = "";
  return {
    isConcerned: ({ kind }) => concern === "any" || concern === kind,
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

interface Found<T> {
  readonly changed: readonly T[];
  readonly gone: readonly string[];
}

/** Which of several items are other than they were when they were read last. */
class ItemChanges<T> {
  readonly #open: Set<string>;
  readonly #read: (id: string) => Promise<T | undefined>;
  readonly #isFinal: (item: T) => boolean;
  /** By id as JSON; empty for what is gone. */
  readonly #last = new Map<string, string>();
  #isFirst = true;

  constructor(
    ids: readonly string[],
    read: (id: string) => Promise<T | undefined>,
    isFinal: (item: T) => boolean = () => false,
  ) {
    this.#open = new Set(ids);
    this.#read = read;
    this.#isFinal = isFinal;
  }

  /** Undefined when nothing has changed; never so at first. */
  async read(): Promise<Found<T> | undefined> {
    const changed: T[] = [];
    const gone: string[] = [];
    for (const id of [...this.#open]) {
      const item = await this.#read(id);
      const text = item === undefined ? "" : JSON.stringify(item);
      if (this.#last.get(id) === text) continue;
      this.#last.set(id, text);
      if (item === undefined) gone.push(id);
      else changed.push(item);
      if (item !== undefined && this.#isFinal(item)) this.#open.delete(id);
    }
    const isNews = this.#isFirst || changed.length + gone.length > 0;
    this.#isFirst = false;
    return isNews ? { changed, gone } : undefined;
  }
}
