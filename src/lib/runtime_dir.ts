/**
 * Where unix sockets live. Home folders are often on NFS, which cannot hold them, and a socket's
 * path is limited to 104 bytes or so; hence a short name in a private folder of this machine.
 */
import { sha256 } from "@noble/hashes/sha2.js";
import { ensurePrivateFolder } from "./files.ts";
import { isAbsolute, join, resolve } from "./path.ts";

/** The private folder, made when it is missing. `$XDG_RUNTIME_DIR` is used when it is ours. */
export function runtimeFolder(env: (name: string) => string | undefined): string {
  const runtime = env("XDG_RUNTIME_DIR");
  if (runtime !== undefined && isAbsolute(runtime) && isOurs(runtime)) {
    const folder = join(runtime, "funcx");
    ensurePrivateFolder(folder);
    return folder;
  }
  const folder = join("/tmp", `funcx-${Deno.uid() ?? "user"}`);
  ensurePrivateFolder(folder);
  return folder;
}

function isOurs(folder: string): boolean {
  try {
    const info = Deno.statSync(folder);
    return info.isDirectory && info.uid === Deno.uid();
  } catch {
    return false;
  }
}

/** The socket of the daemon whose state is in `folder`; the same on every call. */
export function socketPath(folder: string, env: (name: string) => string | undefined): string {
  // Of `node:crypto` it would be the same, 30 ms later.
  const digest = sha256(new TextEncoder().encode(resolve(folder))).toHex();
  return join(runtimeFolder(env), `${digest.slice(0, 24)}.sock`);
}
