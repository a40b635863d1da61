/** Runs scenarios: all of them once, then all of them again, so that no subject has the better hour. */
import { withTimeout } from "../src/lib/async.ts";
import { endEverything } from "./deployment.ts";
import { FLOOR, OURS, rowOf } from "./figures.ts";
import type { Options } from "./options.ts";
import type { Sample } from "./results.ts";
import type { Scenario, ScenarioContext } from "./scenario.ts";

const DEFAULT_MINUTES = 3;
/** Milliseconds that a scenario gets to end when its processes are dead. */
const DYING = 90_000;

export interface RunOptions extends Options {
  readonly folder: string;
  say(text: string): void;
}

export interface RunOutcome {
  readonly samples: readonly Sample[];
  /** Of each scenario that was run; empty when there is nothing to say. */
  readonly notes: Readonly<Record<string, string>>;
  /** Scenarios that threw; what they had recorded before is kept. */
  readonly crashes: number;
}

/** A scenario that has crashed is not tried again. */
export async function runScenarios(
  all: readonly Scenario[],
  options: RunOptions,
): Promise<RunOutcome> {
  const samples: Sample[] = [];
  const notes: Record<string, string> = {};
  const crashed = new Set<Scenario>();
  const scenarios = all.filter(({ rows }) => rows.some((row) => options.rows.has(row)));
  for (let repeat = 1; repeat <= options.repeats; repeat++) {
    for (const scenario of scenarios) {
      if (crashed.has(scenario) || repeat > (scenario.repeats ?? Infinity)) continue;
      const begun = performance.now();
      const first = samples.length;
      notes[noteKey(scenario)] ??= "";
      try {
        const run = scenario.run(contextOf(scenario, options, samples, notes));
        await inTime(run, scenario.minutes ?? DEFAULT_MINUTES);
      } catch (thrown) {
        crashed.add(scenario);
        options.say(
          `CRASHED: ${scenario.subject}: ${scenario.name}\n${
            thrown instanceof Error ? thrown.stack : thrown
          }`,
        );
      }
      const seconds = ((performance.now() - begun) / 1_000).toFixed(1);
      const progress = `[${repeat}/${options.repeats}] ${scenario.subject}: ${scenario.name}`;
      options.say(
        `${progress.padEnd(64)} ${seconds.padStart(6)} s  ${shown(samples.slice(first))}`,
      );
    }
  }
  return { samples, notes, crashes: crashed.size };
}

/** Rejects with what the scenario says of its end when its processes are killed. */
async function inTime(run: Promise<void>, minutes: number): Promise<void> {
  if (await withTimeout(run, minutes * 60_000) !== "timeout") return;
  await endEverything();
  const ending = await withTimeout(run.catch((thrown) => String(thrown)), DYING);
  throw new Error(`it took longer than ${minutes} minutes, and was killed: ${ending}`);
}

function contextOf(
  scenario: Scenario,
  options: RunOptions,
  samples: Sample[],
  notes: Record<string, string>,
): ScenarioContext {
  return {
    isSmoke: options.smoke,
    repeats: options.repeats,
    folder: options.folder,
    wants: (row) => options.rows.has(row),
    record: (figure, value, subject = scenario.subject) => {
      if (!Number.isFinite(value)) throw new Error(`${figure} came to ${value}`);
      const row = rowOf(figure);
      if (row > 0 && !options.rows.has(row)) return;
      samples.push({ figure, subject, value });
    },
    note: (text) => {
      notes[noteKey(scenario)] = text;
    },
  };
}

/** A peer is known by its name; of the program and the machine there are many scenarios. */
function noteKey({ subject, name }: Scenario): string {
  return subject === OURS || subject === FLOOR ? `${subject}, ${name}` : subject;
}

function shown(samples: readonly Sample[]): string {
  return samples.map(({ figure, value }) =>
    `${figure} ${value >= 100 ? Math.round(value) : value.toPrecision(3)}`
  ).join(", ");
}
