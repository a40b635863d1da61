/**
 * A long list of endpoints that came by pages. When the list has changed, only those pages are read
 * again whose rows somebody looks at, and the others when they come into sight.
 */
import type { EndpointRecord } from "../../contract/api.ts";

export interface EndpointPart {
  /** The cursor with which it was read; null for the first one. */
  readonly from: string | null;
  readonly items: readonly EndpointRecord[];
  /** Which state of the list it shows. */
  readonly version: number;
}

export interface EndpointPages {
  readonly parts: readonly EndpointPart[];
  /** Of the next part: null after the last one. */
  readonly next: string | null;
}

interface Answer {
  readonly items: readonly EndpointRecord[];
  readonly next_cursor: string | null;
}

/** The list with a part more, or with a part read again. */
export function withAnswer(
  { parts, next }: EndpointPages,
  index: number,
  answer: Answer,
  part: Omit<EndpointPart, "items">,
): EndpointPages {
  const behind = parts.slice(index + 1);
  const following = new Set(behind.flatMap(({ items }) => items.map(({ uuid }) => uuid)));
  const meets = answer.items.findIndex(({ uuid }) => following.has(uuid));
  const before = parts.slice(0, index);
  // New rows have pushed others out of the part: those behind it are read anew from there on.
  if (meets === -1) {
    return { parts: [...before, { ...part, items: answer.items }], next: answer.next_cursor };
  }
  return { parts: [...before, { ...part, items: answer.items.slice(0, meets) }, ...behind], next };
}

/** All rows in order, each once; in an order that changes, one may have moved to a later part. */
export function rowsOf({ parts }: EndpointPages): readonly EndpointRecord[] {
  const seen = new Set<string>();
  return parts.flatMap(({ items }) => items).filter(({ uuid }) => {
    const isNew = !seen.has(uuid);
    seen.add(uuid);
    return isNew;
  });
}

/** The first part that shows one of the ids and is from before `version`; -1 where there is none. */
export function staleIn(
  { parts }: EndpointPages,
  ids: ReadonlySet<string>,
  version: number,
): number {
  return parts.findIndex((part, index) =>
    part.version < version &&
    // What comes new may come before everything, or behind the last row.
    (index === 0 || part.items.length === 0 || part.items.some(({ uuid }) => ids.has(uuid)))
  );
}

/** The one that was told last. An endpoint that is online was seen when its record was made. */
export function newerOf(
  record: EndpointRecord,
  change: EndpointRecord | undefined,
): EndpointRecord {
  if (change === undefined) return record;
  return (change.last_seen ?? 0) < (record.last_seen ?? 0) ? record : change;
}
