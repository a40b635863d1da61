/** What the schemas of a profile are made of. */
import * as v from "valibot";

/**
 * An object with these keys and no others. `strictObject` would stop at the first unknown key, and
 * the type of `objectWithRest` gives every key the type of the rest, hence the assertion.
 */
export function section<const T extends v.ObjectEntries>(
  entries: T,
): v.GenericSchema<unknown, v.InferOutput<v.ObjectSchema<T, undefined>>> {
  const schema = v.pipe(v.custom(isObject), v.objectWithRest(entries, v.never()));
  return schema as v.GenericSchema<unknown, v.InferOutput<v.ObjectSchema<T, undefined>>>;
}

export function isObject(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** `false` turns it off; anything else has to be the object. */
export function switchable<T>(
  schema: v.GenericSchema<unknown, T>,
): v.GenericSchema<unknown, T | false> {
  return v.lazy((input): v.GenericSchema<unknown, T | false> =>
    input === false ? v.literal(false) : schema
  );
}

export const integer = (minimum: number, maximum: number) =>
  v.pipe(v.number(), v.integer(), v.minValue(minimum), v.maxValue(maximum));
/** A zero byte would end it early in a system call. */
export const text = v.pipe(v.string(), v.check((value) => !value.includes("\0")));
export const filled = v.pipe(text, v.minLength(1));
/** Not a name that would have to be looked up. */
export const path = v.pipe(text, v.includes("/"));

/** `"4G"`, or gibibytes. */
export const memory = v.union([
  v.pipe(v.string(), v.regex(/^[1-9]\d{0,8}[MGT]$/)),
  v.pipe(v.number(), v.finite(), v.minValue(1 / 1024), v.maxValue(1_000_000)),
]);

const MEBIBYTES = { M: 1, G: 1024, T: 1024 ** 2 };

/** Of `"4G"`, or of gibibytes. */
export function mebibytesOf(memory: string | number): number {
  if (typeof memory === "number") return Math.ceil(memory * MEBIBYTES.G);
  return Number(memory.slice(0, -1)) * MEBIBYTES[memory.slice(-1) as keyof typeof MEBIBYTES];
}

const WALLTIME = /^\d{1,5}:[0-5]\d:[0-5]\d$/;

/** More than nothing. */
export const duration = v.union([
  v.pipe(v.string(), v.regex(WALLTIME), v.check((value) => walltimeSeconds(value) > 0)),
  v.pipe(v.number(), v.finite(), v.gtValue(0)),
]);

/** Seconds of a walltime, which is either that or `HH:MM:SS`. */
export function walltimeSeconds(walltime: string | number): number {
  if (typeof walltime === "number") return walltime;
  const [hours, minutes, seconds] = walltime.split(":").map(Number);
  return hours * 3_600 + minutes * 60 + seconds;
}
