/**
 * JSON that passes through with its numbers as they are written. Others may read from them what a
 * JavaScript number does not hold: Python's integers of any size, and 2.0 beside 2.
 */

/** A number that `JSON.stringify` writes as it was written. */
type RawNumber = Readonly<Record<"rawJSON", string>>;

/** Not yet in the types of the language. */
const exact = JSON as unknown as {
  readonly rawJSON: (text: string) => RawNumber;
  readonly isRawJSON: (value: unknown) => boolean;
  readonly parse: (
    text: string,
    reviver: (key: string, value: unknown, context: { readonly source?: string }) => unknown,
  ) => unknown;
};

/** Any number that might be written in another way is written like this; so may be other text. */
const PERHAPS_LOSSY = /\d{16}|\d[.eE]|-0/;

/**
 * The value of a JSON text, in which a number that `JSON.stringify` would write in another way is an
 * object that it writes as it was; {@link isRawNumber} knows those. Throws `SyntaxError`.
 */
export function parseKeepingNumbers(text: string): unknown {
  // To be asked for each value takes several times as long.
  return PERHAPS_LOSSY.test(text) ? exact.parse(text, keepNumber) : JSON.parse(text);
}

/** Whether it is a number that {@link parseKeepingNumbers} left as it was written. */
export function isRawNumber(value: unknown): boolean {
  return exact.isRawJSON(value);
}

function keepNumber(
  _key: string,
  value: unknown,
  { source }: { readonly source?: string },
): unknown {
  const isLossy = typeof value === "number" && source !== undefined &&
    JSON.stringify(value) !== source;
  return isLossy ? exact.rawJSON(source) : value;
}
