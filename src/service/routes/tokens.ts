/** Tokens of users: made, listed, ended. */
import type { Scope, TokenRecord } from "../../contract/api.ts";
import { FuncxError } from "../../contract/errors.ts";
import { newId, type UserId } from "../../contract/ids.ts";
import { type Caller, grants } from "../auth/caller.ts";
import { hashOf, makeToken } from "../auth/token.ts";
import { ValidationError } from "../http/validation.ts";
import type { ServiceParts } from "../parts.ts";
import type { NewToken, StoredToken } from "../store/store.ts";
import type { Handlers } from "./route.ts";
import { seconds } from "./shapes.ts";

export function tokenHandlers(
  parts: ServiceParts,
): Pick<Handlers, "createToken" | "listTokens" | "revokeToken" | "whoAmI"> {
  const { store, uses, now } = parts;
  return {
    whoAmI: ({ caller }) => ({
      user: caller.user,
      token_id: caller.tokenId,
      scopes: [...caller.scopes],
    }),

    createToken: async ({ caller, body }) => {
      const scopes = body.scopes ?? [...caller.scopes];
      requireGrantable(caller, scopes);
      const at = now();
      const token = makeToken();
      const record: NewToken = {
        tokenId: newId(),
        hash: hashOf(token),
        user: userOf(parts, caller, body.user ?? caller.user),
        label: body.label ?? "",
        scopes,
        createdAt: at,
        expiresAt: expiry(at, body.lifetime_seconds ?? null, caller),
      };
      await store.tokens.create(record);
      return { ...tokenRecord({ ...record, endpointId: null, lastUsedAt: null }), token };
    },

    listTokens: async ({ caller }) => {
      return (await store.tokens.list(caller.user)).map(tokenRecord);
    },

    revokeToken: async ({ caller, parameters: { token_id } }) => {
      if (!await store.tokens.revoke(caller.user, token_id)) {
        throw new FuncxError({
          code: "TOKEN_NOT_FOUND",
          message: `you have no token ${token_id}`,
          hint: "list yours with: funcx-endpoint service token list",
        });
      }
      uses.endOfToken(token_id);
      return { result: 302 };
    },
  };
}

/** A token cannot make one that may do more than it may itself. */
function requireGrantable(caller: Caller, scopes: readonly Scope[]): void {
  if (scopes.includes("endpoint")) {
    throw new ValidationError({
      key: "scopes",
      expected: "scopes of users; an endpoint gets its token when it is registered",
      found: "endpoint",
    });
  }
  const excess = scopes.find((scope) => !grants(caller.scopes, scope));
  if (excess === undefined) return;
  throw new FuncxError({
    code: "INSUFFICIENT_AUTH_SCOPE",
    message: `a token of ${caller.scopes.join(", ")} cannot make one of scope ${excess}`,
    hint: "use a token of scope all",
  });
}

/** Only the user who runs the service lets others in: anybody else would be free to pose as them. */
function userOf({ localUser }: ServiceParts, caller: Caller, user: UserId): UserId {
  const mayNameOthers = caller.user === localUser && grants(caller.scopes, "all");
  if (user === caller.user || mayNameOthers) return user;
  throw new FuncxError({
    code: "INSUFFICIENT_AUTH_SCOPE",
    message: `you may not make a token for ${user}`,
    hint: `only ${localUser}, who runs this service, may, with a token of scope all`,
  });
}

/** A token does not outlive the one that it was made with. */
function expiry(at: number, lifetimeSeconds: number | null, caller: Caller): number | null {
  const asked = lifetimeSeconds === null ? Infinity : at + lifetimeSeconds * 1_000;
  const end = Math.min(asked, caller.expiresAt ?? Infinity);
  return Number.isFinite(end) ? end : null;
}

function tokenRecord(token: StoredToken): TokenRecord {
  return {
    token_id: token.tokenId,
    label: token.label,
    user: token.user,
    scopes: [...token.scopes],
    created_at: seconds(token.createdAt),
    last_used_at: token.lastUsedAt === null ? null : seconds(token.lastUsedAt),
    expires_at: token.expiresAt === null ? null : seconds(token.expiresAt),
  };
}
