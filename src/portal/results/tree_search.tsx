/** Finds keys and values in a tree, one after the other. */
import type { ComponentChildren } from "preact";
import { useEffect, useMemo } from "preact/hooks";
import { useSignal } from "@preact/signals";
import { english } from "../texts/english.ts";
import { countText } from "../widgets/units.ts";
import { type Path, search } from "./tree_rows.ts";

export interface TreeSearchProps {
  readonly value: unknown;
  readonly onShow: (path: Path) => void;
}

/** Between the last key and the search. */
const PAUSE = 150;

export function TreeSearch({ value, onShow }: TreeSearchProps): ComponentChildren {
  const typed = useSignal("");
  const text = useSignal("");
  const at = useSignal(-1);
  const { value: wanted } = typed;
  useEffect(() => {
    const timer = setTimeout(() => text.value = wanted, PAUSE);
    return () => clearTimeout(timer);
  }, [wanted]);
  const found = useMemo(() => search(value, text.value), [value, text.value]);
  useEffect(() => {
    at.value = -1;
  }, [found]);
  const { paths, isCut } = found;
  const go = (step: number): void => {
    if (paths.length === 0) return;
    at.value = (Math.max(at.value, step > 0 ? -1 : 0) + step + paths.length) % paths.length;
    onShow(paths[at.value]!);
  };
  const { searchLabel, next, previous, hits, noHit } = english.results;
  return (
    <div class="tree-search">
      <input
        type="search"
        aria-label={searchLabel}
        placeholder={searchLabel}
        value={wanted}
        onInput={(event) => typed.value = event.currentTarget.value}
        onKeyDown={(event) => {
          if (event.key === "Enter") go(event.shiftKey ? -1 : 1);
        }}
      />
      {text.value !== "" && (
        <>
          <span class="muted small" role="status">
            {paths.length === 0
              ? noHit
              : hits(at.value + 1, countText(paths.length) + (isCut ? "+" : ""))}
          </span>
          <button type="button" class="small" aria-label={previous} onClick={() => go(-1)}>
            ↑
          </button>
          <button type="button" class="small" aria-label={next} onClick={() => go(1)}>↓</button>
        </>
      )}
    </div>
  );
}
