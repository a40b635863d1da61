/** What a page has asked the service for: on its way, there, or failed. */
import { useCallback, useLayoutEffect, useRef } from "preact/hooks";
import { type Signal, useSignal } from "@preact/signals";
import { live } from "../live/live.ts";
import { type Failure, failureOf } from "./failure.ts";

export type Loaded<T> =
  | { readonly kind: "loading" }
  | { readonly kind: "ready"; readonly value: T }
  /** `value` is what was there before. */
  | { readonly kind: "failed"; readonly failure: Failure; readonly value?: T };

export interface Loading<T> {
  readonly state: Signal<Loaded<T>>;
  readonly reload: () => void;
}

/**
 * Asks when the page opens, when `key` changes, and when the live stream is open again after a break.
 * An answer that comes after the next question is dropped; a value stays while it is asked anew.
 */
export function useLoaded<T>(
  key: string,
  load: (signal: AbortSignal) => Promise<T>,
): Loading<T> {
  const state = useSignal<Loaded<T>>({ kind: "loading" });
  const running = useRef<AbortController | undefined>(undefined);
  const latest = useRef(load);
  latest.current = load;
  const reload = useCallback(() => {
    running.current?.abort();
    const controller = running.current = new AbortController();
    latest.current(controller.signal).then(
      (value) => {
        if (!controller.signal.aborted) state.value = { kind: "ready", value };
      },
      (thrown) => {
        if (controller.signal.aborted) return;
        const before = state.value;
        state.value = {
          kind: "failed",
          failure: failureOf(thrown),
          value: before.kind === "loading" ? undefined : before.value,
        };
      },
    );
  }, []);
  const { opened } = live;
  // Not after the paint: the request would leave a frame later, which is a third of a first view.
  useLayoutEffect(() => {
    state.value = { kind: "loading" };
    reload();
    let seen = opened.value;
    const stop = opened.subscribe((count) => {
      // The first opening is that of this page, which has asked; the service may not have answered.
      const isNew = seen > 0 || state.peek().kind === "failed";
      if (count !== seen && isNew) reload();
      seen = count;
    });
    return () => {
      stop();
      running.current?.abort();
    };
  }, [key]);
  return { state, reload };
}
