/** A long list that is read in parts, as a table shows it. */
import type { Signal } from "@preact/signals";
import type { Failure } from "./failure.ts";

export interface ShownRows<T> {
  /** Undefined until the first ones have come. */
  readonly rows: Signal<readonly T[] | undefined>;
  /** There are no further ones behind `rows`. */
  readonly isWhole: boolean;
  /** Why the last part did not come. */
  readonly failure: Failure | undefined;
  /** Reads on. */
  readonly more: () => void;
  /** Reads again what did not come, which may be a part from before the last one. */
  readonly retry: () => void;
  /** Rows that are on the screen are kept up to date. */
  readonly see: (rows: readonly T[]) => void;
}
