/** A list of functions that is asked for page by page. */
import { useLayoutEffect, useRef } from "preact/hooks";
import { useSignal } from "@preact/signals";
import type { FunctionSummary, Query } from "../../contract/api.ts";
import { client } from "../session/session.ts";
import { attempt } from "../shell/notices.tsx";
import { type Loading, useLoaded } from "../widgets/loaded.ts";

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
  const later = useSignal<FunctionPage | undefined>(undefined);
  const asking = useRef<AbortController | undefined>(undefined);
  const loaded = first.state.value;
  const begun = loaded.kind === "loading" ? undefined : loaded.value;
  // Before the effects of what shows the first page, which may ask for the next one at once.
  useLayoutEffect(() => {
    later.value = undefined;
    return () => {
      asking.current?.abort();
      asking.current = undefined;
    };
  }, [begun]);
  const cursor = (later.value ?? begun)?.next_cursor ?? null;
  const more = (): void => {
    if (cursor === null || asking.current !== undefined) return;
    const { signal } = asking.current = new AbortController();
    void attempt(async () => {
      try {
        const page = await ask(signal, cursor);
        if (signal.aborted) return;
        const before = later.peek()?.items ?? [];
        later.value = { items: [...before, ...page.items], next_cursor: page.next_cursor };
      } catch (thrown) {
        if (!signal.aborted) throw thrown;
      } finally {
        if (!signal.aborted) asking.current = undefined;
      }
    });
  };
  const items = [...begun?.items ?? [], ...later.value?.items ?? []];
  return { first, items, isWhole: cursor === null, more };
}
