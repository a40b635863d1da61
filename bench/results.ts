/** `results.json`: every sample of every subject, kept over partial runs. */
import type { Machine } from "./machine_text.ts";
import { rowOf } from "./figures.ts";
import { summarize, type Summary } from "./statistics.ts";

export interface Measured extends Summary {
  readonly samples: readonly number[];
  /** ISO 8601, of the run that it comes from. */
  readonly at: string;
  /** Of the source, with `+` when it was changed since. */
  readonly commit: string;
}

/** Figure id → subject → what was measured. */
export type Figures = Readonly<Record<string, Readonly<Record<string, Measured>>>>;

export interface Results {
  /** Of the last run. */
  readonly machine: Machine | null;
  readonly figures: Figures;
  /** Peer or scenario → why it is not there, or what has to be known of its measurement. */
  readonly notes: Readonly<Record<string, string>>;
}

/** One value that a scenario has measured. */
export interface Sample {
  readonly figure: string;
  readonly subject: string;
  readonly value: number;
}

export const NO_RESULTS: Results = { machine: null, figures: {}, notes: {} };

/** The samples of one run, by figure and subject. */
export function figuresOf(
  samples: readonly Sample[],
  run: { readonly at: string; readonly commit: string },
): Figures {
  const values: Record<string, Record<string, number[]>> = {};
  for (const { figure, subject, value } of samples) {
    ((values[figure] ??= {})[subject] ??= []).push(value);
  }
  return mapValues(
    values,
    (subjects) => mapValues(subjects, (list) => ({ ...summarize(list), samples: list, ...run })),
  );
}

/** The results of an earlier run with those of a new one, which replace what they measure again. */
export function merge(earlier: Results, later: Results): Results {
  const figures: Record<string, Readonly<Record<string, Measured>>> = { ...earlier.figures };
  for (const [id, subjects] of Object.entries(later.figures)) {
    figures[id] = { ...figures[id], ...subjects };
  }
  const ordered = Object.entries(figures).sort(([one], [other]) =>
    rowOf(one) - rowOf(other) || one.localeCompare(other)
  );
  return {
    machine: later.machine ?? earlier.machine,
    figures: Object.fromEntries(ordered),
    // A scenario that was run again and has nothing to say any more takes its note away.
    notes: Object.fromEntries(
      Object.entries({ ...earlier.notes, ...later.notes }).filter(([, text]) => text !== ""),
    ),
  };
}

export function readResults(path: string): Results {
  try {
    return JSON.parse(Deno.readTextFileSync(path));
  } catch (thrown) {
    if (thrown instanceof Deno.errors.NotFound) return NO_RESULTS;
    throw thrown;
  }
}

export function writeResults(path: string, results: Results): void {
  Deno.writeTextFileSync(path, `${JSON.stringify(results, rounded, 2)}\n`);
}

/** Six significant digits are more than any clock here is good for. */
function rounded(_key: string, value: unknown): unknown {
  return typeof value === "number" ? Number(value.toPrecision(6)) : value;
}

function mapValues<T, U>(
  record: Readonly<Record<string, T>>,
  change: (value: T) => U,
): Record<string, U> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value)]));
}
