/** What is run in one go, and what it is given. */
/** Something that is measured in one go; it may give figures of several rows, and several of each. */
export interface Scenario {
  /** For the line that tells of its progress. */
  readonly name: string;
  /** `OURS`, `FLOOR`, or a peer's name. */
  readonly subject: string;
  /** It is run when one of these is asked for. */
  readonly rows: readonly number[];
  /** How often at most, however many repeats are asked for: those that repeat within. */
  readonly repeats?: number;
  /** What one run may take; 3 by default. Longer is a hang, and ends it. */
  readonly minutes?: number;
  run(context: ScenarioContext): Promise<void>;
}

export interface ScenarioContext {
  /** A crash is looked for, no figure: everything small. */
  readonly isSmoke: boolean;
  /** The repeats of the run, for a scenario that repeats within. */
  readonly repeats: number;
  /** A folder that is removed after the run. */
  readonly folder: string;
  wants(row: number): boolean;
  /** A value of a figure, of the scenario's subject unless another one is named. */
  record(figure: string, value: number, subject?: string): void;
  /** Something about the subject that the page has to say. */
  note(text: string): void;
}

/** `full`, or `small` in a smoke run. */
export function sized(context: ScenarioContext, full: number, small: number): number {
  return context.isSmoke ? small : full;
}
