/** What a command shows: its result in the form that the user asked for. */

/** ANSI colours on a terminal that takes them, nothing elsewhere. */
export interface Style {
  readonly bold: (text: string) => string;
  readonly underline: (text: string) => string;
  readonly dim: (text: string) => string;
  readonly red: (text: string) => string;
  readonly green: (text: string) => string;
  readonly yellow: (text: string) => string;
}

/**
 * The two forms are `text` for people and `json` for programs (`--json`). A command calls `show`
 * or `list` once for one result, or `item` for each of many; notes and progress are for people only.
 */
export interface Output {
  readonly json: boolean;
  /** For standard output. */
  readonly style: Style;
  /** The result: one JSON document, or what `text` gives, without a newline at its end. */
  show(document: unknown, text: (style: Style) => string | Promise<string>): Promise<void>;
  /**
   * The result when it is a list that may be long: one JSON array, each part of which is written as
   * it comes, so an error on the way leaves the array open; or what `text` gives of the whole.
   */
  list<T>(
    parts: AsyncIterable<readonly T[]>,
    text: (items: readonly T[]) => string | Promise<string>,
  ): Promise<void>;
  /** One of many results: one JSON document on a line of its own, or what `text` gives. */
  item(document: unknown, text: (style: Style) => string): void;
  /** A line for people that is not the result: standard output, nothing in the JSON form. */
  note(text: string): void;
  /** A line on standard error that the user should see in both forms. */
  warn(text: string): void;
  /** Says what is going on when it takes longer than a second; only on a terminal. */
  progress(text: string): Progress;
}

/** Dispose it before anything else is written; `using` does. */
export interface Progress extends Disposable {
  update(text: string): void;
}
