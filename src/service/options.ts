/** What a service is started with, and what of it is refused. */
import { FuncxError } from "../contract/errors.ts";
import type { FuncxHome } from "../contract/home.ts";
import { messageOf } from "../lib/outcome.ts";
import type { RateLimit } from "./http/rate_limit.ts";
import type { RabbitOptions } from "./amqp/rabbitmq/rabbit_address.ts";

export interface ServiceOptions {
  readonly home: FuncxHome;
  /**
   * Given by the user: this address or none. Without it, 127.0.0.1 and the port of the last run, else
   * 5000, else a free one. Port 0 is any free one.
   */
  readonly listen?: { readonly hostname: string; readonly port: number };
  /** With the files of the web portal; without it, a page says that there is none. */
  readonly portalFolder?: string;
  /** Ends the service gracefully. */
  readonly signal: AbortSignal;
  /** Told when it answers and its files are written. */
  readonly onReady?: (url: string) => void;
  /** Files with the certificate chain and its key, PEM. */
  readonly tls?: { readonly certificateFile: string; readonly keyFile: string };
  /** The authority that signed the certificate, PEM, for this user's own programs. */
  readonly authority?: string;
  /** Says that TLS ends in a proxy before the service, so that plain HTTP off loopback is meant. */
  readonly behindTlsProxy?: boolean;
  /** Base URL by which clients reach it, where that is not the address that they ask. */
  readonly publicUrl?: string;
  /** Further host names that it answers to, without ports. */
  readonly allowedHosts?: readonly string[];
  /** Origins whose pages may call it. */
  readonly allowedOrigins?: readonly string[];
  /** Bytes of one argument or result; `MAX_BLOB_BYTES` by default and at most. */
  readonly maxBlobBytes?: number;
  /** Bytes of all large arguments and results of one user; `BLOB_QUOTA_BYTES` by default. */
  readonly blobQuotaBytes?: number;
  /** Days that finished tasks are kept; `DEFAULT_RETENTION_DAYS` by default. */
  readonly retentionDays?: number;
  /** Requests of each user; as many as they like by default. */
  readonly rateLimit?: RateLimit;
  /** Where AMQP listens; the host of `listen` and the port of the last run, or a free one, without it. */
  readonly amqpListen?: { readonly hostname: string; readonly port: number };
  /**
   * Host, or host and port, by which peers reach it, where that is another; an IPv6 address in
   * brackets. Off loopback they speak TLS there.
   */
  readonly amqpPublicAddress?: string;
  /** A RabbitMQ to use in place of the service's own AMQP. */
  readonly rabbit?: RabbitOptions;
  readonly logLevel?: "debug" | "info" | "warning" | "error";
}

export interface TlsFiles {
  readonly cert: string;
  readonly key: string;
}

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|::1)$/;

export function isLoopback(hostname: string): boolean {
  return LOOPBACK.test(hostname);
}

/** Tokens in plain text on a network are refused. Throws USAGE. */
export function requireSafeAddress(options: ServiceOptions): void {
  const hostname = options.listen?.hostname ?? "127.0.0.1";
  if (isLoopback(hostname) || options.tls !== undefined || options.behindTlsProxy) return;
  throw new FuncxError({
    code: "USAGE",
    message: `listening on ${hostname} without TLS would send tokens and results in plain text`,
    hint: "Give --tls-cert and --tls-key, or --behind-tls-proxy when a proxy ends TLS before it.",
  });
}

/** Passwords and results in plain text on a network are refused. Throws USAGE. */
export function requireSafeAmqp(options: ServiceOptions): void {
  const { amqpListen, amqpPublicAddress, rabbit, tls, behindTlsProxy } = options;
  if (rabbit !== undefined && (amqpListen ?? amqpPublicAddress) !== undefined) {
    throw new FuncxError({
      code: "USAGE",
      message: "with a RabbitMQ the service has no AMQP port of its own",
      hint: "Leave out --amqp-listen and --amqp-public-address, or the options of the RabbitMQ.",
    });
  }
  if (tls !== undefined) return;
  if (amqpListen !== undefined && !isLoopback(amqpListen.hostname)) {
    throw new FuncxError({
      code: "USAGE",
      message: `AMQP on ${amqpListen.hostname} without TLS would send results in plain text`,
      hint: "Give --tls-cert and --tls-key, or a loopback address.",
    });
  }
  if (amqpPublicAddress === undefined || isLoopback(hostOf(amqpPublicAddress))) return;
  if (behindTlsProxy) return;
  throw new FuncxError({
    code: "USAGE",
    message: `clients would send passwords to ${amqpPublicAddress} in plain text`,
    hint: "Give --tls-cert and --tls-key, or --behind-tls-proxy when a proxy ends TLS there.",
  });
}

/** Of `HOST` or `HOST:PORT`, without the brackets of an IPv6 address. */
export function hostOf(address: string): string {
  return address.replace(/:\d+$/, "").replace(/^\[|\]$/g, "");
}

/** The public URL without a slash at its end. Throws USAGE. */
export function publicUrlOf({ publicUrl }: ServiceOptions): string | null {
  if (publicUrl === undefined) return null;
  const url = URL.canParse(publicUrl) ? new URL(publicUrl) : undefined;
  const isBase = url !== undefined && /^https?:$/.test(url.protocol) && url.username === "" &&
    url.search === "" && url.hash === "";
  if (isBase) return url.href.replace(/\/+$/, "");
  throw new FuncxError({
    code: "USAGE",
    message: `"${publicUrl}" is not the base URL of a service`,
    hint: "Write it as https://HOST or https://HOST:PORT.",
  });
}

/** Throws USAGE for files that cannot be read; what is in them is checked by listening. */
export function readTls({ tls }: ServiceOptions): TlsFiles | undefined {
  if (tls === undefined) return undefined;
  return { cert: readPem(tls.certificateFile), key: readPem(tls.keyFile) };
}

function readPem(path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch (thrown) {
    throw new FuncxError({
      code: "USAGE",
      message: `cannot read ${path}: ${messageOf(thrown)}`,
      hint: "Give PEM files that this user can read with --tls-cert and --tls-key.",
    });
  }
}
