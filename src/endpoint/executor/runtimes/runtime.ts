/** What a manager has to know of a runtime; everything else about it is in its worker. */

import type { Contained } from "../containers/containers.ts";

export const RUNTIMES = ["typescript", "python", "shell"] as const;
export type RuntimeName = typeof RUNTIMES[number];

/**
 * What a warm worker is warm for: a runtime, or one in a container with an image. Commands have no
 * workers, so those in containers are `"shell"` too.
 */
export type EnvironmentId = RuntimeName | `python@${string}`;

/** A runtime whose functions run in warm worker processes. */
export interface WorkerRuntime {
  readonly name: "typescript" | "python";
  readonly id: Exclude<EnvironmentId, "shell">;
  /** Of its interpreter, where it was asked for that before any worker started. */
  readonly version?: string;
  /** Of the container that its workers run in. */
  readonly image?: string;
  /** A container for one worker, instead of `command`. @param variables all of its environment */
  readonly contain?: (variables: Readonly<Record<string, string>>) => Contained;
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
