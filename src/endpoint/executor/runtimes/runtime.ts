/** What a manager has to know of a runtime; everything else about it is in its worker. */

export const RUNTIMES = ["typescript", "python", "shell"] as const;
export type RuntimeName = typeof RUNTIMES[number];

/** A runtime whose functions run in warm worker processes. */
export interface WorkerRuntime {
  readonly name: "typescript" | "python";
  /** Command line of a worker process. */
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** Sent before the first record. */
  readonly preamble: Uint8Array;
  /** Sent in the first record. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** Its descriptors 1 and 2 carry markers, so that output of any origin goes to the right task. */
  readonly marksOutput: boolean;
  /** Where recalls are written; 4 is that of all other records to the worker. */
  readonly recallDescriptor: 4 | 5;
  /**
   * It says of each task that it begins before it does. Otherwise it says of several, and when it
   * dies some of these may not have begun.
   */
  readonly reportsEachBegin: boolean;
}

/** A runtime that works here, or why it does not and how to mend it. */
export type Detected<T> =
  | { readonly kind: "available"; readonly runtime: T }
  | { readonly kind: "missing"; readonly reason: string; readonly hint: string };
