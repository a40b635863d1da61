/** Asking again when something has changed that may change all the time. */
import { useEffect, useRef } from "preact/hooks";

/** Milliseconds between two questions, at the least. */
const CALM = 5_000;

/** Reloads when `value` has changed, at once unless it did so a moment ago. */
export function useReloadOn(
  value: string | number,
  loading: { readonly reload: () => void },
): void {
  const shown = useRef(value);
  const changedAt = useRef(-CALM);
  useEffect(() => {
    if (value === shown.current) return;
    const timer = setTimeout(() => {
      changedAt.current = performance.now();
      shown.current = value;
      loading.reload();
    }, Math.max(0, changedAt.current + CALM - performance.now()));
    return () => clearTimeout(timer);
  }, [value]);
}
