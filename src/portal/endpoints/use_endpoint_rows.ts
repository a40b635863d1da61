/** The rows of a list of endpoints: read on at its end, and again where they have changed. */
import { type Signal, useComputed, useSignal, useSignalEffect } from "@preact/signals";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import type { EndpointRecord } from "../../contract/api.ts";
import { MAX_LIVE_ENDPOINTS, MAX_PAGE_SIZE } from "../../contract/limits.ts";
import { live, useLive } from "../live/live.ts";
import { client } from "../session/session.ts";
import { type Failure, failureOf } from "../widgets/failure.ts";
import type { ShownRows } from "../widgets/shown_rows.ts";
import { useSettled } from "../widgets/use_settled.ts";
import { type EndpointFilter, queryOfFilter } from "./endpoint_filter.ts";
import { type EndpointPages, newerOf, rowsOf, staleIn, withAnswer } from "./endpoint_pages.ts";

const PAGE = 100;
/** Rows that may have come new in a part that is read again. */
const MARGIN = 20;
/** Milliseconds after which rows that are sorted by what changes are read again. */
const RESORT = 15_000;

export function useEndpointRows(filter: EndpointFilter): ShownRows<EndpointRecord> {
  const pages = useSignal<EndpointPages | undefined>(undefined);
  const failure = useSignal<Failure | undefined>(undefined);
  const seen = useSignal<readonly string[]>([]);
  const reader = useReader(filter, pages, seen, failure);
  useLive({ endpoints: [...seen.value] });
  useChanges(filter, reader.refresh);
  const rows = useComputed(() => {
    if (pages.value === undefined) return undefined;
    const gone = live.goneEndpoints.value;
    const changes = live.endpoints.value;
    return rowsOf(pages.value).filter(({ uuid }) => !gone.has(uuid))
      .map((row) => newerOf(row, changes.get(row.uuid)));
  });
  return {
    rows,
    isWhole: pages.value?.next === null,
    failure: failure.value,
    more: reader.more,
    retry: reader.retry,
    see: useSettled((visible) => {
      const next = visible.map(({ uuid }) => uuid).slice(0, MAX_LIVE_ENDPOINTS);
      if (next.join() === seen.peek().join()) return;
      seen.value = next;
      reader.readStale();
    }),
  };
}

interface Reader {
  readonly more: () => void;
  /** What is in sight is read again, and the rest when it comes into sight. */
  readonly refresh: () => void;
  readonly readStale: () => void;
  /** Reads what did not come. */
  readonly retry: () => void;
}

/** Reads one part at a time. */
function useReader(
  filter: EndpointFilter,
  pages: Signal<EndpointPages | undefined>,
  seen: Signal<readonly string[]>,
  failure: Signal<Failure | undefined>,
): Reader {
  const key = JSON.stringify(queryOfFilter(filter));
  const running = useRef<AbortController | undefined>(undefined);
  const version = useRef(0);
  const read = (index: number, from: string | null): void => {
    const controller = running.current = new AbortController();
    const { signal } = controller;
    const part = { from, version: version.current };
    const had = pages.peek()?.parts[index]?.items.length ?? 0;
    const limit = Math.min(MAX_PAGE_SIZE, Math.max(PAGE, had) + (had === 0 ? 0 : MARGIN));
    const query = { ...queryOfFilter(filter), limit, cursor: from ?? undefined };
    client.call("listEndpoints", { query, signal }).then((answer) => {
      if (signal.aborted) return;
      failure.value = undefined;
      live.areThere(answer.items);
      pages.value = withAnswer(pages.peek() ?? { parts: [], next: null }, index, answer, part);
      running.current = undefined;
      readStale();
    }, (thrown) => {
      if (signal.aborted) return;
      running.current = undefined;
      failure.value = failureOf(thrown);
    });
  };
  const readStale = (): void => {
    const { value } = pages;
    if (running.current !== undefined || value === undefined) return;
    const index = staleIn(value, new Set(seen.peek()), version.current);
    if (index !== -1) read(index, value.parts[index]!.from);
  };
  const latest = useRef(readStale);
  latest.current = readStale;
  // Before the page is painted, so that the request is under way meanwhile.
  useLayoutEffect(() => {
    pages.value = undefined;
    failure.value = undefined;
    read(0, null);
    return () => {
      running.current?.abort();
      running.current = undefined;
    };
  }, [key]);
  const more = (): void => {
    const { value } = pages;
    if (running.current !== undefined) return;
    if (value === undefined) read(0, null);
    else if (value.next !== null) read(value.parts.length, value.next);
  };
  return {
    more,
    refresh: () => {
      version.current++;
      latest.current();
    },
    readStale: () => latest.current(),
    retry: () => {
      latest.current();
      more();
    },
  };
}

/** Calls when endpoints have come or gone, the page has missed something, or an order is old. */
function useChanges({ order }: EndpointFilter, changed: () => void): void {
  const latest = useRef(changed);
  latest.current = changed;
  const before = useRef<string | undefined>(undefined);
  useSignalEffect(() => {
    const mark = live.endpointListMark.value;
    if (mark === "") return;
    const text = `${mark} ${live.opened.value}`;
    if (before.current !== undefined && before.current !== text) latest.current();
    before.current = text;
  });
  useEffect(() => {
    if (order === "name" || order === "created") return;
    const timer = setInterval(() => document.hidden || latest.current(), RESORT);
    return () => clearInterval(timer);
  }, [order]);
}
