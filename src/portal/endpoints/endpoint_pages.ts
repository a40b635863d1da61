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

/** Before the first version. */
const UNREAD = -1;

interface Answer {
  readonly items: readonly EndpointRecord[];
  readonly next_cursor: string | null;
}

/**
 * The list with a part more, or with a part read again. One that is read again asks for more rows than
 * it had, so that it reaches into the one behind it though new rows have come; where it does not,
 * what lies between them is read next.
 */
export function withAnswer(
  { parts, next }: EndpointPages,
  index: number,
  { items, next_cursor }: Answer,
  part: Omit<EndpointPart, "items">,
): EndpointPages {
  const before = parts.slice(0, index);
  const behind = parts.slice(index + 1);
  if (behind.length === 0 || next_cursor === null) {
    return { parts: [...before, { ...part, items }], next: next_cursor };
  }
  const own = items.slice(0, overlapOf(items, behind));
  const gap = own.length < items.length ? [] : [{ from: next_cursor, items: [], version: UNREAD }];
  return { parts: [...before, { ...part, items: own }, ...gap, ...behind], next };
}

/**
 * Where the rows begin that are those of the parts behind. Only the last ones count: one in between
 * has moved up.
 */
function overlapOf(items: readonly EndpointRecord[], behind: readonly EndpointPart[]): number {
  const known = new Set(behind.flatMap((part) => part.items.map(({ uuid }) => uuid)));
  return items.findLastIndex(({ uuid }) => !known.has(uuid)) + 1;
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

/** The first part from before `version` that has one of the ids, or nothing so far; else -1. */
export function staleIn(
  { parts }: EndpointPages,
  ids: ReadonlySet<string>,
  version: number,
): number {
  return parts.findIndex((part) =>
    part.version < version &&
    (part.items.length === 0 || part.items.some(({ uuid }) => ids.has(uuid)))
  );
}

/** The one in which the endpoint was heard later; of two from the same time, what was told live. */
export function newerOf(
  record: EndpointRecord,
  change: EndpointRecord | undefined,
): EndpointRecord {
  if (change === undefined) return record;
  return (change.last_seen ?? 0) < (record.last_seen ?? 0) ? record : change;
}
