/** `state.json`: tells the user's other programs where the service listens while it runs. */
import { type ServiceState, ServiceStateSchema } from "../contract/home.ts";
import { removeIfPresent } from "../lib/files.ts";
import { ownIdentity } from "../lib/process_identity.ts";
import { VERSION } from "../lib/version.ts";
import { readJsonFile, writeJsonFile } from "./private_json.ts";

export function writeState(
  path: string,
  state: Omit<ServiceState, "software_version" | keyof ReturnType<typeof ownIdentity>>,
): void {
  writeJsonFile(path, { ...state, ...ownIdentity(), software_version: VERSION });
}

/** Removes it, unless another process has written its own meanwhile. */
export function removeState(path: string): void {
  if (readState(path)?.pid === Deno.pid) removeIfPresent(path);
}

/** One that cannot be read counts as none: it is written anew at each start. */
export function readState(path: string): ServiceState | undefined {
  try {
    return readJsonFile(path, ServiceStateSchema);
  } catch {
    return undefined;
  }
}
