/** Where a manager keeps what belongs to its containers: a folder for each, with a socket in it. */
import { MAX_SOCKET_PATH_BYTES } from "../../../contract/limits.ts";
import { join } from "../../../lib/path.ts";

/** In a container's folder, whose name is a number. */
export const SOCKET = "socket";

/**
 * Not in a state folder, whose path may be too long for a socket, or on a disk that has none; so a
 * temporary folder with a long path is passed over too.
 */
export function containerFolder(
  managerId: string,
  env: (name: string) => string | undefined = Deno.env.get,
): string {
  const name = `funcx-containers-${Deno.uid() ?? "user"}-${managerId.slice(0, 16)}`;
  const folder = join(env("TMPDIR") || "/tmp", name);
  const longest = join(folder, String(Number.MAX_SAFE_INTEGER), SOCKET);
  const isShort = new TextEncoder().encode(longest).length < MAX_SOCKET_PATH_BYTES;
  return isShort ? folder : join("/tmp", name);
}

/** It may not be there. */
export function removeContainerFolder(folder: string): void {
  try {
    Deno.removeSync(folder, { recursive: true });
  } catch (thrown) {
    if (!(thrown instanceof Deno.errors.NotFound)) throw thrown;
  }
}
