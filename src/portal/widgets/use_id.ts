/** Ids that join labels and notes to their controls. */
import { useState } from "preact/hooks";

let last = 0;

/**
 * An id that no other element of the page has. Preact's own counts within a part of the tree that it
 * finds by parents, and a part that is drawn again by itself may count from the beginning.
 */
export function useId(): string {
  return useState(() => `id-${++last}`)[0];
}
