/** The words after `deno task bench`. Pure. */
import { ROWS } from "./figures.ts";

export interface Options {
  readonly rows: ReadonlySet<number>;
  readonly repeats: number;
  /** Also those that have to be installed. */
  readonly peers: boolean;
  /** Once and small, to find a crash. */
  readonly smoke: boolean;
  /** The results as JSON on standard output. */
  readonly json: boolean;
  /** Whether `results.json` and the table are written. */
  readonly write: boolean;
}

export const USAGE = `deno task bench [OPTIONS]

  --rows 1,2,3   only these rows of the table
  --repeats N    how often everything is measured, one after the other; 5 by default
  --peers        also installs and measures the peers
  --smoke        everything once and small, in about a minute; fails on a crash, never on a time
  --json         prints the results as JSON
  --no-write     leaves bench/results.json and bench/README.md as they are
`;

export const DEFAULT_REPEATS = 5;

/** The options, or what is wrong with them. */
export function parseOptions(words: readonly string[]): Options | string {
  let rows: readonly number[] = ROWS;
  let repeats: number | undefined;
  const switches = new Set<string>();
  for (let index = 0; index < words.length; index++) {
    const word = words[index]!;
    if (["--peers", "--smoke", "--json", "--no-write"].includes(word)) {
      switches.add(word);
    } else if (word === "--rows") {
      rows = (words[++index] ?? "").split(",").map(Number);
    } else if (word === "--repeats") {
      repeats = Number(words[++index]);
    } else return `there is no option ${word}`;
  }
  const unknown = rows.find((row) => !ROWS.includes(row));
  if (unknown !== undefined) return `--rows takes numbers from 1 to ${ROWS.length}, as in 1,2,3`;
  if (repeats !== undefined && !(Number.isInteger(repeats) && repeats > 0)) {
    return "--repeats takes a number above 0";
  }
  const smoke = switches.has("--smoke");
  return {
    rows: new Set(rows),
    repeats: repeats ?? (smoke ? 1 : DEFAULT_REPEATS),
    peers: switches.has("--peers"),
    smoke,
    json: switches.has("--json"),
    write: !smoke && !switches.has("--no-write"),
  };
}
