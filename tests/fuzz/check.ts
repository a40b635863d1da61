/** Runs a property so that a failure can be repeated. */
import fc from "fast-check";
import type { Stage } from "./stage.ts";

export interface FuzzOptions {
  readonly seed: number;
  /** Inputs that each target is given, at most. */
  readonly runs: number;
  /** Where fast-check has arrived when it shrank a failure; straight to it. */
  readonly path?: string;
  /** Of the names that the path belongs to, where a target has several properties. */
  readonly only?: string;
}

/** One link, route or file of running processes, and what may be thrown at it. */
export interface Target {
  readonly name: string;
  /** Says of what it feeds; a line for the reader. */
  readonly what: string;
  /** Throws when something does not hold. */
  run(stage: Stage, options: FuzzOptions): Promise<void>;
}

/** How long shrinking may take; what it has found by then is shown. */
const SHRINK_TIME = 60_000;

/** A failure names the least input that still fails, and the command that gives it again. */
export async function check<T>(
  target: string,
  { seed, runs, path }: FuzzOptions,
  property: fc.IAsyncPropertyWithHooks<T>,
): Promise<void> {
  const result = await fc.check(property, {
    seed,
    numRuns: path === undefined ? runs : 1,
    endOnFailure: path !== undefined,
    ...(path === undefined ? {} : { path }),
    interruptAfterTimeLimit: SHRINK_TIME * 5,
  });
  if (!result.failed || result.counterexample === null) return;
  const repeat =
    `deno task fuzz --seed ${seed} --target ${target} --path ${result.counterexamplePath}`;
  throw new Error(
    `${target} fails after ${result.numRuns} inputs and ${result.numShrinks} steps of shrinking\n` +
      `repeat: ${repeat}\n` +
      `input: ${fc.stringify(result.counterexample).slice(0, 4_000)}`,
    { cause: result.errorInstance },
  );
}
