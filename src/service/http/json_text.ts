/** JSON from strangers: bounded nesting, and an error that says where the text went wrong. */
import { messageOf } from "../../lib/outcome.ts";

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/**
 * Parses `text`, which may not nest deeper than `maximumDepth`. The depth is counted before anything
 * is built, so that a body of brackets costs no memory. Throws `Error` with a message fit for a user.
 */
export function parseJsonText(text: string, maximumDepth: number): unknown {
  if (nestsDeeperThan(text, maximumDepth)) {
    throw new Error(`JSON nests deeper than ${maximumDepth} levels`);
  }
  try {
    return JSON.parse(text);
  } catch (thrown) {
    throw new Error(`not JSON: ${messageOf(thrown).slice(0, 200)}`);
  }
}

/**
 * Whether JSON nests too deep, told without parsing it. Strings are skipped by search, which
 * makes long ones nearly free.
 */
export function nestsDeeperThan(text: string, maximum: number): boolean {
  let depth = 0;
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    if (unit === QUOTE) {
      index = endOfString(text, index);
      if (index < 0) return false;
    } else if (unit === OPEN_ARRAY || unit === OPEN_OBJECT) {
      if (++depth > maximum) return true;
    } else if (unit === CLOSE_ARRAY || unit === CLOSE_OBJECT) depth--;
  }
  return false;
}

/** Index of the quote that closes the string opened at `start`; -1 when nothing closes it. */
function endOfString(text: string, start: number): number {
  let quote = text.indexOf('"', start + 1);
  while (quote >= 0) {
    let before = quote - 1;
    while (text.charCodeAt(before) === BACKSLASH) before--;
    if ((quote - before) % 2 === 1) return quote;
    quote = text.indexOf('"', quote + 1);
  }
  return -1;
}
