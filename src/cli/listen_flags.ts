/** Where a service listens, as the flags of `service start` and `service run`. */
import { FuncxError } from "../contract/errors.ts";
import {
  BLOB_QUOTA_BYTES,
  DEFAULT_RETENTION_DAYS,
  MAX_BLOB_BYTES,
  MAX_RATE_SECONDS,
} from "../contract/limits.ts";
import { resolve } from "../lib/path.ts";
import type { RateLimit } from "../service/http/rate_limit.ts";
import { type Address, parseAddress, writtenAddress } from "./address.ts";
import { AMQP_FLAGS, type AmqpFlags } from "./amqp_flags.ts";

/** A whole number of bytes, 1 to `maximum`. Throws `USAGE`. */
function parseBytes(text: string, maximum: number): number {
  const bytes = Number(text);
  if (/^\d+$/.test(text) && bytes >= 1 && bytes <= maximum) return bytes;
  throw new FuncxError({
    code: "USAGE",
    message: `"${text}" is not a number of bytes from 1 to ${maximum}`,
    hint: "Write it in full, such as 1073741824 for 1 GiB.",
  });
}

function parseDays(text: string): number {
  const days = Number(text);
  if (/^\d{1,5}$/.test(text) && days >= 1) return days;
  throw new FuncxError({ code: "USAGE", message: `"${text}" is not a number of days from 1` });
}

/** `REQUESTS/SECONDS`, such as `20/10`. Throws `USAGE`. */
export function parseRateLimit(text: string): RateLimit {
  const [requests = 0, seconds = 0] = /^\d{1,7}\/\d{1,4}$/.test(text)
    ? text.split("/").map(Number)
    : [];
  if (requests >= 1 && seconds >= 1 && seconds <= MAX_RATE_SECONDS) return { requests, seconds };
  throw new FuncxError({
    code: "USAGE",
    message: `"${text}" is not REQUESTS/SECONDS with at most ${MAX_RATE_SECONDS} seconds`,
    hint: "Write 20/10 for 20 requests in 10 seconds.",
  });
}

/** As the user gives them; the daemon gets the same. */
export interface ListenFlags extends AmqpFlags {
  readonly listen?: Address;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly tlsCa?: string;
  readonly behindTlsProxy: boolean;
  readonly publicUrl?: string;
  readonly allowHost?: readonly string[];
  readonly allowOrigin?: readonly string[];
  readonly maxBlobBytes?: number;
  readonly blobQuotaBytes?: number;
  readonly retentionDays?: number;
  readonly rateLimit?: RateLimit;
  readonly logLevel: LogLevel;
}

const LOG_LEVELS = ["debug", "info", "warning", "error"] as const;
type LogLevel = typeof LOG_LEVELS[number];

export const LISTEN_FLAGS = {
  listen: {
    kind: "parsed",
    brief: "Where to listen (default: 127.0.0.1:5000, or a free port when that is taken)",
    placeholder: "host:port",
    parse: parseAddress,
    optional: true,
  },
  tlsCert: {
    kind: "parsed",
    brief: "Certificate chain, PEM",
    placeholder: "file",
    parse: (path: string): string => resolve(path),
    optional: true,
  },
  tlsKey: {
    kind: "parsed",
    brief: "Its private key, PEM",
    placeholder: "file",
    parse: (path: string): string => resolve(path),
    optional: true,
  },
  tlsCa: {
    kind: "parsed",
    brief: "Certificate of its authority, PEM, for your own commands, where the system has it not",
    placeholder: "file",
    parse: (path: string): string => resolve(path),
    optional: true,
  },
  behindTlsProxy: {
    kind: "boolean",
    brief: "A proxy before the service ends TLS",
    withNegated: false,
  },
  publicUrl: {
    kind: "parsed",
    brief: "Address by which clients reach it, when that is another",
    placeholder: "url",
    parse: String,
    optional: true,
  },
  allowHost: {
    kind: "parsed",
    brief: "Another host name that it answers to; may be given more than once",
    placeholder: "name",
    parse: String,
    variadic: ",",
    optional: true,
  },
  allowOrigin: {
    kind: "parsed",
    brief: "Origin whose web pages may use it; may be given more than once",
    placeholder: "origin",
    parse: String,
    variadic: ",",
    optional: true,
  },
  maxBlobBytes: {
    kind: "parsed",
    brief: `Largest argument or result, bytes (default and most: ${MAX_BLOB_BYTES})`,
    placeholder: "bytes",
    parse: (text: string): number => parseBytes(text, MAX_BLOB_BYTES),
    optional: true,
  },
  blobQuotaBytes: {
    kind: "parsed",
    brief: `What large arguments and results of one user may take (default: ${BLOB_QUOTA_BYTES})`,
    placeholder: "bytes",
    parse: (text: string): number => parseBytes(text, Number.MAX_SAFE_INTEGER),
    optional: true,
  },
  retentionDays: {
    kind: "parsed",
    brief: `Days that finished tasks are kept (default: ${DEFAULT_RETENTION_DAYS})`,
    placeholder: "days",
    parse: parseDays,
    optional: true,
  },
  rateLimit: {
    kind: "parsed",
    brief: "What each user may send, such as 20/10: 20 requests in 10 seconds (default: anything)",
    placeholder: "requests/seconds",
    parse: parseRateLimit,
    optional: true,
  },
  ...AMQP_FLAGS,
  logLevel: {
    kind: "enum",
    brief: "How much goes into the log",
    values: LOG_LEVELS,
    default: "info",
  },
} as const;

/** The same flags for the daemon's command line. Throws `USAGE` for half a key pair. */
export function listenArguments(flags: ListenFlags): string[] {
  if ((flags.tlsCert === undefined) !== (flags.tlsKey === undefined)) {
    throw new FuncxError({
      code: "USAGE",
      message: "--tls-cert and --tls-key belong together",
      hint: "Give both, or none.",
    });
  }
  const named = (name: string, value: string | undefined): string[] =>
    value === undefined ? [] : [`--${name}=${value}`];
  return [
    ...named("listen", flags.listen && writtenAddress(flags.listen)),
    ...named("tls-cert", flags.tlsCert),
    ...named("tls-key", flags.tlsKey),
    ...named("tls-ca", flags.tlsCa),
    ...(flags.behindTlsProxy ? ["--behind-tls-proxy"] : []),
    ...named("public-url", flags.publicUrl),
    ...(flags.allowHost ?? []).flatMap((host) => named("allow-host", host)),
    ...(flags.allowOrigin ?? []).flatMap((origin) => named("allow-origin", origin)),
    ...named("max-blob-bytes", flags.maxBlobBytes?.toString()),
    ...named("blob-quota-bytes", flags.blobQuotaBytes?.toString()),
    ...named("retention-days", flags.retentionDays?.toString()),
    ...named(
      "rate-limit",
      flags.rateLimit && `${flags.rateLimit.requests}/${flags.rateLimit.seconds}`,
    ),
    ...named("amqp-listen", flags.amqpListen && writtenAddress(flags.amqpListen)),
    ...named("amqp-public-address", flags.amqpPublicAddress),
    ...named("amqp", flags.amqp),
    ...named("amqp-login", flags.amqpLogin),
    ...named("amqp-management", flags.amqpManagement),
    ...named("amqp-ca", flags.amqpCa),
    ...named("log-level", flags.logLevel),
  ];
}
