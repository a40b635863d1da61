/** Keyset cursors: the key of a page's last row, unreadable enough that nobody builds on it. */
import { FuncxError } from "../../contract/errors.ts";
import type { Page } from "./page.ts";

export type CursorKey = readonly (string | number)[];

export function encodeCursor(key: CursorKey): string {
  const bytes = new TextEncoder().encode(JSON.stringify(key));
  return btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_")
    .replace(/=+$/, "");
}

/** Throws `REQUEST_MALFORMED` unless the cursor holds values of the kinds of `example`. */
export function decodeCursor<const K extends CursorKey>(cursor: string, example: K): K {
  try {
    const text = atob(cursor.replaceAll("-", "+").replaceAll("_", "/"));
    const bytes = Uint8Array.from(text, (character) => character.charCodeAt(0));
    const key: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
    if (Array.isArray(key) && fits(key, example)) return key as unknown as K;
  } catch {
    // Not base64, not UTF-8 or not JSON: said below.
  }
  throw foreignCursor();
}

export function foreignCursor(): FuncxError {
  return new FuncxError({
    code: "REQUEST_MALFORMED",
    message: "the cursor is not one that a page of this list gave",
    hint: "Leave the cursor out to start at the first page.",
  });
}

function fits(key: readonly unknown[], example: CursorKey): boolean {
  return key.length === example.length &&
    key.every((value, index) => typeof value === typeof example[index]);
}

/** A page of rows of which one more than `limit` was asked for. */
export function pageOf<Row, Item>(
  rows: readonly Row[],
  limit: number,
  item: (row: Row) => Item,
  key: (row: Row) => CursorKey,
): Page<Item> {
  const more = rows.length > limit;
  const kept = more ? rows.slice(0, limit) : rows;
  const last = kept[kept.length - 1];
  return {
    items: kept.map(item),
    nextCursor: more && last !== undefined ? encodeCursor(key(last)) : null,
  };
}

/** A text for `LIKE … ESCAPE '\'` that finds `search` anywhere. */
export function likePattern(search: string): string {
  return `%${search.replace(/[\\%_]/g, "\\$&")}%`;
}
