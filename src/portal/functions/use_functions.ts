/** A list of functions that is asked for page by page. */
import { useLayoutEffect, useRef } from "preact/hooks";
import { useSignal } from "@preact/signals";
import type { FunctionSummary, Query } from "../../contract/api.ts";
import { client } from "../session/session.ts";
import { attempt } from "../shell/notices.tsx";
import { type Loading, useLoaded } from "../widgets/loaded.ts";
import { NO_ROWS, type PagedRows, withFirstPage, withNextPage } from "../widgets/paged_rows.ts";

const PAGE_SIZE = 100;

export interface FunctionPages {
  readonly first: Loading<FunctionPage>;
  /** All pages so far. */
  readonly items: readonly FunctionSummary[];
  readonly isWhole: boolean;
  /** Asks for the next page, if there is one and it is not on its way. */
  readonly more: () => void;
}

interface FunctionPage {
  readonly items: readonly FunctionSummary[];
  readonly next_cursor: string | null;
}

export function useFunctions(query: Query<"listFunctions">): FunctionPages {
  const key = JSON.stringify(query);
  const ask = (signal: AbortSignal, cursor?: string): Promise<FunctionPage> =>
    client.call("listFunctions", { query: { ...query, limit: PAGE_SIZE, cursor }, signal });
  const first = useLoaded(key, (signal) => ask(signal));
  const known = useSignal<Known>({ begun: undefined, rows: NO_ROWS });
  const asking = useRef<AbortController | undefined>(undefined);
  const loaded = first.state.value;
  const begun = loaded.kind === "loading" ? undefined : loaded.value;
  const rows = rowsWith(known.value, begun);
  // Before the effects of what shows the first page, which may ask for the next one at once.
  useLayoutEffect(() => {
    known.value = { begun, rows };
    return () => {
      asking.current?.abort();
      asking.current = undefined;
    };
  }, [begun]);
  const { items, cursor = null } = rows;
  const more = (): void => {
    if (cursor === null || asking.current !== undefined) return;
    const { signal } = asking.current = new AbortController();
    void attempt(async () => {
      try {
        const page = await ask(signal, cursor);
        if (!signal.aborted) known.value = { begun, rows: withNextPage(rows, page) };
      } catch (thrown) {
        if (!signal.aborted) throw thrown;
      } finally {
        if (!signal.aborted) asking.current = undefined;
      }
    });
  };
  return { first, items, isWhole: cursor === null, more };
}

/** All pages so far, and the first one as it was when they were put together. */
interface Known {
  readonly begun: FunctionPage | undefined;
  readonly rows: PagedRows<FunctionSummary>;
}

/** A first page that was read again takes the others along; one of another list does not. */
function rowsWith(known: Known, begun: FunctionPage | undefined): PagedRows<FunctionSummary> {
  if (known.begun === begun) return known.rows;
  if (begun === undefined) return NO_ROWS;
  return withFirstPage(known.rows, begun, (fn) => fn.function_uuid);
}
