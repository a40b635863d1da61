/** Where a service listens, as the flags of `service start` and `service run`. */
import { FuncxError } from "../contract/errors.ts";

export interface Address {
  readonly hostname: string;
  readonly port: number;
}

/** Chosen when `--listen` is not given; if it is taken, a free port is used. */
export const DEFAULT_ADDRESS: Address = { hostname: "127.0.0.1", port: 5000 };

/**
 * `HOST:PORT`, `[IPv6]:PORT`, `HOST` or `PORT`; port 0 means any free one. Throws `USAGE`.
 */
export function parseAddress(text: string): Address {
  const match = /^(?:(?<six>\[[0-9a-fA-F:.]+\])|(?<host>[^\s:/[\]]*))(?::(?<port>\d{1,5}))?$/.exec(
    text,
  );
  const groups = match?.groups ?? {};
  if (/^\d{1,5}$/.test(text)) return checked(text, DEFAULT_ADDRESS.hostname, Number(text));
  const hostname = groups.six?.slice(1, -1) ?? groups.host ?? "";
  if (match === null) throw malformed(text);
  const port = groups.port === undefined ? DEFAULT_ADDRESS.port : Number(groups.port);
  return checked(text, hostname === "" ? DEFAULT_ADDRESS.hostname : hostname, port);
}

function checked(text: string, hostname: string, port: number): Address {
  if (port > 65_535) throw malformed(text);
  return { hostname, port };
}

function malformed(text: string): FuncxError {
  return new FuncxError({
    code: "USAGE",
    message: `"${text}" is not HOST:PORT`,
    hint: "Write it as 127.0.0.1:5000 or [::1]:5000.",
  });
}

export interface ListenFlags {
  readonly listen?: Address;
}

export const LISTEN_FLAGS = {
  listen: {
    kind: "parsed",
    brief: "Where to listen (default: 127.0.0.1:5000, or a free port when that is taken)",
    placeholder: "host:port",
    parse: parseAddress,
    optional: true,
  },
} as const;

/** The same flags for the daemon's command line. */
export function listenArguments({ listen }: ListenFlags): string[] {
  return listen === undefined ? [] : ["--listen", written(listen)];
}

function written({ hostname, port }: Address): string {
  return `${hostname.includes(":") ? `[${hostname}]` : hostname}:${port}`;
}
