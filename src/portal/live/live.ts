/**
 * The one live stream of the page: what its parts follow, kept up to date. A part follows something
 * with a hook for as long as it is shown; the stream is opened anew when that changes, and begins
 * with the whole of it. While nobody sees the page there is none.
 */
import { batch, computed, type ReadonlySignal, signal } from "@preact/signals";
import { useLayoutEffect } from "preact/hooks";
import type {
  EndpointRecord,
  GroupProgress,
  LiveEvent,
  LiveInterest,
  TaskSummary,
} from "../../contract/api.ts";
import type { Answer } from "../../contract/api.ts";
import { client, session } from "../session/session.ts";
import { type Failure, failureOf } from "../widgets/failure.ts";
import { followedIn, goneAfter, joinInterests } from "./interest.ts";
import { isSeen } from "./sight.ts";

export type LiveState =
  | { readonly kind: "idle" }
  | { readonly kind: "opening" }
  | { readonly kind: "open" }
  /** What is shown is from before `since`, milliseconds since 1970 by the browser's clock. */
  | { readonly kind: "broken"; readonly since: number; readonly failure?: Failure };

type Counts = Extract<LiveEvent, { event: "endpoint_list" }>["data"];

/** Between a change of what is followed and the new stream: parts come and go one after the other. */
const SETTLE = 20;
/** After the client has given up on a service that does not answer, or has refused. */
const REOPEN = 1_000;

class Live {
  readonly state = signal<LiveState>({ kind: "idle" });
  /** How often the stream was opened; it grows when a page has missed something. */
  readonly opened = signal(0);
  readonly endpoints = signal<ReadonlyMap<string, EndpointRecord>>(new Map());
  /** Endpoints that were followed and are there no more. */
  readonly goneEndpoints = signal<ReadonlySet<string>>(new Set());
  readonly endpointCounts = signal<Counts | undefined>(undefined);
  /** Other whenever an endpoint has come or gone; empty before anything was told. */
  readonly endpointListMark = computed(() => {
    const counts = this.endpointCounts.value;
    if (counts === undefined) return "";
    return `${counts.version} ${counts.endpoints} ${counts.online}`;
  });
  readonly stats = signal<Answer<"stats"> | undefined>(undefined);
  readonly newestTasks = signal<readonly TaskSummary[] | undefined>(undefined);
  readonly tasks = signal<ReadonlyMap<string, TaskSummary>>(new Map());
  readonly groups = signal<ReadonlyMap<string, GroupProgress>>(new Map());

  readonly #parts = new Map<symbol, LiveInterest>();
  #current = "";
  #connection: AbortController | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** When the stream was closed since nobody saw the page, milliseconds since 1970. */
  #leftAt: number | undefined;

  constructor() {
    let before = isSeen.value;
    isSeen.subscribe((seen) => {
      if (seen !== before) this.#settle(0);
      before = seen;
    });
  }

  /** Returns the end of it. */
  follow(interest: LiveInterest): () => void {
    const part = Symbol();
    this.#parts.set(part, interest);
    this.#settle(SETTLE);
    return () => {
      this.#parts.delete(part);
      this.#settle(SETTLE);
    };
  }

  /** Opens the stream anew, for instance after signing in. */
  restart(): void {
    this.#close();
    this.#settle(0);
  }

  /** For a page that has read of endpoints otherwise. */
  areThere(endpoints: readonly EndpointRecord[]): void {
    this.#gone([], endpoints);
  }

  #gone(gone: readonly string[], found: readonly EndpointRecord[]): void {
    const ids = found.map(({ uuid }) => uuid);
    this.goneEndpoints.value = goneAfter(this.goneEndpoints.value, gone, ids);
  }

  #settle(milliseconds: number): void {
    clearTimeout(this.#timer);
    // All parts of the first page come in one turn.
    if (this.#connection === undefined) queueMicrotask(() => this.#reopen());
    else this.#timer = setTimeout(() => this.#reopen(), milliseconds);
  }

  #reopen(): void {
    const interest = joinInterests(this.#parts.values());
    const isWanted = session.value.kind === "signed_in" && isSeen.value;
    const wanted = isWanted ? JSON.stringify(interest) : "";
    if (wanted === this.#current) return;
    this.#close();
    this.#current = wanted;
    if (!isWanted) {
      if (!isSeen.value) this.#leftAt ??= sinceWhen(this.state.value);
      this.state.value = { kind: "idle" };
      return;
    }
    this.#forget(interest);
    const connection = this.#connection = new AbortController();
    if (this.state.value.kind !== "broken") this.state.value = { kind: "opening" };
    void this.#read(interest, connection.signal);
  }

  #close(): void {
    this.#connection?.abort();
    this.#connection = undefined;
    this.#current = "";
  }

  /** Of tasks and groups there is no end; of endpoints there are only so many. */
  #forget({ task_ids, groups }: LiveInterest): void {
    this.tasks.value = followedIn(this.tasks.value, task_ids);
    this.groups.value = followedIn(this.groups.value, groups);
  }

  async #read(interest: LiveInterest, signal: AbortSignal): Promise<void> {
    let seen = -1;
    const onBreak = (): void => this.#stale();
    try {
      for await (const { events, connection } of client.live(interest, { signal, onBreak })) {
        if (signal.aborted) return;
        batch(() => {
          if (connection !== seen) {
            this.#isOpen(connection > 0 || this.state.value.kind === "broken");
          }
          for (const event of events) this.#take(event);
        });
        seen = connection;
      }
    } catch (thrown) {
      if (!signal.aborted) this.#broke(failureOf(thrown));
    }
  }

  #isOpen(missed: boolean): void {
    this.state.value = { kind: "open" };
    if (missed || this.#leftAt !== undefined || this.opened.value === 0) this.opened.value++;
    this.#leftAt = undefined;
  }

  /** The connection is lost; the client opens the next one for as long as there is hope. */
  #stale(failure?: Failure): void {
    const since = this.#leftAt ?? sinceWhen(this.state.value);
    this.state.value = { kind: "broken", since, failure };
  }

  #broke(failure: Failure): void {
    this.#stale(failure);
    this.#current = "";
    this.#settle(REOPEN);
  }

  #take({ event, data }: LiveEvent): void {
    switch (event) {
      case "endpoints":
        this.endpoints.value = withAll(this.endpoints.value, data.changed, "uuid");
        this.#gone(data.gone, data.changed);
        return;
      case "endpoint_list":
        this.endpointCounts.value = data;
        return;
      case "stats":
        this.stats.value = data;
        return;
      case "tasks":
        this.newestTasks.value = data;
        return;
      case "task_changes":
        this.tasks.value = withAll(this.tasks.value, data, "task_id");
        return;
      case "groups":
        this.groups.value = withAll(this.groups.value, data, "task_group_id");
        return;
    }
  }
}

/** Of when what is shown is, at the latest; milliseconds since 1970. */
function sinceWhen(state: LiveState): number {
  return state.kind === "broken" ? state.since : Date.now();
}

function withAll<T, K extends keyof T>(
  map: ReadonlyMap<string, T>,
  items: readonly T[],
  key: K,
): ReadonlyMap<string, T> {
  const next = new Map(map);
  for (const item of items) next.set(String(item[key]), item);
  return next;
}

export const live = new Live();

/** Follows for as long as the component is shown. */
export function useLive(interest: LiveInterest): void {
  const text = JSON.stringify(interest);
  useLayoutEffect(() => live.follow(interest), [text]);
}

/** The newest tasks that fit `filter`; undefined until they have come. One part of a page may have it. */
export function useNewestTasks(
  filter: NonNullable<LiveInterest["tasks"]>,
): ReadonlySignal<readonly TaskSummary[] | undefined> {
  const text = JSON.stringify(filter);
  useLayoutEffect(() => {
    live.newestTasks.value = undefined;
    return live.follow({ tasks: filter });
  }, [text]);
  return live.newestTasks;
}
