/** The text of a search field, which the address of the page follows, and the other way round. */
import { useEffect, useRef } from "preact/hooks";
import { type Signal, useSignal } from "@preact/signals";

/** Milliseconds between the last key and the question. */
const PAUSE = 250;

/**
 * What stands in the field. The address tells what was asked for a moment later, when more may have
 * been typed: only what it has from elsewhere, such as a link, comes into the field.
 *
 * @param told what the address says, without spaces around it; empty for all
 * @param ask is called with the same when somebody has typed it and pauses
 */
export function useSearchText(told: string, ask: (text: string) => void): Signal<string> {
  const text = useSignal(told);
  const asked = useRef(told);
  // What is called when the time has come knows what has changed meanwhile.
  const latest = useRef(ask);
  latest.current = ask;
  useEffect(() => {
    if (told === asked.current) return;
    asked.current = told;
    text.value = told;
  }, [told]);
  const wanted = text.value.trim();
  useEffect(() => {
    if (wanted === asked.current) return;
    const timer = setTimeout(() => {
      asked.current = wanted;
      latest.current(wanted);
    }, PAUSE);
    return () => clearTimeout(timer);
  }, [wanted]);
  return text;
}
