/** Versions of Python, as clients and endpoints say them. Pure. */

/** What an SDK writes may go on; more of it would go to each endpoint with each task. */
const VERSION = /^[\w.+-]{1,40}/;

/** The version that a text begins with. */
export function versionIn(value: unknown): string | undefined {
  return typeof value === "string" ? VERSION.exec(value)?.[0] : undefined;
}

type Document = Readonly<Record<string, unknown>> | null;

/**
 * The Python of an endpoint's workers: as it says while it is connected, else as it registered. One
 * that waits for its first node knows of none yet.
 */
export function endpointPython(
  { details, metadata }: { readonly details: Document; readonly metadata: Document },
): string | undefined {
  return versionIn(details?.python_version) ?? versionIn(metadata?.python_version);
}

/** An endpoint's runtimes as they are shown, such as `typescript, python 3.11.2, shell`. */
export function shownRuntimes(runtimes: readonly string[], python: string | undefined): string {
  const withVersion = (name: string): string =>
    name === "python" && python !== undefined ? `python ${python}` : name;
  return runtimes.map(withVersion).join(", ");
}

/** What decides whether bytecode can be run, such as `3.11`; undefined for what is no version. */
export function minorVersion(python: string): string | undefined {
  return /^\d+\.\d+/.exec(python)?.[0];
}

/** Whether both are known and one's bytecode is not the other's. */
export function bytecodeDiffers(one: string | undefined, other: string | undefined): boolean {
  if (one === undefined || other === undefined) return false;
  const [first, second] = [minorVersion(one), minorVersion(other)];
  return first !== undefined && second !== undefined && first !== second;
}
