/** Changes to `login.json`. */
import type { FuncxHome, Login } from "../contract/home.ts";
import { ensurePrivateFolder, writePrivateFile } from "../lib/files.ts";
import { readLogin } from "./connection.ts";

/** Keeps what is known of a service and makes it the one that commands use. */
export function storeLogin(home: FuncxHome, url: string, service: Login["services"][string]): void {
  const { services } = readLogin(home);
  write(home, { current: url, services: { ...services, [url]: service } });
}

/**
 * Chooses no service any more, and forgets the token of the one that was chosen. The private service's
 * token stays: it belongs to this folder, and an endpoint that starts needs it. Returns its address,
 * or null when none was chosen.
 */
export function forgetLogin(home: FuncxHome): string | null {
  const { current, services } = readLogin(home);
  if (current === null) return null;
  const isPrivate = services[current]?.proof_key !== undefined;
  const others = Object.fromEntries(
    Object.entries(services).filter(([url]) => url !== current || isPrivate),
  );
  write(home, { current: null, services: others });
  return current;
}

function write(home: FuncxHome, login: Login): void {
  ensurePrivateFolder(home.root);
  writePrivateFile(home.loginFile, `${JSON.stringify(login, null, 2)}\n`);
}
