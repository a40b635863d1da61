/**
 * Sessions of browsers: their two halves, and how a request carries them.
 *
 * Each half is 256 random bits, and what the store looks up is a hash of both together. So neither
 * half is worth anything alone, nor can be tried out alone, and guessing needs no rate limit.
 */
import { SESSION_HEADER } from "../../contract/api.ts";
import { FuncxError } from "../../contract/errors.ts";
import { hashOf } from "./token.ts";

const RANDOM_BYTES = 32;
const HALF = /^[A-Za-z0-9_-]{43}$/;

export interface SessionHalves {
  /** Kept by the browser where no script reads it. */
  readonly cookie: string;
  /** Kept by the page. */
  readonly key: string;
}

/** Always new ones: what a request has brought along is never made valid. */
export function makeSession(): SessionHalves {
  return { cookie: makeHalf(), key: makeHalf() };
}

/** SHA-256. No hash of a token can be the same, since tokens have no dot. */
export function hashOfSession({ cookie, key }: SessionHalves): Uint8Array {
  return hashOf(`${cookie}.${key}`);
}

/**
 * Both halves of the request's session; undefined when it has none, or halves that cannot be any.
 * Throws USER_UNAUTHENTICATED for one half alone, and ORIGIN_NOT_ALLOWED when the browser says that
 * no page of this origin asks.
 */
export function sessionOf(request: Request): SessionHalves | undefined {
  const cookie = cookieOf(request);
  const key = request.headers.get(SESSION_HEADER) ?? "";
  if (cookie === undefined && key === "") return undefined;
  requireSameOrigin(request);
  if (cookie === undefined || key === "") throw halfSession(cookie === undefined);
  return { cookie: HALF.test(cookie) ? cookie : "", key: HALF.test(key) ? key : "" };
}

/**
 * Pages of other origins, also of another port of this host, neither use a session nor open one.
 * Browsers that are too old to say where a request comes from cannot send the header either.
 * Throws ORIGIN_NOT_ALLOWED.
 */
export function requireSameOrigin({ headers }: Request): void {
  const site = headers.get("sec-fetch-site");
  if (site === null || site === "same-origin") return;
  throw new FuncxError({
    code: "ORIGIN_NOT_ALLOWED",
    message: `a session is for the portal's own pages; this request is ${
      JSON.stringify(site.slice(0, 40))
    }`,
    hint: "other pages send a token as Authorization: Bearer TOKEN",
  });
}

/**
 * Cookies are shared by all ports of a host, so their names have the port: services of several users
 * of a login node, or tunnels to several, do not sign each other out.
 */
export function cookieName({ url }: Request): string {
  const { port, protocol } = new URL(url);
  return `funcx_session_${port !== "" ? port : protocol === "https:" ? 443 : 80}`;
}

/** The value of a Set-Cookie header. With `seconds` 0 and an empty value it ends the cookie. */
export function setCookie(
  request: Request,
  cookie: { readonly value: string; readonly seconds: number; readonly secure: boolean },
): string {
  const attributes = ["Path=/", "HttpOnly", "SameSite=Strict", `Max-Age=${cookie.seconds}`];
  if (cookie.secure) attributes.push("Secure");
  return [`${cookieName(request)}=${cookie.value}`, ...attributes].join("; ");
}

function makeHalf(): string {
  const random = crypto.getRandomValues(new Uint8Array(RANDOM_BYTES));
  return random.toBase64({ alphabet: "base64url", omitPadding: true });
}

/** Of two with the name, one is not ours; then none counts. */
function cookieOf(request: Request): string | undefined {
  const start = `${cookieName(request)}=`;
  const found = (request.headers.get("cookie") ?? "").split(/;\s*/)
    .filter((pair) => pair.startsWith(start));
  return found.length === 1 ? found[0]!.slice(start.length) : undefined;
}

function halfSession(withoutCookie: boolean): FuncxError {
  return new FuncxError({
    code: "USER_UNAUTHENTICATED",
    message: withoutCookie
      ? "the request has a session's key without its cookie"
      : `the request has a session's cookie without its key, the header ${SESSION_HEADER}`,
    hint: "sign in again with the link of: funcx-endpoint portal",
  });
}
