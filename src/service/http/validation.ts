/** Values from strangers against the schemas of the contract. */
import * as v from "valibot";
import { FuncxError } from "../../contract/errors.ts";

/** What did not fit, for people and, as `error_args`, for programs. */
export class ValidationError extends FuncxError {
  /** Dotted path of the key, or the name of the whole. */
  readonly key: string;
  readonly expected: string;
  readonly found: string;

  constructor(details: { key: string; expected: string; found: string }) {
    const { key, expected, found } = details;
    super({
      code: "SEMANTICALLY_INVALID",
      message: `Request payload failed validation: ${key}: expected ${expected}, found ${found}`,
      hint: `correct ${key}; /openapi.json describes every request`,
    });
    this.key = key;
    this.expected = expected;
    this.found = found;
  }
}

/** The value as the schema gives it; throws {@link ValidationError} naming the first misfit. */
export function validate<const S extends v.GenericSchema>(
  schema: S,
  value: unknown,
  whole: "body" | "query",
): v.InferOutput<S> {
  // An array passes for an object without keys in valibot.
  if (Array.isArray(value)) {
    throw new ValidationError({ key: whole, expected: "an object", found: "an array" });
  }
  const result = v.safeParse(schema, value, { abortEarly: true });
  if (result.success) return result.output;
  const issue = result.issues[0];
  throw new ValidationError({
    key: shorten(v.getDotPath(issue) ?? whole, 200),
    expected: expectation(issue),
    found: shorten(issue.received, 80),
  });
}

function expectation(issue: v.BaseIssue<unknown>): string {
  // In the issue of a missing key, valibot's `expected` is the key itself.
  if (issue.type === "object" && issue.received === "undefined") return "a value";
  switch (issue.type) {
    case "uuid":
      return "a UUID";
    case "regex":
    case "excludes":
      return issue.message.replace(/^expected /, "");
    case "min_length":
    case "max_length":
    case "max_bytes":
      return `a length ${issue.expected}`;
    default:
      return shorten(issue.expected ?? issue.message, 200);
  }
}

function shorten(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length)}…`;
}
