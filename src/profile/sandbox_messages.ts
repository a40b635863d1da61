/** What the two ends of the sandbox say to each other. */
import type { ProfileProblem } from "./problems.ts";
import type { Site } from "./profile.d.ts";

export type ToSandbox =
  /** The URL of `config.ts`. */
  | { readonly kind: "load"; readonly url: string }
  | { readonly kind: "call"; readonly site: Site };

/** `ready`, `loaded`, and one of the others, each once. */
export type FromSandbox =
  | { readonly kind: "ready" }
  /** The environment variables that the profile lists. */
  | { readonly kind: "loaded"; readonly env: readonly string[] }
  | {
    readonly kind: "value";
    readonly value: unknown;
    /** Variables that the profile asked for and does not list. */
    readonly unlisted: readonly string[];
  }
  /** It ran, but what it gave is not plain data. */
  | { readonly kind: "unfit"; readonly problems: readonly ProfileProblem[] }
  | { readonly kind: "thrown"; readonly error: ThrownError };

export interface ThrownError {
  /** Empty when it was not an `Error`. */
  readonly name: string;
  readonly message: string;
  readonly stack: string;
}
