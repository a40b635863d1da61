/** Who asks, and whether the token's scopes let him. */
import type { Scope } from "../../contract/api.ts";
import { FuncxError } from "../../contract/errors.ts";
import type { EndpointId, UserId } from "../../contract/ids.ts";
import type { StoredToken, TokenStore } from "../store/store.ts";
import { bearerToken, hashOf } from "./token.ts";

/** The owner of the token that a request came with. */
export interface Caller {
  readonly user: UserId;
  readonly tokenId: string;
  readonly scopes: readonly Scope[];
  /** Set when the token is an endpoint's own, which serves that endpoint and nothing else. */
  readonly endpointId: EndpointId | null;
  /** Milliseconds since 1970. */
  readonly expiresAt: number | null;
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
 * The caller whose token the Authorization header carries. The token is found by its SHA-256, so no
 * comparison depends on the secret itself: how long a lookup takes tells about a hash that nobody
 * can choose, and nothing has to be compared in constant time.
 *
 * Throws USER_UNAUTHENTICATED without a token and INVALID_AUTH_TOKEN for one that is malformed,
 * unknown, revoked or expired; the last is told apart, since its holder has to do something else.
 */
export async function authenticate(
  tokens: TokenStore,
  authorization: string | null,
  now: number,
): Promise<Caller> {
  if (authorization === null) {
    throw new FuncxError({
      code: "USER_UNAUTHENTICATED",
      message: "the request has no token",
      hint: "send Authorization: Bearer TOKEN; make one with: funcx-endpoint service token create",
    });
  }
  const token = bearerToken(authorization);
  const found = token === undefined ? undefined : await tokens.findByHash(hashOf(token));
  if (found === undefined) {
    throw invalidToken("the token is not one of this service, or is revoked");
  }
  if (isExpired(found, now)) throw invalidToken("the token has expired");
  if (now - (found.lastUsedAt ?? 0) > USE_RESOLUTION) tokens.used(found.tokenId, now);
  return found;
}

function isExpired(token: StoredToken, now: number): boolean {
  return token.expiresAt !== null && token.expiresAt <= now;
}

function invalidToken(message: string): FuncxError {
  return new FuncxError({
    code: "INVALID_AUTH_TOKEN",
    message,
    hint: "log in again with: funcx-endpoint login",
  });
}
