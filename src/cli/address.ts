/** Hosts and ports on the command line. */
import { FuncxError } from "../contract/errors.ts";

export interface Address {
  readonly hostname: string;
  readonly port: number;
}

/** Chosen when `--listen` is not given; if it is taken, a free port is used. */
export const DEFAULT_ADDRESS: Address = { hostname: "127.0.0.1", port: 5000 };

/**
 * The parts of `HOST:PORT`, `[IPv6]:PORT` or `HOST`, the host without brackets and empty where only
 * `:PORT` is given. Undefined for anything else.
 */
export function hostAndPort(
  text: string,
): { readonly hostname: string; readonly port?: number } | undefined {
  const match = /^(?:\[(?<six>[0-9a-fA-F:.]+)\]|(?<host>[^\s:/@?#[\]]*))(?::(?<port>\d{1,5}))?$/
    .exec(text);
  if (match === null) return undefined;
  const { six, host = "", port } = match.groups!;
  if (port !== undefined && Number(port) > 65_535) return undefined;
  return { hostname: six ?? host, port: port === undefined ? undefined : Number(port) };
}

/**
 * `HOST:PORT`, `[IPv6]:PORT`, `HOST` or `PORT`; port 0 means any free one. Throws `USAGE`.
 */
export function parseAddress(text: string): Address {
  const parts = hostAndPort(/^\d{1,5}$/.test(text) ? `:${text}` : text);
  if (parts === undefined) {
    throw new FuncxError({
      code: "USAGE",
      message: "this is not HOST:PORT",
      hint: "Write it as 127.0.0.1:5000 or [::1]:5000.",
    });
  }
  const { hostname, port = DEFAULT_ADDRESS.port } = parts;
  return { hostname: hostname === "" ? DEFAULT_ADDRESS.hostname : hostname, port };
}

/** As {@link parseAddress} reads it. */
export function writtenAddress({ hostname, port }: Address): string {
  return `${hostname.includes(":") ? `[${hostname}]` : hostname}:${port}`;
}
