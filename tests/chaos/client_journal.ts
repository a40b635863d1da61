/** What a client of the harness has been told, as lines of JSON, kept through its own kill -9. */

import type { SeenValue } from "./workload.ts";

export type JournalEntry =
  /** A 2xx to a submit. */
  | { readonly kind: "accepted"; readonly batch: string; readonly taskIds: readonly string[] }
  /** Came together over the stream of a group; `position` is where it goes on. */
  | {
    readonly kind: "results";
    readonly group: number;
    readonly position: string;
    readonly results: readonly SeenResult[];
  }
  | { readonly kind: "cancelled"; readonly batch: string }
  /** What no client should be told. */
  | { readonly kind: "refused"; readonly what: string };

/** A result as a client sees it. */
export interface SeenResult {
  readonly taskId: string;
  readonly status: string;
  /** Of its error, if any. */
  readonly code?: string;
  /** Of a shell task, when it is not 0: its command was killed, as a worker may be. */
  readonly returnCode?: number;
  /** What the task gave back, if it did. */
  readonly value?: SeenValue;
}

export function appendEntry(path: string, entry: JournalEntry): void {
  Deno.writeTextFileSync(path, `${JSON.stringify(entry)}\n`, { append: true });
}

/** The entries so far; none when the client has not begun. */
export function readJournal(path: string): JournalEntry[] {
  let text: string;
  try {
    text = Deno.readTextFileSync(path);
  } catch (thrown) {
    if (thrown instanceof Deno.errors.NotFound) return [];
    throw thrown;
  }
  // A kill between two writes of one line does not happen: a line is one write.
  return text.split("\n").filter((line) => line !== "").map((line) => JSON.parse(line));
}
