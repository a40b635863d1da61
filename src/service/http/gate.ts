/**
 * Which names the service answers to, and which web pages may call it. A page from elsewhere can
 * make a browser send requests to a private service: directly, which the Origin check refuses, or
 * under a name of its own that it lets resolve to this machine, which the Host check refuses.
 */
import { FuncxError } from "../../contract/errors.ts";

export interface GateOptions {
  /** Where the service listens: an address or a name. */
  readonly hostname: string;
  /** Further names by which clients reach it, without ports. */
  readonly allowedHosts: readonly string[];
  /** Origins, such as `https://portal.example.org`, whose pages may call it. */
  readonly allowedOrigins: readonly string[];
}

const LOOPBACK_NAMES = ["localhost", "127.0.0.1", "[::1]"];
const ANY_ADDRESS = ["0.0.0.0", "::", "[::]"];
const IP_ADDRESS = /^(\d{1,3}(\.\d{1,3}){3}|\[[0-9a-f:.]+\])$/;

export class Gate {
  readonly #hosts: ReadonlySet<string>;
  readonly #origins: ReadonlySet<string>;
  readonly #anyAddress: boolean;

  constructor(options: GateOptions) {
    const names = [...LOOPBACK_NAMES, options.hostname, ...options.allowedHosts];
    this.#hosts = new Set(names.map(canonicalHost));
    this.#origins = new Set(options.allowedOrigins.map((origin) => origin.toLowerCase()));
    this.#anyAddress = ANY_ADDRESS.includes(options.hostname);
  }

  /** Throws HOST_NOT_ALLOWED, 421, or ORIGIN_NOT_ALLOWED, 403. */
  check(request: Request): void {
    const host = request.headers.get("host") ?? new URL(request.url).host;
    if (!this.#answersTo(canonicalHost(host))) {
      throw new FuncxError({
        code: "HOST_NOT_ALLOWED",
        message: `this service does not answer to the name ${JSON.stringify(host.slice(0, 200))}`,
        hint: "use the URL that it was started with, or allow the name with --allow-host",
      });
    }
    const origin = request.headers.get("origin");
    if (origin === null || isSameOrigin(origin, host) || this.allowsOrigin(origin)) return;
    throw new FuncxError({
      code: "ORIGIN_NOT_ALLOWED",
      message: `pages of ${JSON.stringify(origin.slice(0, 200))} may not call this service`,
      hint: "allow them with --allow-origin",
    });
  }

  /** Whether pages of `origin` were allowed by option; the service's own need no CORS. */
  allowsOrigin(origin: string): boolean {
    return this.#origins.has(origin.toLowerCase());
  }

  /** With an address, nobody can pose as another name; so any will do where all are listened on. */
  #answersTo(host: string): boolean {
    return this.#hosts.has(host) || (this.#anyAddress && IP_ADDRESS.test(host));
  }
}

/** Lower case, without port and closing dot; an IPv6 address is in brackets. */
function canonicalHost(host: string): string {
  const lower = host.toLowerCase();
  if (lower.split(":").length > 2 && !lower.startsWith("[")) return `[${lower}]`;
  return lower.replace(/:\d*$/, "").replace(/\.$/, "");
}

/** The scheme is not compared: a proxy in front of the service may have ended TLS. */
function isSameOrigin(origin: string, host: string): boolean {
  return origin.toLowerCase().replace(/^https?:\/\//, "") === host.toLowerCase();
}
