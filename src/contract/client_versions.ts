/**
 * Versions that clients say of themselves: what they pickle is read by a Python that may be another
 * one, and bytecode by none of another minor version. Pure.
 */
import * as v from "valibot";
import { versionIn } from "./python_version.ts";

const version = v.pipe(v.string(), v.minLength(1), v.maxLength(200));

/** What is known of a task's client. */
export const ClientVersionsSchema = v.object({
  /** The Python that serialized its arguments. */
  python: v.optional(version),
  /** The official SDK that submitted it. */
  sdk: v.optional(version),
  /** The Python in which the official SDK registered its function. */
  function_python: v.optional(version),
});
export type ClientVersions = v.InferOutput<typeof ClientVersionsSchema>;

type Documents = Readonly<Record<string, unknown>> | null | undefined;

/** Of the SDK's `UserRuntime`, what a worker compares with itself; undefined when that is nothing. */
export function clientVersions(runtime: Documents): ClientVersions | undefined {
  // `sys.version` goes on after the version.
  const python = versionIn(runtime?.python_version);
  const sdk = versionIn(runtime?.globus_compute_sdk_version);
  if (python === undefined && sdk === undefined) return undefined;
  return { ...(python === undefined ? {} : { python }), ...(sdk === undefined ? {} : { sdk }) };
}

/**
 * The Python of a function that the official SDK registered, by the function's metadata. Other
 * clients send source, which is of no version.
 */
export function functionPython(metadata: Documents): string | undefined {
  if (versionIn(metadata?.sdk_version) === undefined) return undefined;
  return versionIn(metadata?.python_version);
}

/** What a task's client is known to be, with the Python of its function. */
export function withFunctionPython(
  client: ClientVersions | undefined,
  metadata: Documents,
): ClientVersions | undefined {
  const python = functionPython(metadata);
  return python === undefined ? client : { ...client, function_python: python };
}
