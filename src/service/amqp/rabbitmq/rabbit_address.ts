/** Where a RabbitMQ is, and as whom the service goes there. */
import { FuncxError } from "../../../contract/errors.ts";
import { messageOf } from "../../../lib/outcome.ts";
import { isLoopback } from "../../options.ts";

/** What the user gives; paths and URLs without a secret. */
export interface RabbitOptions {
  /** `amqps://HOST[:PORT][/VHOST]`, or `amqp://` on loopback. Left out, the login file has it. */
  readonly url?: string;
  /** A 0600 file with `USER:PASSWORD`, or with a whole URL. */
  readonly loginFile?: string;
  /** Base URL of the management interface; by default RabbitMQ's own port on the same host. */
  readonly managementUrl?: string;
  /** PEM file of the authority that has signed the broker's certificate. */
  readonly caFile?: string;
}

export interface RabbitAddress {
  readonly tls: boolean;
  /** Without the brackets of an IPv6 address. */
  readonly hostname: string;
  readonly port: number;
  readonly vhost: string;
  readonly user: string;
  readonly password: string;
  /** Without a slash at its end. */
  readonly managementUrl: string;
  /** PEM. */
  readonly ca?: string;
}

const MAX_LOGIN_BYTES = 4_096;

/** Reads the files. Throws USAGE. */
export function rabbitAddress(options: RabbitOptions): RabbitAddress {
  if (options.url !== undefined) refuseSecret(options.url, "--amqp");
  if (options.managementUrl !== undefined) {
    refuseSecret(options.managementUrl, "--amqp-management");
  }
  const login = options.loginFile === undefined ? "" : readLogin(options.loginFile);
  const isUrl = /^amqps?:\/\//.test(login);
  const text = options.url ?? (isUrl ? login : undefined);
  if (text === undefined) throw usage("no RabbitMQ is named", "Give --amqp amqps://HOST.");
  const url = parsed(text);
  const { user, password } = isUrl ? loginOf(parsed(login)) : splitLogin(login, options.loginFile);
  const tls = url.protocol === "amqps:";
  const hostname = url.hostname.replace(/^\[|\]$/g, "");
  requireTls(tls, hostname);
  return {
    tls,
    hostname,
    port: url.port === "" ? (tls ? 5671 : 5672) : Number(url.port),
    vhost: url.pathname.length > 1 ? decodeURIComponent(url.pathname.slice(1)) : "/",
    user,
    password,
    managementUrl: managementUrl(options.managementUrl, url, tls),
    ca: options.caFile === undefined ? undefined : readText(options.caFile, "--amqp-ca"),
  };
}

/** For logs and `service status`: without user and password. */
export function shownAddress({ tls, hostname, port, vhost }: RabbitAddress): string {
  const host = hostname.includes(":") ? `[${hostname}]` : hostname;
  return `${tls ? "amqps" : "amqp"}://${host}:${port}/${encodeURIComponent(vhost)}`;
}

/** The same with a login. */
export function urlFor(address: RabbitAddress, user: string, password: string): string {
  const login = `${encodeURIComponent(user)}:${encodeURIComponent(password)}@`;
  return shownAddress(address).replace("://", `://${login}`);
}

function managementUrl(given: string | undefined, amqp: URL, tls: boolean): string {
  if (given === undefined) {
    return tls ? `https://${amqp.hostname}:15671` : `http://${amqp.hostname}:15672`;
  }
  const url = URL.canParse(given) ? new URL(given) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw usage(`"${given}" is no URL of a management interface`, "Write https://HOST:15671.");
  }
  requireTls(url.protocol === "https:", url.hostname.replace(/^\[|\]$/g, ""));
  return url.href.replace(/\/+$/, "");
}

function requireTls(tls: boolean, hostname: string): void {
  if (tls || isLoopback(hostname)) return;
  throw usage(
    `a broker on ${hostname} without TLS would get passwords and results in plain text`,
    "Use amqps:// and https://, with --amqp-ca FILE for an authority of your own.",
  );
}

function refuseSecret(text: string, flag: string): void {
  if (!URL.canParse(text)) return;
  const { username, password } = new URL(text);
  if (username === "" && password === "") return;
  throw usage(
    `the URL of ${flag} has a user or password in it, which all on this machine can see`,
    "Write USER:PASSWORD, or the whole URL, into a file of mode 0600; give --amqp-login FILE.",
  );
}

function parsed(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isAmqp = url !== undefined && /^amqps?:$/.test(url.protocol) && url.hostname !== "";
  if (isAmqp && url.search === "" && url.hash === "") return url;
  // The text may have a password in it.
  throw usage("this is no URL of a RabbitMQ", "Write it as amqps://HOST[:PORT][/VHOST].");
}

interface Login {
  readonly user: string;
  readonly password: string;
}

function loginOf({ username, password }: URL): Login {
  return { user: decodeURIComponent(username), password: decodeURIComponent(password) };
}

function splitLogin(login: string, file: string | undefined): Login {
  const colon = login.indexOf(":");
  if (colon > 0) return { user: login.slice(0, colon), password: login.slice(colon + 1) };
  throw usage(
    file === undefined ? "the service has no login for RabbitMQ" : `${file} has no login`,
    "Give --amqp-login FILE, mode 0600, with USER:PASSWORD of a RabbitMQ administrator.",
  );
}

function readLogin(path: string): string {
  const text = readText(path, "--amqp-login");
  const { mode, uid, size } = Deno.statSync(path);
  if (((mode ?? 0) & 0o077) !== 0 || (uid !== null && uid !== Deno.uid())) {
    throw usage(`others can read ${path}, or it is not yours`, `Run: chmod 600 ${path}`);
  }
  if (size > MAX_LOGIN_BYTES) throw usage(`${path} is too large for a login`, "Write one line.");
  return text.trim();
}

function readText(path: string, flag: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch (thrown) {
    throw usage(`cannot read ${path}: ${messageOf(thrown)}`, `Give another file with ${flag}.`);
  }
}

function usage(message: string, hint: string): FuncxError {
  return new FuncxError({ code: "USAGE", message, hint });
}
