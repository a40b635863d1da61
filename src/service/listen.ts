/** Opening the service's port. */
import { ERROR_KINDS, FuncxError } from "../contract/errors.ts";
import { logger } from "../lib/log.ts";
import { messageOf } from "../lib/outcome.ts";
import type { App } from "./app.ts";
import { isLoopback, type TlsFiles } from "./options.ts";

const log = logger("service", "listen");

/** Preferred because the official SDK knows no other port of a local service. */
export const PREFERRED_PORT = 5_000;

export interface ListenOptions {
  readonly hostname: string;
  /** Tried in this order; 0 is any free one. */
  readonly ports: readonly number[];
  readonly tls?: TlsFiles;
}

export type Server = Deno.HttpServer<Deno.NetAddr>;

/** An address that the user gave is taken or refused; else the last port, the preferred one, any. */
export function portsToTry(given: number | undefined, last: number | null): readonly number[] {
  if (given !== undefined) return [given];
  return [...new Set([last ?? PREFERRED_PORT, PREFERRED_PORT, 0])];
}

/**
 * Listens on the first port that is free. Throws START_FAILED when none is, or the address is not
 * this machine's, or the certificate is not one.
 */
export function listen(app: App, options: ListenOptions): Server {
  const { hostname, ports } = options;
  for (const port of ports) {
    try {
      return serve(app, options, port);
    } catch (thrown) {
      if (!(thrown instanceof Deno.errors.AddrInUse)) throw refused(hostname, port, thrown);
      log.info("port {port} of {hostname} is in use", { port, hostname });
    }
  }
  throw portInUse(hostname, ports[0] ?? PREFERRED_PORT);
}

function serve(app: App, { hostname, tls }: ListenOptions, port: number): Server {
  return Deno.serve({
    hostname,
    port,
    ...tls,
    onListen: () => undefined,
    onError: (thrown) => {
      log.error("an answer could not be sent: {error}", { error: thrown });
      return new Response(null, { status: ERROR_KINDS.INTERNAL_ERROR.status });
    },
  }, app);
}

/** Base URL of what listens on `hostname`: an address for oneself where it listens on all. */
export function baseUrl(hostname: string, port: number, isTls: boolean, ownName: string): string {
  const scheme = isTls ? "https" : "http";
  const isAny = hostname === "0.0.0.0" || hostname === "::";
  // A certificate is for a name; without one, loopback keeps tokens off the network.
  const name = !isAny ? hostname : isTls ? ownName : "127.0.0.1";
  return `${scheme}://${name.includes(":") ? `[${name}]` : name}:${port}`;
}

function portInUse(hostname: string, port: number): FuncxError {
  return new FuncxError({
    code: "START_FAILED",
    message: `port ${port} of ${hostname} is in use by another program`,
    hint: isLoopback(hostname)
      ? `See whose it is with \`ss -ltnp 'sport = :${port}'\`; without --listen a free port is used.`
      : `See whose it is with \`ss -ltnp 'sport = :${port}'\`, or ask the administrator for a port.`,
  });
}

function refused(hostname: string, port: number, thrown: unknown): FuncxError {
  const isPrivileged = thrown instanceof Deno.errors.PermissionDenied && port < 1024;
  return new FuncxError({
    code: "START_FAILED",
    message: `cannot listen on ${hostname} port ${port}: ${messageOf(thrown)}`,
    hint: isPrivileged
      ? "Ports below 1024 are the administrator's; choose a higher one with --listen."
      : "Check the address of --listen, and the files of --tls-cert and --tls-key.",
  }, { cause: thrown });
}
