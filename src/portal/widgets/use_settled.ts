/** Hearing of rows that come into sight when that has settled. */
import { useEffect, useRef } from "preact/hooks";

/** Milliseconds until rows that came into sight are followed: a reader who scrolls sees many. */
const SETTLE = 120;

/** Calls `told` with the last of several values that come one soon after the other. */
export function useSettled<T>(told: (value: T) => void): (value: T) => void {
  const latest = useRef(told);
  latest.current = told;
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  return (value) => {
    clearTimeout(timer.current);
    timer.current = setTimeout(() => latest.current(value), SETTLE);
  };
}
