/** What the documents and queries of the REST API are made of. */
import * as v from "valibot";
import {
  MAX_DESCRIPTION_LENGTH,
  MAX_IDS_PER_REQUEST,
  MAX_NAME_LENGTH,
  MAX_PAGE_SIZE,
} from "./limits.ts";

export const uuid = v.pipe(v.string(), v.uuid());
/** One line of text: names are shown in tables and in logs. */
export const name = v.pipe(
  v.string(),
  v.minLength(1),
  v.maxLength(MAX_NAME_LENGTH),
  v.regex(/^\P{Cc}*$/u, "expected text without control characters"),
);
/** SQLite ends text at a NUL. */
export const description = v.pipe(
  v.string(),
  v.maxLength(MAX_DESCRIPTION_LENGTH),
  v.excludes("\0", "expected text without NUL"),
);
/** Seconds since 1970, UTC, with fractions. */
export const instant = v.number();
export const ids = v.pipe(v.array(uuid), v.maxLength(MAX_IDS_PER_REQUEST));
export const anyObject = v.record(v.string(), v.unknown());
export const nothing = v.object({});

/** Query strings are text; these give numbers and booleans from it. */
export const queryNumber = v.pipe(
  v.string(),
  v.regex(/^\d{1,15}$/, "expected a whole number"),
  v.transform(Number),
);
export const pageQuery = {
  limit: v.optional(v.pipe(queryNumber, v.minValue(1), v.maxValue(MAX_PAGE_SIZE))),
  /** `next_cursor` of the page before. */
  cursor: v.optional(v.pipe(v.string(), v.maxLength(500))),
};
export const page = <const T extends v.GenericSchema>(item: T) =>
  v.object({ items: v.array(item), next_cursor: v.nullable(v.string()) });
