/** Who asks, by a token or by a browser's session, and whether its scopes let him. */
import type { Scope } from "../../contract/api.ts";
import { FuncxError } from "../../contract/errors.ts";
import type { EndpointId, UserId } from "../../contract/ids.ts";
import type { StoredToken, TokenStore } from "../store/store.ts";
import { hashOfSession, type SessionHalves, sessionOf } from "./session.ts";
import { bearerToken, hashOf, isToken } from "./token.ts";

/** The owner of the token or session that a request came with. */
export interface Caller {
  readonly user: UserId;
  readonly tokenId: string;
  readonly scopes: readonly Scope[];
  /** Set when the token is an endpoint's own, which serves that endpoint and nothing else. */
  readonly endpointId: EndpointId | null;
  /** Milliseconds since 1970. */
  readonly expiresAt: number | null;
  readonly kind: "token" | "session";
  /** The token by which the session was opened. */
  readonly parentId: string | null;
}

/** A use of a token is written down at most this often, in milliseconds. */
const USE_RESOLUTION = 10 * 60 * 1_000;

/** What each scope includes. Whoever may run or manage may also see what came of it. */
const INCLUDED: Readonly<Record<Scope, readonly Scope[]>> = {
  all: ["all", "read", "run", "manage"],
  read: ["read"],
  run: ["run", "read"],
  manage: ["manage", "read"],
  endpoint: ["endpoint"],
};

export function grants(scopes: readonly Scope[], needed: Scope): boolean {
  return scopes.some((scope) => INCLUDED[scope].includes(needed));
}

/** Throws INSUFFICIENT_AUTH_SCOPE, 403. */
export function requireScope(caller: Caller, accepted: Scope | readonly Scope[]): void {
  const [needed = "all", ...others] = typeof accepted === "string" ? [accepted] : accepted;
  if ([needed, ...others].some((scope) => grants(caller.scopes, scope))) return;
  throw new FuncxError({
    code: "INSUFFICIENT_AUTH_SCOPE",
    message: `this needs a token of scope ${needed}; yours has ${caller.scopes.join(", ")}`,
    hint: needed === "endpoint"
      ? "use the token that the endpoint got when it was registered"
      : `make one with: funcx-endpoint service token create --scope ${needed}`,
  });
}

/**
 * The caller whose token the Authorization header carries, or else whose session cookie and key do.
 *
 * Throws USER_UNAUTHENTICATED without any and INVALID_AUTH_TOKEN for one that is malformed, unknown,
 * revoked or expired; the last is told apart, since its holder has to do something else. Throws
 * ORIGIN_NOT_ALLOWED for a session in a request from elsewhere.
 */
export async function authenticate(
  tokens: TokenStore,
  request: Request,
  now: number,
): Promise<Caller> {
  const authorization = request.headers.get("authorization");
  if (authorization !== null) {
    return await authenticateToken(tokens, bearerToken(authorization) ?? "", now);
  }
  const session = sessionOf(request);
  if (session !== undefined) return await authenticateSession(tokens, session, now);
  throw new FuncxError({
    code: "USER_UNAUTHENTICATED",
    message: "the request has no token",
    hint: "send Authorization: Bearer TOKEN; make one with: funcx-endpoint service token create",
  });
}

/**
 * The owner of a token, which is found by its SHA-256, so no comparison depends on the secret itself:
 * how long a lookup takes tells about a hash that nobody can choose, and nothing has to be compared in
 * constant time. Throws INVALID_AUTH_TOKEN.
 */
export async function authenticateToken(
  tokens: TokenStore,
  token: string,
  now: number,
): Promise<Caller> {
  const found = isToken(token) ? await tokens.findByHash(hashOf(token)) : undefined;
  if (found === undefined) {
    throw invalidToken("the token is not one of this service, or is revoked", LOG_IN);
  }
  if (isExpired(found, now)) throw invalidToken("the token has expired", LOG_IN);
  noteUse(tokens, found, now);
  return found;
}

async function authenticateSession(
  tokens: TokenStore,
  session: SessionHalves,
  now: number,
): Promise<Caller> {
  const found = await tokens.findByHash(hashOfSession(session));
  if (found === undefined) {
    throw invalidToken("the session has ended, or its token is revoked", SIGN_IN);
  }
  if (isExpired(found, now)) throw invalidToken("the session has expired", SIGN_IN);
  noteUse(tokens, found, now);
  return found;
}

function noteUse(tokens: TokenStore, { tokenId, lastUsedAt }: StoredToken, now: number): void {
  if (now - (lastUsedAt ?? 0) > USE_RESOLUTION) tokens.used(tokenId, now);
}

function isExpired(token: StoredToken, now: number): boolean {
  return token.expiresAt !== null && token.expiresAt <= now;
}

const LOG_IN = "log in again with: funcx-endpoint login";
const SIGN_IN = "sign in again with the link of: funcx-endpoint portal";

function invalidToken(message: string, hint: string): FuncxError {
  return new FuncxError({ code: "INVALID_AUTH_TOKEN", message, hint });
}
