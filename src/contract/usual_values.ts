/** What the checks of usual values share: those that spare most of what is received the schema. */

/** An object as JSON and msgpack make it. */
export type Fields = Readonly<Record<string, unknown>>;

export function isPlain(value: unknown): value is Fields {
  return typeof value === "object" && value !== null &&
    Object.getPrototypeOf(value) === Object.prototype;
}

/** Whether it has no keys but these, so that a schema would leave out nothing. */
export function hasOnly(value: Fields, keys: readonly string[]): boolean {
  for (const key in value) if (!keys.includes(key)) return false;
  return true;
}
